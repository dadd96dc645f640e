// ServiceMain: what every service's main.cc has in common.
//
//   int main(int argc, char** argv) { return srdf::rpc::ServiceMain("shipper", argc, argv, &NewShipperApp); }
//
// Reads --config, --data-dir, --help, --version; loads and checks the configuration (exit code 2 and the
// errors on stderr when it is bad); starts logs, metrics and the app; waits for SIGTERM or SIGINT; drains.
// Exit codes: 0 after a drain, 1 when the service cannot start or fails, 2 for a bad command line or
// configuration.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "config/config.h"
#include "obs/metrics.h"
#include "rpc/security.h"
#include "rpc/server.h"

namespace srdf::rpc {

// What a service is to ServiceMain. All calls come from the main thread.
class App {
 public:
  virtual ~App() = default;
  // Adds its gRPC services; called before the server starts.
  virtual void Register(Server* server) = 0;
  // Starts its threads; called when the server listens. An error ends the process with exit code 1.
  virtual Status Start() = 0;
  // Stops taking work and finishes what is begun; called before the server is drained.
  virtual void BeginDrain() = 0;
  // Joins its threads; called after the server was drained.
  virtual void Stop() = 0;
};

struct AppContext {
  const config::Config* config;  // outlives the app
  obs::Metrics* metrics;         // outlives the app
  const Security* security;      // outlives the app
};

using AppFactory = Result<std::unique_ptr<App>> (*)(const AppContext& context);

int ServiceMain(const std::string& service, int argc, char** argv, AppFactory factory);

}  // namespace srdf::rpc
