#include "shipper/shipper_app.h"

#include <thread>
#include <vector>

#include "base/backoff.h"
#include "shipper/dead_letter_service.h"
#include "shipper/shipper_probe.h"
#include "shipper/shipper_service.h"
#include "store_watch/store_settings.h"
#include "store_watch/store_watch.h"

namespace srdf::shipper {

namespace {

constexpr std::chrono::minutes kPurgeEvery{10};

class ShipperApp : public rpc::App {
 public:
  ShipperApp(const rpc::AppContext& context, std::unique_ptr<store::Outbox> outbox)
      : metrics_(context.metrics),
        destination_(context.config->services.at("receiver").peer_address()),
        outbox_(std::move(outbox)),
        gate_(context.config->max_bytes_per_second),
        watch_("outbox", outbox_->disk(), context.metrics,
               [this](const store::StoreHealth& health) {
                 for (auto& [name, flow] : flows_) flow->StoreChanged(health);
                 if (health.writable) purge_wait_.Wake();
               }),
        receiver_(NewGrpcReceiverClient(destination_, *context.security)),
        dead_letters_(&flows_, outbox_.get()),
        service_(&flows_, destination_) {
    for (const config::FlowConfig& flow : context.config->flows) {
      flows_.emplace(flow.name, std::make_unique<ShipperFlow>(flow, outbox_.get(), receiver_.get(), &gate_));
    }
  }

  void Register(rpc::Server* server) override {
    service_.AddTo(server);
    server->AddService(&dead_letters_);
  }

  Status Start() override {
    watch_.Start();
    for (auto& [name, flow] : flows_) {
      probes_.push_back(std::make_unique<ShipperProbe>(metrics_, flow.get(), destination_));
      SRDF_RETURN_IF_ERROR(flow->Start());
    }
    purger_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        for (auto& [name, flow] : flows_) {
          if (outbox_->disk()->Health().writable) flow->Purge();
        }
        purge_wait_.WaitFor(stop, kPurgeEvery);
      }
    });
    return {};
  }

  void BeginDrain() override {
    watch_.Stop();
    purger_.request_stop();
    for (auto& [name, flow] : flows_) flow->BeginDrain();
    service_.Drain();
  }
  void Stop() override {
    for (auto& [name, flow] : flows_) flow->Stop();
    if (purger_.joinable()) purger_.join();
  }

 private:
  obs::Metrics* const metrics_;
  const std::string destination_;
  std::unique_ptr<store::Outbox> outbox_;
  SendGate gate_;
  store::StoreWatch watch_;
  std::unique_ptr<ReceiverClient> receiver_;
  FlowMap flows_;
  std::vector<std::unique_ptr<ShipperProbe>> probes_;
  DeadLetterServiceImpl dead_letters_;
  ShipperServiceImpl service_;
  WakeableWait purge_wait_;
  std::jthread purger_;
};

}  // namespace

Result<std::unique_ptr<rpc::App>> NewShipperApp(const rpc::AppContext& context) {
  SRDF_ASSIGN_OR_RETURN(auto outbox,
                        store::Outbox::Open(context.config->OutboxPath(), store::OptionsOf(*context.config)));
  return std::unique_ptr<rpc::App>(std::make_unique<ShipperApp>(context, std::move(outbox)));
}

}  // namespace srdf::shipper
