#include "store_watch/store_watch.h"

#include "obs/log.h"

namespace srdf::store {
namespace {

constexpr std::chrono::milliseconds kCheckEvery{1000};
constexpr StoreState kStates[] = {StoreState::kOk, StoreState::kSlow, StoreState::kFull,
                                  StoreState::kReadOnly, StoreState::kFailing};

const std::vector<double>& SyncBounds() {
  static const std::vector<double> bounds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
                                             0.2,    0.5,   1,     2,     5,    10,   30};
  return bounds;
}

}  // namespace

StoreWatch::StoreWatch(std::string store, StoreDisk* disk, obs::Metrics* metrics,
                       std::function<void(const StoreHealth&)> on_change)
    : store_(std::move(store)),
      disk_(disk),
      metrics_(metrics),
      on_change_(std::move(on_change)),
      changes_(metrics->NewCounter("srdf_store_state_changes_total",
                                   "Changes of the disk's state since the start.", {{"store", store_}})),
      sync_seconds_(metrics->NewHistogram("srdf_store_sync_seconds", "Time of a durable commit.",
                                          {{"store", store_}}, SyncBounds())),
      wake_(std::make_shared<WakeableWait>()) {
  disk_->Observe([wake = wake_] { wake->Wake(); },
                 [histogram = sync_seconds_](double seconds) mutable { histogram.Observe(seconds); });
  metrics_->OnScrape([this] { Refresh(); });
}

void StoreWatch::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void StoreWatch::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void StoreWatch::Run(const std::stop_token& stop) {
  Tell(disk_->CheckDisk());
  while (!stop.stop_requested()) {
    // Woken by a change that a write has found: that is passed on at once, and looked into at the next
    // second.
    const bool woken = wake_->WaitFor(stop, kCheckEvery);
    if (stop.stop_requested()) return;
    Tell(woken ? disk_->Health() : disk_->CheckDisk());
  }
}

void StoreWatch::Tell(const StoreHealth& health) {
  const bool new_state = !told_any_ ? health.state != StoreState::kOk : health.state != told_.state;
  if (new_state) {
    const obs::Level level = health.state == StoreState::kOk     ? obs::Level::kInfo
                             : health.state == StoreState::kSlow ? obs::Level::kWarn
                                                                 : obs::Level::kError;
    obs::Log(level, "store_state_changed",
             {{"store", store_},
              {"state", StoreStateName(health.state)},
              {"was", StoreStateName(told_.state)},
              {"path", health.path},
              {"bytes_free", health.bytes_free},
              {"reason", health.problem}});
    changes_.Add();
  }
  const bool changed = new_state || !told_any_ || health.takes_wagons != told_.takes_wagons ||
                       health.writable != told_.writable || health.generation != told_.generation;
  told_any_ = true;
  told_ = health;
  if (changed) on_change_(health);
}

void StoreWatch::Refresh() {
  const StoreHealth health = disk_->Health();
  for (const StoreState state : kStates) {
    metrics_
        ->NewGauge("srdf_store_state", "1 for the state that the queue's disk is in, 0 for the others.",
                   {{"store", store_}, {"state", StoreStateName(state)}})
        .Set(health.state == state ? 1 : 0);
  }
  metrics_
      ->NewGauge("srdf_store_disk_free_bytes", "Free bytes of the queue's file system.", {{"store", store_}})
      .Set(static_cast<double>(health.bytes_free));
  metrics_
      ->NewGauge("srdf_store_disk_reserve_bytes", "With less free than this, no wagon is taken.",
                 {{"store", store_}})
      .Set(static_cast<double>(health.bytes_reserve));
}

}  // namespace srdf::store
