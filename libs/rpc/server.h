// Server: one service's gRPC endpoint with the standard health service and reflection.
//
// Create, add services, Start, … , Drain. Health says NOT_SERVING until SetServing(true), and again from the
// beginning of Drain, so that peers and probes look elsewhere before calls are cut.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace srdf::rpc {

class Server {
 public:
  explicit Server(std::string address) : address_(std::move(address)) {}
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The service must outlive the server.
  void AddService(grpc::Service* service) { services_.push_back(service); }
  // Listens. kUnavailable when the address cannot be had.
  Status Start();
  void SetServing(bool serving);
  // Refuses new calls, waits up to `grace` for running ones, then cancels them. Returns when all are done.
  void Drain(std::chrono::milliseconds grace);

 private:
  const std::string address_;
  std::vector<grpc::Service*> services_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace srdf::rpc
