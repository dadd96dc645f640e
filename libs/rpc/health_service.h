// HealthService: the standard health service of gRPC, for the server as a whole.
//
// gRPC's own is one of its callback services, which bring two threads that poll every socket of the process
// beside its streams' (rpc/stream_loop.h).
//
// Source: github.com/grpc/grpc, doc/health-checking.md. Thread rules: any thread.
#pragma once

#include <condition_variable>
#include <mutex>

#include "grpc/health/v1/health.grpc.pb.h"

namespace srdf::rpc {

class HealthService final : public grpc::health::v1::Health::Service {
 public:
  void SetServing(bool serving);
  // Watches end, and none begins any more.
  void End();

  // NOT_FOUND for the name of a service: only the server as a whole (the empty name) has a state.
  grpc::Status Check(grpc::ServerContext* context, const grpc::health::v1::HealthCheckRequest* request,
                     grpc::health::v1::HealthCheckResponse* response) override;
  // Tells the state, and every change of it; of a name that is not known SERVICE_UNKNOWN.
  grpc::Status Watch(grpc::ServerContext* context, const grpc::health::v1::HealthCheckRequest* request,
                     grpc::ServerWriter<grpc::health::v1::HealthCheckResponse>* writer) override;

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  bool serving_ = false;
  bool ended_ = false;
};

}  // namespace srdf::rpc
