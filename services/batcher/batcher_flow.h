// BatcherFlow: one flow in the batcher: at most one feed session at a time, and what is known across them.
//
// A session is a Store stream to the shipper, a window and a sealer thread; it begins and ends with capture's
// Feed stream. When either side breaks, the session ends and the open window is dropped: capture is fed
// again from the position the outbox covers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/status.h"
#include "batcher/sealer.h"
#include "batcher/shipper_client.h"
#include "batcher/tail_merger.h"
#include "batcher/window.h"
#include "config/config.h"

namespace srdf::batcher {

struct BatcherStatus {
  bool capture_connected = false;
  bool shipper_connected = false;
  WindowStatus window;
  SourcePosition sealed;
  std::string key_id;  // of the last wagon sealed; empty: none, or not encrypted
  uint64_t wagons_sealed = 0;
  std::map<std::string, uint64_t> wagons_by_reason;
  uint64_t rows_before = 0;
  uint64_t rows_after = 0;
  MergeCounts merges;
  Status problem;
  int64_t problem_since_ms = 0;
};

struct SessionEvents {
  std::function<void(const SourcePosition&)> on_durable;  // sealer's thread, after each wagon
  std::function<void(Status)> on_broken;                  // once, any thread: end the feed with this
};

class BatcherFlow;

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

  std::unique_ptr<Sealer> sealer_;      // sealer thread, once that runs
  std::unique_ptr<TailMerger> merger_;  // the same
  std::thread thread_;
};

class BatcherFlow {
 public:
  // `keys` outlives the flow; none when it is not encrypted.
  BatcherFlow(const config::FlowConfig& config, std::string spill_dir, crypto::KeyRingSource* keys);

  const std::string& name() const { return config_.name; }
  WindowLimits limits() const;
  SealerOptions sealer_options() const;
  MergeLimits merge_limits() const;
  bool merges_by_itself() const { return config_.outage_merge == "auto" && config_.compaction_enabled; }
  uint32_t adaptive_wagons_in_flight() const { return config_.adaptive_wagons_in_flight; }

  // The session's word to the flow. Any thread.
  void SessionBegan(std::shared_ptr<BatcherSession> session, const SourcePosition& resume);
  void SessionEnded(BatcherSession* session);
  void WagonSealed(const WagonHeader& header);
  void WagonsMerged(const MergeCounts& counts);
  void Problem(const Status& status);
  // An error of making a wagon, for the log: what compaction says of rows names their keys.
  Status Loggable(const Status& status) const;

  BatcherStatus GetStatus() const;
  // Seals the open window; see BatcherSession::SealNow. kUnavailable when nothing feeds the flow.
  Result<std::string> SealNow();
  // Merges the wagons that wait in the outbox; see BatcherSession::MergeNow.
  Result<MergeCounts> MergeNow(const std::string& actor, bool dry_run);
  void Drain();

 private:
  void NoteKey(const std::string& key_id);

  const config::FlowConfig config_;
  const std::string spill_dir_;
  crypto::KeyRingSource* const keys_;
  mutable std::mutex mu_;
  // guarded by mu_
  std::shared_ptr<BatcherSession> session_;
  BatcherStatus status_;
  Status ring_problem_;  // as it was told last
};

}  // namespace srdf::batcher
