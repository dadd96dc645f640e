// StoreWatch: one thread that looks at the disk of an outbox or inbox once a second, and tells what it finds.
//
// Each change of state is one log event (store_state_changed; an error when work stops, a warning when it
// slows, an information when all is well) and one call of `on_change`; metrics mirror the state at every
// scrape:
//
//   srdf_store_state{store, state}      1 for the present state, 0 for the others
//   srdf_store_disk_free_bytes{store}, srdf_store_disk_reserve_bytes{store}
//   srdf_store_state_changes_total{store}
//   srdf_store_sync_seconds{store}      histogram of durable commits
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/backoff.h"
#include "obs/metrics.h"
#include "store/store_health.h"

namespace srdf::store {

class StoreWatch {
 public:
  // `store` is "outbox" or "inbox"; `disk` and `metrics` outlive the watch's Stop and the last scrape.
  // `on_change` is called on the watch's thread: first with the state at the start, then for each change of
  // state, of what is possible, or of the generation.
  StoreWatch(std::string store, StoreDisk* disk, obs::Metrics* metrics,
             std::function<void(const StoreHealth&)> on_change);
  ~StoreWatch() { Stop(); }
  void Start();
  void Stop();

 private:
  void Run(const std::stop_token& stop);
  void Tell(const StoreHealth& health);
  void Refresh();

  const std::string store_;
  StoreDisk* const disk_;
  obs::Metrics* const metrics_;
  const std::function<void(const StoreHealth&)> on_change_;
  obs::Counter changes_;
  obs::Histogram sync_seconds_;
  const std::shared_ptr<WakeableWait> wake_;  // also held by what the disk calls
  // the watch's thread
  bool told_any_ = false;
  StoreHealth told_;

  std::jthread thread_;
};

}  // namespace srdf::store
