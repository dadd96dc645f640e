#include "batcher/batcher_app.h"

#include <filesystem>
#include <vector>

#include "batcher/batcher_probe.h"
#include "batcher/batcher_service.h"
#include "crypto/key_ring_source.h"

namespace srdf::batcher {

namespace {

class BatcherApp : public rpc::App {
 public:
  explicit BatcherApp(const rpc::AppContext& context)
      : metrics_(context.metrics),
        shipper_(
            NewGrpcShipperClient(context.config->services.at("shipper").peer_address(), *context.security)),
        service_(&flows_, shipper_.get()) {}

  Status Build(const config::Config& config) {
    const std::string spill_dir = config.data_dir + "/spill";
    std::error_code error;
    std::filesystem::create_directories(spill_dir, error);
    if (error) {
      return {StatusCode::kFailedPrecondition, "cannot create " + spill_dir + ": " + error.message(),
              "make data_dir writable for this user"};
    }
    if (config::EncryptsAnyFlow(config)) {
      SRDF_ASSIGN_OR_RETURN(keys_,
                            crypto::KeyRingSource::Open({config::KeyRingFile(config), config.key_ring_env}));
    }
    for (const config::FlowConfig& flow : config.flows) {
      crypto::KeyRingSource* const keys = flow.encryption_enabled ? keys_.get() : nullptr;
      flows_.emplace(flow.name, std::make_unique<BatcherFlow>(flow, spill_dir, keys));
    }
    return {};
  }

  void Register(rpc::Server* server) override { service_.AddTo(server); }
  Status Start() override {
    for (auto& [name, flow] : flows_) probes_.push_back(std::make_unique<BatcherProbe>(metrics_, flow.get()));
    return {};
  }
  void BeginDrain() override { service_.Drain(); }
  void Stop() override {}

 private:
  obs::Metrics* const metrics_;
  std::unique_ptr<ShipperClient> shipper_;
  std::unique_ptr<crypto::KeyRingSource> keys_;
  FlowMap flows_;
  std::vector<std::unique_ptr<BatcherProbe>> probes_;
  BatcherServiceImpl service_;
};

}  // namespace

Result<std::unique_ptr<rpc::App>> NewBatcherApp(const rpc::AppContext& context) {
  auto app = std::make_unique<BatcherApp>(context);
  SRDF_RETURN_IF_ERROR(app->Build(*context.config));
  return std::unique_ptr<rpc::App>(std::move(app));
}

}  // namespace srdf::batcher
