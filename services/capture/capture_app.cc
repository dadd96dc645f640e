#include "capture/capture_app.h"

#include <vector>

#include "capture/capture_probe.h"
#include "capture/capture_service.h"
#include "capture/copy_service.h"
#include "capture/source_snapshots.h"
#include "engine_mariadb/source_engine.h"
#include "snapshot_service/snapshot_service.h"

namespace srdf::capture {

namespace {

std::string AddressOf(const config::DatabaseConfig& server) {
  return server.socket.empty() ? server.host + ":" + std::to_string(server.port) : server.socket;
}

class CaptureApp : public rpc::App {
 public:
  explicit CaptureApp(const rpc::AppContext& context)
      : metrics_(context.metrics),
        feed_(NewGrpcFeedClient(context.config->services.at("batcher").peer_address(), *context.security)),
        service_(&flows_),
        copy_service_(&desks_) {}

  Status Build(const config::Config& config) {
    std::map<std::string, SourceSnapshots::Source> sources;
    for (const config::FlowConfig& flow : config.flows) {
      SRDF_ASSIGN_OR_RETURN(const std::string password, config::ReadSecret(flow.source));
      engine_mariadb::SourceOptions options;
      options.endpoint = {flow.source.host, flow.source.port, flow.source.socket, flow.source.user, password};
      for (const config::DatabaseConfig& server : config::SourceAlternates(flow)) {
        options.alternates.push_back({server.host, server.port, server.socket, server.user, password});
      }
      options.server_id = flow.source_server_id;
      options.before_image = flow.before_image;
      options.whole_after_images = flow.apply_method == "sql";
      // A window that lasts seconds is not in a hurry; else only what comes in a rush is sent together.
      options.gather_ms = flow.batch_mode == "window" ? 20 : flow.batch_mode == "adaptive" ? 1 : 0;
      engines_.push_back(engine_mariadb::NewSourceEngine(std::move(options)));
      flows_.emplace(flow.name, std::make_unique<CaptureFlow>(flow.name, engines_.back().get(), feed_.get(),
                                                              flow.encryption_enabled));
      desks_.emplace(flow.name,
                     std::make_unique<CopyDesk>(flows_.at(flow.name).get(), engines_.back().get()));
      sources[flow.name] = {flows_.at(flow.name).get(), "mariadb at " + AddressOf(flow.source)};
    }
    snapshots_ = std::make_unique<SourceSnapshots>(std::move(sources));
    snapshot_service_ = std::make_unique<snapshot_service::SnapshotServiceImpl>(snapshots_.get());
    return {};
  }

  void Register(rpc::Server* server) override {
    server->AddService(&service_);
    server->AddService(&copy_service_);
    server->AddService(snapshot_service_.get());
  }
  Status Start() override {
    snapshot_service_->Start();
    for (auto& [name, flow] : flows_) {
      probes_.push_back(std::make_unique<CaptureProbe>(metrics_, flow.get(), desks_.at(name).get()));
      flow->Start();
    }
    return {};
  }
  void BeginDrain() override {
    for (auto& [name, flow] : flows_) flow->Stop();
  }
  void Stop() override { snapshot_service_->Stop(); }

 private:
  obs::Metrics* const metrics_;
  std::unique_ptr<FeedClient> feed_;
  std::vector<std::unique_ptr<engine::SourceEngine>> engines_;
  FlowMap flows_;
  DeskMap desks_;
  std::unique_ptr<SourceSnapshots> snapshots_;
  std::unique_ptr<snapshot_service::SnapshotServiceImpl> snapshot_service_;
  std::vector<std::unique_ptr<CaptureProbe>> probes_;
  CaptureServiceImpl service_;
  CopyServiceImpl copy_service_;
};

}  // namespace

Result<std::unique_ptr<rpc::App>> NewCaptureApp(const rpc::AppContext& context) {
  auto app = std::make_unique<CaptureApp>(context);
  SRDF_RETURN_IF_ERROR(app->Build(*context.config));
  return std::unique_ptr<rpc::App>(std::move(app));
}

}  // namespace srdf::capture
