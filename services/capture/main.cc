#include "capture/capture_app.h"

int main(int argc, char** argv) {
  return srdf::rpc::ServiceMain("capture", argc, argv, &srdf::capture::NewCaptureApp);
}
