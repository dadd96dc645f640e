// BatcherFlow: one flow in the batcher: at most one feed session at a time, and what is known across them.
//
// When a session (batcher_session.h) breaks, capture is fed again from the position the outbox covers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "batcher/batcher_session.h"
#include "batcher/sealer.h"
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
