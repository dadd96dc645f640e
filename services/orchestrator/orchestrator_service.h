// OrchestratorServiceImpl: translates the RPCs of srdf.orchestrator.v1: the inventory is the configuration,
// the health is what MeshWatch saw last.
#pragma once

#include "config/config.h"
#include "orchestrator/mesh_watch.h"
#include "srdf/orchestrator/v1/orchestrator.grpc.pb.h"

namespace srdf::orchestrator {

class OrchestratorServiceImpl final : public v1::OrchestratorService::Service {
 public:
  OrchestratorServiceImpl(const config::Config* config, const MeshWatch* watch)
      : config_(config), watch_(watch) {}
  grpc::Status GetInventory(grpc::ServerContext* context, const v1::GetInventoryRequest* request,
                            v1::GetInventoryResponse* response) override;
  grpc::Status GetMeshHealth(grpc::ServerContext* context, const v1::GetMeshHealthRequest* request,
                             v1::GetMeshHealthResponse* response) override;

 private:
  const config::Config* const config_;
  const MeshWatch* const watch_;
};

}  // namespace srdf::orchestrator
