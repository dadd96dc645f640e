#include "receiver/receiver_app.h"

#include <thread>
#include <vector>

#include "base/backoff.h"
#include "receiver/receiver_probe.h"
#include "receiver/receiver_service.h"

namespace srdf::receiver {

namespace {

constexpr std::chrono::minutes kPurgeEvery{10};
constexpr std::chrono::milliseconds kTickEvery{500};

class ReceiverApp : public rpc::App {
 public:
  ReceiverApp(const rpc::AppContext& context, std::unique_ptr<store::Inbox> inbox)
      : metrics_(context.metrics), inbox_(std::move(inbox)), service_(&flows_) {
    for (const config::FlowConfig& flow : context.config->flows) {
      flows_.emplace(flow.name, std::make_unique<ReceiverFlow>(flow, inbox_.get()));
    }
  }

  void Register(rpc::Server* server) override { server->AddService(&service_); }

  Status Start() override {
    for (auto& [name, flow] : flows_)
      probes_.push_back(std::make_unique<ReceiverProbe>(metrics_, flow.get()));
    purger_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        for (auto& [name, flow] : flows_) {
          flow->Purge();
        }
        purge_wait_.WaitFor(stop, kPurgeEvery);
      }
    });
    ticker_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        for (auto& [name, flow] : flows_) flow->Tick();
        tick_wait_.WaitFor(stop, kTickEvery);
      }
    });
    return {};
  }

  void BeginDrain() override {
    purger_.request_stop();
    ticker_.request_stop();
    service_.Drain();
  }
  void Stop() override {
    if (purger_.joinable()) purger_.join();
    if (ticker_.joinable()) ticker_.join();
  }

 private:
  obs::Metrics* const metrics_;
  std::unique_ptr<store::Inbox> inbox_;
  FlowMap flows_;
  std::vector<std::unique_ptr<ReceiverProbe>> probes_;
  ReceiverServiceImpl service_;
  WakeableWait purge_wait_;
  std::jthread purger_;
  WakeableWait tick_wait_;
  std::jthread ticker_;
};

}  // namespace

Result<std::unique_ptr<rpc::App>> NewReceiverApp(const rpc::AppContext& context) {
  SRDF_ASSIGN_OR_RETURN(auto inbox, store::Inbox::Open(context.config->data_dir + "/inbox.db"));
  return std::unique_ptr<rpc::App>(std::make_unique<ReceiverApp>(context, std::move(inbox)));
}

}  // namespace srdf::receiver
