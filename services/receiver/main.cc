#include "receiver/receiver_app.h"

int main(int argc, char** argv) {
  return srdf::rpc::ServiceMain("receiver", argc, argv, &srdf::receiver::NewReceiverApp);
}
