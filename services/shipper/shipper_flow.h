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
#include "shipper/delivery_tally.h"
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
  bool operator==(const DeliveryState&) const = default;
};

// What operators are to see of dead letters and skipped wagons.
struct SkipSummary {
  uint64_t open_dead_letters = 0;
  uint64_t pending = 0;
  uint64_t unacknowledged = 0;
  std::vector<std::pair<Status, int64_t>> problems;  // with the time since when
};

// The present Store stream, as the flow sees it. Called from any thread, one at a time.
struct StoreStreamEvents {
  std::function<void(const ChainTip&, const DeliveryState&)> on_opened;  // first
  std::function<void(const DeliveryState&)> on_state;
  std::function<void(const ChainTip&, const DeliveryState&)> on_stored;
  std::function<void(Status)> on_abort;
  // on_state is called for fewer wagons only when so many, or more, were unapplied by what was told last.
  uint64_t waits_from_wagons = 0;
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

  // Waits until the starting point is known, and the destination has agreed where that is wanted
  // (kUnavailable after some seconds), and makes `events` the present stream's, which is told.
  Status OpenStore(StoreStreamEvents events);
  void CloseStore();
  // DeliveryLink::SendEarly, before a commit.
  std::optional<store::AttemptStart> SendEarly(FreshWagon* wagon) { return link_.SendEarly(wagon); }
  // Tells the delivery link and the present stream. Call after a commit. The frame only when it is small.
  void WagonStored(FreshWagon stored);
  // The same of a wagon that was sent early, or why it could not be stored.
  void EarlyWagonStored(const FreshWagon& wagon, const Status& stored);
  void TailReplaced();
  // The outbox's disk is in another state. While it takes no wagons the batcher is told that the outbox is
  // full; while nothing can be written down the link waits; when the file was opened again both streams begin
  // again.
  void StoreChanged(const store::StoreHealth& health);

  Status Pause();
  Status Resume();
  // Stores again though the destination has not said whether it has a wagon more; audited.
  Status GoOnWithoutAgreement(const std::string& actor);
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
  // The outbox's counts have changed in a way that the tally does not follow.
  void RecountAndPush();
  void Applied(uint64_t sequence);
  // The tally and the present stream.
  void TellStored(const ChainTip& tip, uint64_t frame_bytes);
  // With mu_ held; one of them says that this wagon is stored.
  void PushLocked(const ChainTip* stored);
  Result<DeliveryState> StateLocked();

  const std::string name_;
  const uint64_t outbox_bytes_max_;
  const uint64_t purge_after_days_;
  store::Outbox* const outbox_;
  SendSettings send_settings_;  // self-synchronised

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  std::optional<StoreStreamEvents> stream_;
  std::optional<DeliveryState> told_;  // to the present stream
  DeliveryTally tally_;
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
  // The next piece. With `last` the wagon is durable on return, and the stream has been told.
  Status Append(std::string_view data, bool last);

 private:
  Status Begin();
  Status Store(FreshWagon wagon);

  ShipperFlow* const flow_;
  std::unique_ptr<wire::FrameVerifier> verifier_;
  std::unique_ptr<store::WagonWriter> writer_;
  uint64_t frame_bytes_ = 0;
  std::string frame_;  // a small one, for the link
};

}  // namespace srdf::shipper
