#include "orchestrator/orchestrator_app.h"

int main(int argc, char** argv) {
  return srdf::rpc::ServiceMain("orchestrator", argc, argv, &srdf::orchestrator::NewOrchestratorApp);
}
