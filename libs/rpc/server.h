// Server: one service's gRPC endpoint with the standard health service and reflection.
//
// Create, add services, Start, … , Drain. Health says NOT_SERVING until SetServing(true), and again from the
// beginning of Drain, so that peers and probes look elsewhere before calls are cut.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "rpc/health_service.h"
#include "rpc/stream_loop.h"
#include "rpc/stream_method.h"

namespace srdf::rpc {

class Server {
 public:
  // `credentials`: Security::ForServer.
  Server(std::string address, std::shared_ptr<grpc::ServerCredentials> credentials)
      : address_(std::move(address)), credentials_(std::move(credentials)) {}
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The service must outlive the server.
  void AddService(grpc::Service* service) { services_.push_back(service); }
  // A method of such a service that is a bidirectional stream.
  void AddStream(std::unique_ptr<StreamMethod> method) { streams_.push_back(std::move(method)); }
  // Listens. kUnavailable when the address cannot be had.
  Status Start();
  // Where it listens, after Start: the system's choice when the address says port 0.
  int port() const { return port_; }
  void SetServing(bool serving);
  // Refuses new calls, waits up to `grace` for running ones, then cancels them. Returns when all are done.
  void Drain(std::chrono::milliseconds grace);

 private:
  const std::string address_;
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  int port_ = 0;
  std::vector<grpc::Service*> services_;
  std::vector<std::unique_ptr<StreamMethod>> streams_;
  HealthService health_;
  RunningCalls stream_calls_;
  std::shared_ptr<StreamLoop> loop_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace srdf::rpc
