#include "receiver/receiver_app.h"

#include <thread>
#include <vector>

#include "base/backoff.h"
#include "receiver/inbox_service.h"
#include "receiver/receiver_probe.h"
#include "receiver/receiver_service.h"
#include "store_watch/store_settings.h"
#include "store_watch/store_watch.h"

namespace srdf::receiver {

namespace {

constexpr std::chrono::minutes kPurgeEvery{10};
constexpr std::chrono::milliseconds kTickEvery{500};
constexpr std::chrono::seconds kTargetAwaitedFor{10};

class ReceiverApp : public rpc::App {
 public:
  ReceiverApp(const rpc::AppContext& context, std::unique_ptr<store::Inbox> inbox)
      : metrics_(context.metrics),
        inbox_(std::move(inbox)),
        watch_("inbox", inbox_->disk(), context.metrics,
               [this](const store::StoreHealth& health) { StoreChanged(health); }),
        service_(&flows_),
        inbox_service_(inbox_.get()) {
    for (const config::FlowConfig& flow : context.config->flows) {
      const auto& entry = flows_.emplace(flow.name, std::make_unique<ReceiverFlow>(flow, inbox_.get()));
      if (inbox_->was_left_open()) entry.first->second->AwaitTarget(kTargetAwaitedFor);
    }
  }

  void Register(rpc::Server* server) override {
    service_.AddTo(server);
    server->AddService(&inbox_service_);
  }

  Status Start() override {
    watch_.Start();
    for (auto& [name, flow] : flows_)
      probes_.push_back(std::make_unique<ReceiverProbe>(metrics_, flow.get()));
    purger_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        for (auto& [name, flow] : flows_) {
          if (inbox_->disk()->Health().writable) flow->Purge();
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
    watch_.Stop();
    purger_.request_stop();
    ticker_.request_stop();
    service_.Drain();
  }
  void Stop() override {
    if (purger_.joinable()) purger_.join();
    if (ticker_.joinable()) ticker_.join();
  }

 private:
  void StoreChanged(const store::StoreHealth& health) {
    // What was not synced may be gone: both streams of every flow begin again from what the file holds.
    if (health.generation != store_generation_) {
      service_.EndStreams(Status(StatusCode::kAborted, "the inbox was opened again after an I/O error"));
    }
    store_generation_ = health.generation;
    for (auto& [name, flow] : flows_) flow->DiskChanged(health);
    if (health.writable) purge_wait_.Wake();
  }

  obs::Metrics* const metrics_;
  std::unique_ptr<store::Inbox> inbox_;
  store::StoreWatch watch_;
  FlowMap flows_;
  std::vector<std::unique_ptr<ReceiverProbe>> probes_;
  ReceiverServiceImpl service_;
  InboxServiceImpl inbox_service_;
  uint64_t store_generation_ = 0;  // the watch's thread
  WakeableWait purge_wait_;
  std::jthread purger_;
  WakeableWait tick_wait_;
  std::jthread ticker_;
};

}  // namespace

Result<std::unique_ptr<rpc::App>> NewReceiverApp(const rpc::AppContext& context) {
  SRDF_ASSIGN_OR_RETURN(auto inbox,
                        store::Inbox::Open(context.config->InboxPath(), store::OptionsOf(*context.config)));
  return std::unique_ptr<rpc::App>(std::make_unique<ReceiverApp>(context, std::move(inbox)));
}

}  // namespace srdf::receiver
