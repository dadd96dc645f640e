// ShipperFlow: one flow in the shipper: what comes in from the batcher, and its delivery link.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "shipper/delivery_link.h"
#include "shipper/receiver_client.h"
#include "shipper/send_settings.h"
#include "store/outbox.h"
#include "wire/wagon_frame.h"

namespace srdf::shipper {

// What the batcher's adaptive window goes by.
struct DeliveryState {
  uint64_t unapplied_wagons = 0;
  uint64_t unapplied_bytes = 0;
  bool outbox_full = false;
};

// What operators are to see of dead letters and skipped wagons.
struct SkipSummary {
  uint64_t open_dead_letters = 0;
  uint64_t pending = 0;
  uint64_t unacknowledged = 0;
  std::vector<std::pair<Status, int64_t>> problems;  // with the time since when
};

// The present Store stream, as the flow sees it. Called from any thread.
struct StoreStreamEvents {
  std::function<void(const DeliveryState&)> on_state;
  std::function<void(Status)> on_abort;
};

class ShipperFlow {
 public:
  // `outbox`, `receiver` and `gate` outlive the flow.
  ShipperFlow(const config::FlowConfig& config, store::Outbox* outbox, ReceiverClient* receiver,
              SendGate* gate);

  Status Start();
  // Waits of OpenStore end.
  void BeginDrain();
  void Stop();

  const std::string& name() const { return name_; }
  store::Outbox* outbox() const { return outbox_; }

  // Waits until the starting point is known (kUnavailable after some seconds), and makes `events` the
  // present stream's.
  Result<ChainTip> OpenStore(StoreStreamEvents events);
  void CloseStore();
  Result<DeliveryState> GetDeliveryState() const;
  // Tells the delivery link and the present stream. Call after a commit; with the wagon when it is small.
  void WagonStored(std::optional<FreshWagon> fresh = std::nullopt);
  // The outbox's disk is in another state. While it takes no wagons the batcher is told that the outbox is
  // full; while nothing can be written down the link waits; when the file was opened again both streams begin
  // again.
  void StoreChanged(const store::StoreHealth& health);

  Status Pause();
  Status Resume();
  // One wagon (0: all) is due now, audited. Returns how many deliveries that changed; probes at once in any
  // case.
  Result<uint64_t> Retry(uint64_t sequence, const std::string& actor, const std::string& reason);
  SendSettings* send_settings() { return &send_settings_; }
  // An operator gives a wagon up: durable when it returns, told to the destination by itself.
  Status Skip(uint64_t sequence, const std::string& reason, const std::string& actor);
  // Tries a dead letter (0: all that is held up) again, audited. Returns how many wagons were held up.
  Result<uint64_t> RetryDeadLetter(uint64_t sequence, const std::string& actor);
  Result<SkipSummary> GetSkips() const;
  LinkStatus link_status() const { return link_.GetStatus(); }
  bool batcher_connected() const;
  // An error of the outbox, as it is told to the batcher: what the disk's state explains passes with that
  // state, so capture is to come again, whatever the code says.
  Status ForBatcher(const Status& error) const;
  // Removes what is applied and older than purge_after_days. What keeps it from that is shown until it works.
  void Purge();
  std::pair<Status, int64_t> purge_problem() const;

 private:
  void PushState();

  const std::string name_;
  const uint64_t outbox_bytes_max_;
  const uint64_t purge_after_days_;
  store::Outbox* const outbox_;
  SendSettings send_settings_;  // self-synchronised

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  std::optional<StoreStreamEvents> stream_;
  bool stopping_ = false;
  uint64_t store_generation_ = 0;
  Status purge_problem_;
  int64_t purge_problem_since_ms_ = 0;

  DeliveryLink link_;
};

// Takes one frame after another from a Store stream into the outbox, and tells the flow of each.
class StoreIntake {
 public:
  explicit StoreIntake(ShipperFlow* flow) : flow_(flow) {}
  // The next piece. With `last`, the wagon's new tip; it is durable then.
  Result<std::optional<ChainTip>> Append(std::string_view data, bool last);

 private:
  Status Begin();

  ShipperFlow* const flow_;
  std::unique_ptr<wire::FrameVerifier> verifier_;
  std::unique_ptr<store::WagonWriter> writer_;
  uint64_t frame_bytes_ = 0;
  std::string frame_;  // a small one, for the link
};

}  // namespace srdf::shipper
