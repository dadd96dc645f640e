#include "batcher/batcher_flow.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/redacted.h"
#include "obs/log.h"

namespace srdf::batcher {

BatcherFlow::BatcherFlow(const config::FlowConfig& config, std::string spill_dir, crypto::KeyRingSource* keys)
    : config_(config), spill_dir_(std::move(spill_dir)), keys_(keys) {}

WindowLimits BatcherFlow::limits() const {
  WindowLimits limits;
  limits.adaptive = config_.batch_mode == "adaptive";
  limits.on_commit = config_.batch_mode == "on_commit";
  limits.events_max = config_.batch_max_events;
  limits.bytes_max = config_.batch_max_bytes;
  limits.age_max = std::chrono::seconds(config_.batch_max_age_seconds);
  return limits;
}

SealerOptions BatcherFlow::sealer_options() const {
  SealerOptions options;
  options.flow = config_.name;
  options.compaction_enabled = config_.compaction_enabled;
  options.codec = !config_.compression_enabled          ? Codec::kNone
                  : config_.compression_codec == "gzip" ? Codec::kGzip
                                                        : Codec::kZstd;
  options.compression_level = config_.compression_level;
  options.spill_dir = spill_dir_;
  options.keys = keys_;
  return options;
}

MergeLimits BatcherFlow::merge_limits() const {
  MergeLimits limits;
  limits.wagons_min = config_.outage_merge_min_wagons;
  limits.raw_bytes_max = config_.outage_merge_max_bytes;
  limits.rows_max = std::max<uint64_t>(config_.batch_max_events, limits.rows_max);
  return limits;
}

void BatcherFlow::WagonsMerged(const MergeCounts& counts) {
  std::lock_guard lock(mu_);
  status_.merges.Add(counts);
}

void BatcherFlow::SessionBegan(std::shared_ptr<BatcherSession> session, const SourcePosition& resume) {
  std::lock_guard lock(mu_);
  session_ = std::move(session);
  status_.capture_connected = status_.shipper_connected = true;
  status_.sealed = resume;
  status_.problem = {};
  obs::Info("feed_opened", {{"flow", name()}, {"resume", resume.gtid}});
}

void BatcherFlow::SessionEnded(BatcherSession* session) {
  // Let go outside of the lock: the last reference may be this one.
  std::shared_ptr<BatcherSession> gone;
  std::lock_guard lock(mu_);
  if (session_.get() != session) return;
  gone = std::move(session_);
  status_.capture_connected = status_.shipper_connected = false;
  obs::Info("feed_closed", {{"flow", name()}});
}

void BatcherFlow::WagonSealed(const WagonHeader& header) {
  std::lock_guard lock(mu_);
  status_.sealed = header.last;
  NoteKey(header.key_id);
  ++status_.wagons_sealed;
  ++status_.wagons_by_reason[SealReasonName(header.seal_reason)];
  status_.rows_before += header.rows_before;
  status_.rows_after += header.rows_after;
  obs::Debug("wagon_sealed", {{"flow", name()},
                              {"sequence", header.sequence},
                              {"uid", header.uid},
                              {"reason", SealReasonName(header.seal_reason)},
                              {"transactions", header.transactions},
                              {"rows_before", header.rows_before},
                              {"rows_after", header.rows_after},
                              {"bytes", header.payload_compressed_bytes}});
}

// Under mu_. A ring that cannot be read any more stops nothing yet: it is a problem until it can.
void BatcherFlow::NoteKey(const std::string& key_id) {
  if (keys_ == nullptr) return;
  if (key_id != status_.key_id) obs::Info("sealing_key", {{"flow", name()}, {"key_id", key_id}});
  status_.key_id = key_id;
  const Status ring = keys_->problem();
  if (ring.ToString() == ring_problem_.ToString()) return;
  if (!ring.ok()) obs::Warn("key_ring_not_read", {{"flow", name()}, {"key_id", key_id}, {"reason", ring}});
  if (!ring.ok() || status_.problem.ToString() == ring_problem_.ToString()) {
    status_.problem = ring;
    status_.problem_since_ms = WallClockMs();
  }
  ring_problem_ = ring;
}

Status BatcherFlow::Loggable(const Status& status) const {
  const bool of_rows =
      status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kFailedPrecondition;
  return keys_ != nullptr && of_rows ? Redacted(status, "a wagon cannot be made") : status;
}

void BatcherFlow::Problem(const Status& status) {
  std::lock_guard lock(mu_);
  status_.problem = status;
  status_.problem_since_ms = WallClockMs();
}

BatcherStatus BatcherFlow::GetStatus() const {
  std::lock_guard lock(mu_);
  BatcherStatus status = status_;
  if (session_ != nullptr) status.window = session_->window_status();
  return status;
}

Result<std::string> BatcherFlow::SealNow() {
  std::shared_ptr<BatcherSession> session;
  {
    std::lock_guard lock(mu_);
    session = session_;
  }
  if (session == nullptr) {
    return Status(StatusCode::kUnavailable, "nothing feeds flow " + name() + " now", "see `srdfctl status`");
  }
  return session->SealNow();
}

Result<MergeCounts> BatcherFlow::MergeNow(const std::string& actor, bool dry_run) {
  std::shared_ptr<BatcherSession> session;
  {
    std::lock_guard lock(mu_);
    session = session_;
  }
  if (session == nullptr) {
    return Status(StatusCode::kUnavailable, "nothing feeds flow " + name() + " now", "see `srdfctl status`");
  }
  return session->MergeNow(actor, dry_run);
}

void BatcherFlow::Drain() {
  std::lock_guard lock(mu_);
  if (session_ != nullptr) session_->Drain();
}

}  // namespace srdf::batcher
