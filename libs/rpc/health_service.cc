#include "rpc/health_service.h"

#include <chrono>
#include <optional>

namespace srdf::rpc {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

namespace {

// How often a watch looks whether its client is still there.
constexpr std::chrono::seconds kLook{1};

}  // namespace

void HealthService::SetServing(bool serving) {
  std::lock_guard lock(mu_);
  serving_ = serving;
  changed_.notify_all();
}

void HealthService::End() {
  std::lock_guard lock(mu_);
  ended_ = true;
  changed_.notify_all();
}

grpc::Status HealthService::Check(grpc::ServerContext*, const HealthCheckRequest* request,
                                  HealthCheckResponse* response) {
  if (!request->service().empty()) return {grpc::StatusCode::NOT_FOUND, "ask for the empty service name"};
  std::lock_guard lock(mu_);
  response->set_status(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  return grpc::Status::OK;
}

grpc::Status HealthService::Watch(grpc::ServerContext* context, const HealthCheckRequest* request,
                                  grpc::ServerWriter<HealthCheckResponse>* writer) {
  std::optional<HealthCheckResponse::ServingStatus> told;
  std::unique_lock lock(mu_);
  while (!ended_ && !context->IsCancelled()) {
    HealthCheckResponse response;
    response.set_status(!request->service().empty() ? HealthCheckResponse::SERVICE_UNKNOWN
                        : serving_                  ? HealthCheckResponse::SERVING
                                                    : HealthCheckResponse::NOT_SERVING);
    if (told == response.status()) {
      changed_.wait_for(lock, kLook);
      continue;
    }
    told = response.status();
    lock.unlock();
    if (!writer->Write(response)) return grpc::Status::OK;
    lock.lock();
  }
  return {grpc::StatusCode::UNAVAILABLE, "the service is stopping"};
}

}  // namespace srdf::rpc
