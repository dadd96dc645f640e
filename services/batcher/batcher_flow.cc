#include "batcher/batcher_flow.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/redacted.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::batcher {

namespace {
constexpr std::chrono::seconds kSealNowTimeout{60};
constexpr std::chrono::seconds kDrainTimeout{4};
constexpr std::chrono::seconds kMergeNowTimeout{600};
constexpr std::chrono::milliseconds kFullLook{200};
}  // namespace

// Guarded by the session's mu_.
struct BatcherSession::MergeRequest {
  std::string actor;
  bool dry_run = false;
  std::optional<Result<MergeCounts>> answer;
};

BatcherSession::BatcherSession(BatcherFlow* flow, SessionEvents events)
    : flow_(flow), events_(std::move(events)), window_(flow->limits()) {}

BatcherSession::~BatcherSession() {
  Break(Status(StatusCode::kCancelled, "the feed has ended"));
  if (thread_.joinable()) thread_.join();
}

void BatcherSession::End() {
  window_.EndFeed();
  {
    std::unique_lock lock(mu_);
    sealed_.wait_for(lock, kDrainTimeout, [&] { return broken_ || !sealer_running_; });
  }
  Break(Status(StatusCode::kCancelled, "the feed has ended"));
  if (thread_.joinable()) thread_.join();
  flow_->SessionEnded(this);
}

Result<SourcePosition> BatcherSession::Begin(ShipperClient* shipper) {
  StoreEvents events;
  events.on_state = [this](const DeliveryState& state) { OnState(state); };
  events.on_end = [this](const Status& status) { Break(status); };
  events.waits_from_wagons = flow_->adaptive_wagons_in_flight();
  auto store = shipper->Open(flow_->name(), std::move(events));
  if (!store.ok()) {
    flow_->Problem(store.status());
    return store.status();
  }
  sealer_ = std::make_unique<Sealer>(flow_->sealer_options(), store->get());
  if (TailStore* tail = (*store)->tail(); tail != nullptr) {
    merger_ = std::make_unique<TailMerger>(flow_->merge_limits(), flow_->merges_by_itself(),
                                           flow_->sealer_options(), sealer_.get(), tail);
  }
  {
    std::lock_guard lock(mu_);
    store_ = std::move(store).value();
    if (broken_) store_->Cancel();
  }
  const SourcePosition resume = sealer_->tip().position;
  flow_->SessionBegan(shared_from_this(), resume);
  {
    std::lock_guard lock(mu_);
    sealer_running_ = true;
  }
  thread_ = std::thread([this] {
    RunSealer(stop_.get_token());
    std::lock_guard lock(mu_);
    sealer_running_ = false;
    sealed_.notify_all();
  });
  return resume;
}

Status BatcherSession::Append(std::string records) {
  return window_.Append(std::move(records), stop_.get_token());
}

void BatcherSession::OnState(const DeliveryState& state) {
  const bool ready = !state.outbox_full && state.unapplied_wagons < flow_->adaptive_wagons_in_flight();
  window_.SetDestinationReady(ready);
  std::lock_guard lock(mu_);
  state_ = state;
  sealed_.notify_all();
}

void BatcherSession::Break(const Status& status) {
  stop_.request_stop();
  {
    std::lock_guard lock(mu_);
    if (broken_) return;
    broken_ = true;
    if (status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kInternal) {
      flow_->Problem(status);
    }
    if (store_ != nullptr) store_->Cancel();
    sealed_.notify_all();
  }
  events_.on_broken(status);
}

void BatcherSession::Drain() { window_.Drain(); }

void BatcherSession::RunSealer(const std::stop_token& stop) {
  for (;;) {
    if (!MergeUntilGroup(stop)) return;
    auto group = window_.Take(stop);
    if (!group.has_value()) break;
    auto header = sealer_->Seal(std::move(*group), stop);
    if (!header.ok()) {
      if (!stop.stop_requested() && header.status().code() != StatusCode::kCancelled) {
        obs::Error("wagon_not_sealed",
                   {{"flow", flow_->name()}, {"error", flow_->Loggable(header.status())}});
        flow_->Problem(header.status());
      }
      Break(header.status());
      return;
    }
    flow_->WagonSealed(*header);
    {
      std::lock_guard lock(mu_);
      last_uid_ = header->uid;
    }
    window_.Done();  // after the uid: who waits for an empty window reads it
    sealed_.notify_all();
    events_.on_durable(header->last);
    SRDF_FAILPOINT("batcher.after_acknowledge");
  }
  if (!stop.stop_requested()) Break(Status(StatusCode::kUnavailable, "the batcher is stopping"));
}

