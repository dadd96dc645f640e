#include "orchestrator/orchestrator_app.h"

#include <map>
#include <string>

#include "orchestrator/mesh_watch.h"
#include "orchestrator/orchestrator_service.h"

namespace srdf::orchestrator {

namespace {

// Everybody but the orchestrator itself.
std::map<std::string, std::string> Peers(const config::Config& config) {
  std::map<std::string, std::string> peers;
  for (const auto& [name, service] : config.services) {
    if (name != "orchestrator") peers[name] = service.peer_address();
  }
  return peers;
}

class OrchestratorApp : public rpc::App {
 public:
  explicit OrchestratorApp(const rpc::AppContext& context)
      : metrics_(context.metrics),
        watch_(Peers(*context.config), *context.security),
        service_(context.config, &watch_) {}

  void Register(rpc::Server* server) override { server->AddService(&service_); }
  Status Start() override {
    watch_.Start();
    metrics_->OnScrape([this] {
      for (const ServiceHealth& service : watch_.Get()) {
        metrics_
            ->NewGauge("srdf_orchestrator_service_serving", "1 while the service says it is serving.",
                       {{"name", service.name}})
            .Set(service.health == Health::kServing ? 1 : 0);
      }
    });
    return {};
  }
  void BeginDrain() override { watch_.Stop(); }
  void Stop() override {}

 private:
  obs::Metrics* const metrics_;
  MeshWatch watch_;
  OrchestratorServiceImpl service_;
};

}  // namespace

Result<std::unique_ptr<rpc::App>> NewOrchestratorApp(const rpc::AppContext& context) {
  return std::unique_ptr<rpc::App>(std::make_unique<OrchestratorApp>(context));
}

}  // namespace srdf::orchestrator
