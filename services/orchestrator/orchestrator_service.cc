#include "orchestrator/orchestrator_service.h"

namespace srdf::orchestrator {

namespace {

std::string Describe(const config::DatabaseConfig& database) {
  if (!database.socket.empty()) return database.engine + " at " + database.socket;
  return database.engine + " at " + database.host + ":" + std::to_string(database.port);
}

v1::Health ToProto(Health health) {
  switch (health) {
    case Health::kUnknown:
      return v1::HEALTH_UNSPECIFIED;
    case Health::kServing:
      return v1::HEALTH_SERVING;
    case Health::kNotServing:
      return v1::HEALTH_NOT_SERVING;
    case Health::kUnreachable:
      return v1::HEALTH_UNREACHABLE;
  }
  return v1::HEALTH_UNSPECIFIED;
}

}  // namespace

grpc::Status OrchestratorServiceImpl::GetInventory(grpc::ServerContext*, const v1::GetInventoryRequest*,
                                                   v1::GetInventoryResponse* response) {
  response->set_mesh(config_->mesh);
  for (const auto& [name, service] : config_->services) {
    v1::Service* out = response->add_services();
    out->set_name(name);
    out->set_address(service.peer_address());
    out->set_metrics(service.metrics);
  }
  for (const config::FlowConfig& flow : config_->flows) {
    v1::Flow* out = response->add_flows();
    out->set_name(flow.name);
    out->set_source(Describe(flow.source));
    out->set_target(Describe(flow.target));
  }
  return grpc::Status::OK;
}

grpc::Status OrchestratorServiceImpl::GetMeshHealth(grpc::ServerContext*, const v1::GetMeshHealthRequest*,
                                                    v1::GetMeshHealthResponse* response) {
  bool healthy = true;
  for (const ServiceHealth& service : watch_->Get()) {
    v1::ServiceHealth* out = response->add_services();
    out->set_name(service.name);
    out->set_health(ToProto(service.health));
    out->set_since_ms(service.since_ms);
    out->set_last_polled_ms(service.last_polled_ms);
    out->set_error(service.error);
    healthy = healthy && service.health == Health::kServing;
  }
  response->set_healthy(healthy);
  return grpc::Status::OK;
}

}  // namespace srdf::orchestrator
