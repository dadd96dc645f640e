#include "batcher/batcher_app.h"

int main(int argc, char** argv) {
  return srdf::rpc::ServiceMain("batcher", argc, argv, &srdf::batcher::NewBatcherApp);
}
