#include "applier/applier_app.h"

#include <algorithm>
#include <vector>

#include "applier/applier_probe.h"
#include "applier/applier_service.h"
#include "applier/applier_snapshots.h"
#include "crypto/key_ring_source.h"
#include "engine_mariadb/failover_reader.h"
#include "engine_mariadb/target_engine.h"
#include "snapshot_service/snapshot_service.h"

namespace srdf::applier {

namespace {

class ApplierApp : public rpc::App {
 public:
  explicit ApplierApp(const rpc::AppContext& context)
      : metrics_(context.metrics),
        receiver_(
            NewGrpcTakeClient(context.config->services.at("receiver").peer_address(), *context.security)),
        verifications_(context.metrics),
        service_(&flows_, &verifications_),
        snapshots_(&flows_),
        snapshot_service_(&snapshots_) {}

  Status Build(const config::Config& config) {
    SRDF_RETURN_IF_ERROR(OpenKeyRing(config));
    for (const config::FlowConfig& flow : config.flows) {
      SRDF_ASSIGN_OR_RETURN(std::string password, config::ReadSecret(flow.target));
      engine_mariadb::TargetOptions options;
      options.endpoint = {flow.target.host, flow.target.port, flow.target.socket, flow.target.user,
                          std::move(password)};
      options.flow = flow.name;
      options.origin_server_id = flow.source_server_id;
      options.compare_before_images = flow.before_image == "full";
      options.apply_method = engine_mariadb::ApplyMethodOf(flow.apply_method);
      snapshots_.SetServerName(flow.name, "mariadb at " + engine_mariadb::ServerName(options.endpoint));
      verifications_.AddFlow(flow.name, options.endpoint);
      engines_.push_back(engine_mariadb::NewTargetEngine(std::move(options)));
      std::vector<uint64_t> schedule = flow.retry_backoff_policy;
      if (flow.retry_max_attempts != 0)
        schedule.resize(std::max<size_t>(flow.retry_max_attempts, 1), schedule.back());
      flows_.emplace(flow.name, std::make_unique<ApplierFlow>(flow.name, std::move(schedule),
                                                              engines_.back().get(), receiver_.get(),
                                                              Secrecy{flow.encryption_enabled, keys_.get()}));
    }
    return {};
  }

  void Register(rpc::Server* server) override {
    server->AddService(&service_);
    server->AddService(&snapshot_service_);
  }
  Status Start() override {
    verifications_.Start();
    snapshot_service_.Start();
    for (auto& [name, flow] : flows_) {
      probes_.push_back(std::make_unique<ApplierProbe>(metrics_, flow.get()));
      flow->Start();
    }
    return {};
  }
  void BeginDrain() override {
    for (auto& [name, flow] : flows_) flow->Stop();
  }
  void Stop() override {
    snapshot_service_.Stop();
    verifications_.Stop();
  }

 private:
  // Without encryption a ring is used when there is one: wagons that were sealed before may still come.
  Status OpenKeyRing(const config::Config& config) {
    auto keys = crypto::KeyRingSource::Open({config::KeyRingFile(config), config.key_ring_env});
    if (keys.ok()) keys_ = std::move(*keys);
    const bool wanted = config::EncryptsAnyFlow(config) || keys.status().code() != StatusCode::kNotFound;
    return keys.ok() || !wanted ? Status() : keys.status();
  }

  obs::Metrics* const metrics_;
  std::unique_ptr<crypto::KeyRingSource> keys_;
  std::unique_ptr<TakeClient> receiver_;
  std::vector<std::unique_ptr<engine::TargetEngine>> engines_;
  FlowMap flows_;
  std::vector<std::unique_ptr<ApplierProbe>> probes_;
  Verifications verifications_;
  ApplierServiceImpl service_;
  ApplierSnapshots snapshots_;
  snapshot_service::SnapshotServiceImpl snapshot_service_;
};

}  // namespace

Result<std::unique_ptr<rpc::App>> NewApplierApp(const rpc::AppContext& context) {
  auto app = std::make_unique<ApplierApp>(context);
  SRDF_RETURN_IF_ERROR(app->Build(*context.config));
  return std::unique_ptr<rpc::App>(std::move(app));
}

}  // namespace srdf::applier
