#include "applier/applier_app.h"

int main(int argc, char** argv) {
  return srdf::rpc::ServiceMain("applier", argc, argv, &srdf::applier::NewApplierApp);
}
