#include "shipper/shipper_app.h"

int main(int argc, char** argv) {
  return srdf::rpc::ServiceMain("shipper", argc, argv, &srdf::shipper::NewShipperApp);
}