bool BatcherSession::MergeUntilGroup(const std::stop_token& stop) {
  for (;;) {
    if (const Status merged = MergeIfDue(); !merged.ok()) {
      Break(merged);
      return false;
    }
    auto deadline = std::chrono::steady_clock::now() + kFullLook;
    {
      // A full outbox is a state, not an error: nothing is sealed until wagons were applied or merged.
      std::unique_lock lock(mu_);
      sealed_.wait_until(lock, deadline, [&] { return !state_.outbox_full || broken_; });
      if (state_.outbox_full && !broken_) continue;
      deadline = merger_ == nullptr ? std::chrono::steady_clock::time_point::max()
                                    : merger_->NextLook(state_.unapplied_wagons);
    }
    if (window_.WaitUntil(deadline, stop)) return true;
  }
}

Status BatcherSession::MergeIfDue() {
  if (merger_ == nullptr) return {};
  const auto stopped = [this] { return stop_.stop_requested(); };
  std::shared_ptr<MergeRequest> request;
  uint64_t unapplied_wagons = 0;
  {
    std::lock_guard lock(mu_);
    request = merge_request_;
    unapplied_wagons = state_.unapplied_wagons;
  }
  Result<MergeOutcome> outcome = MergeOutcome();
  if (request != nullptr) {
    outcome = merger_->MergeAll(request->actor, request->dry_run, stopped);
  } else if (merger_->NextLook(unapplied_wagons) <= std::chrono::steady_clock::now()) {
    outcome = merger_->MergeIfAway(stopped);
  }
  const Status refused = outcome.ok() ? outcome->refused : outcome.status();
  if (request == nullptr && !refused.ok()) {
    obs::Warn("wagons_not_merged", {{"flow", flow_->name()}, {"error", flow_->Loggable(refused)}});
  }
  if (refused.ok() && (request == nullptr || !request->dry_run)) flow_->WagonsMerged(outcome->counts);
  if (request != nullptr) {
    std::lock_guard lock(mu_);
    request->answer = refused.ok() ? Result<MergeCounts>(outcome->counts) : Result<MergeCounts>(refused);
    merge_request_.reset();
    sealed_.notify_all();
  }
  return outcome.status();
}

Result<MergeCounts> BatcherSession::MergeNow(const std::string& actor, bool dry_run) {
  const auto request = std::make_shared<MergeRequest>(MergeRequest{actor, dry_run, {}});
  std::unique_lock lock(mu_);
  if (merge_request_ != nullptr) {
    return Status(StatusCode::kAborted, "a merge is under way already", "try again when it has ended");
  }
  merge_request_ = request;
  lock.unlock();
  window_.Wake();
  lock.lock();
  sealed_.wait_for(lock, kMergeNowTimeout, [&] { return broken_ || request->answer.has_value(); });
  if (request->answer.has_value()) return *request->answer;
  if (merge_request_ == request) merge_request_.reset();
  return broken_ ? Status(StatusCode::kUnavailable, "the feed broke before the merge was done", "try again")
                 : Status(StatusCode::kDeadlineExceeded, "the merge takes longer than ten minutes",
                          "it goes on; see `srdfctl status`");
}

Result<std::string> BatcherSession::SealNow() {
  if (!window_.CloseNow(SealReason::kManual)) return std::string();
  std::unique_lock lock(mu_);
  const bool done = sealed_.wait_for(lock, kSealNowTimeout,
                                     [&] { return broken_ || window_.GetStatus().closed_groups == 0; });
  if (broken_)
    return Status(StatusCode::kUnavailable, "the feed broke before the wagon was stored", "try again");
  if (!done)
    return Status(StatusCode::kDeadlineExceeded, "the wagon was not stored within 60 s",
                  "see `srdfctl status`");
  return last_uid_;
}

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
