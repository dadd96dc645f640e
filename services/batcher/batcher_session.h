// BatcherSession: a Store stream to the shipper, a window and a sealer; it begins and ends with capture's
// Feed stream. When either side breaks, the session ends and the open window is dropped.
//
// Groups are sealed by the session's own thread, or, where a small group of a quiet flow becomes due, right
// there: by the thread that appends, or that hears from the shipper. Whoever seals has the claim.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/status.h"
#include "batcher/feed_teller.h"
#include "batcher/sealer.h"
#include "batcher/shipper_client.h"
#include "batcher/tail_merger.h"
#include "batcher/window.h"

namespace srdf::batcher {

class BatcherFlow;

struct SessionEvents {
  std::function<void(const DurableWagon&)> on_durable;    // any thread, one at a time; after each wagon
  std::function<void(const DeliveryState&)> on_delivery;  // another thread; what the shipper tells
  std::function<void(Status)> on_broken;                  // once, any thread: end the feed with this
};

// Begin once, then Append from the feed's thread; End (or the destructor) ends it.
class BatcherSession : public std::enable_shared_from_this<BatcherSession> {
 public:
  BatcherSession(BatcherFlow* flow, SessionEvents events);
  ~BatcherSession();
  BatcherSession(const BatcherSession&) = delete;
  BatcherSession& operator=(const BatcherSession&) = delete;

  // Opens the Store stream; returns where capture resumes.
  Result<SourcePosition> Begin(ShipperClient* shipper);
  Status Append(std::string records);
  // Any thread: ends the session with this status.
  void Break(const Status& status);
  // The feed has ended: what is whole is sealed, as far as that takes a few seconds at most (so that a feed
  // that keeps breaking at one place still gets on), then the session breaks. Tells the flow. Not from the
  // sealer's thread.
  void End();
  // Any thread: what is whole is sealed, then the session ends.
  void Drain();
  // Waits until everything gathered by now is sealed; the uid of the last wagon, empty for none.
  Result<std::string> SealNow();
  // Merges what waits in the outbox, on the sealer's thread.
  Result<MergeCounts> MergeNow(const std::string& actor, bool dry_run);
  WindowStatus window_status() const { return window_.GetStatus(); }

 private:
  void RunSealer(const std::stop_token& stop);
  // Whoever drives sealer_ and merger_ has the claim. Waits for it; false when the session is broken.
  bool Claim();
  // True when somebody else has looked for the claim meanwhile, in vain.
  bool Release();
  // On the thread that has made a small group due, if nobody has the claim: seals it and sends it, which
  // spares a quiet flow the sealer's thread. The claim is kept until the outbox has the wagon.
  void SealHere();
  bool OnStored(const ChainTip& tip);
  void EndSealHere(const WagonHeader& header, const ChainTip& tip);
  // A wagon is durable.
  void Acknowledge(const WagonHeader& header);
  void NotSealed(const Status& status);
  // Merges what is due, until there is a group to be sealed. False: the session is over.
  bool MergeUntilGroup(const std::stop_token& stop);
  Status MergeIfDue();
  struct MergeRequest;
  void OnState(const DeliveryState& state);

  BatcherFlow* const flow_;
  const SessionEvents events_;
  std::stop_source stop_;
  Window window_;

  std::mutex mu_;
  std::condition_variable sealed_;
  // guarded by mu_; store_ is set once
  std::unique_ptr<StoreSession> store_;
  bool broken_ = false;
  bool sealer_running_ = false;
  std::string last_uid_;
  DeliveryState state_;
  std::shared_ptr<MergeRequest> merge_request_;

  bool claimed_ = false;
  bool look_again_ = false;
  bool sealing_here_ = false;  // the claim is SealHere's
  std::optional<WagonHeader> sent_here_;
  std::optional<ChainTip> stored_early_;  // before SealHere had returned from sending

  std::unique_ptr<Sealer> sealer_;      // who has the claim, once the sealer runs
  std::unique_ptr<TailMerger> merger_;  // the same
  uint64_t ends_in_hand_ = 0;           // the same: of the group that is being sealed
  uint64_t ends_durable_ = 0;
  std::thread thread_;
};

}  // namespace srdf::batcher
