#include "batcher/batcher_flow.h"

#include <chrono>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::batcher {

namespace {
constexpr std::chrono::seconds kSealNowTimeout{60};
constexpr std::chrono::seconds kDrainTimeout{4};
}  // namespace

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
  auto store = shipper->Open(flow_->name(), std::move(events));
  if (!store.ok()) {
    flow_->Problem(store.status());
    return store.status();
  }
  sealer_ = std::make_unique<Sealer>(flow_->sealer_options(), store->get());
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
    {
      // A full outbox is a state, not an error: nothing is sealed until wagons were applied and purged.
      std::unique_lock lock(mu_);
      sealed_.wait(lock, [&] { return !state_.outbox_full || broken_; });
    }
    auto group = window_.Take(stop);
    if (!group.has_value()) break;
    auto header = sealer_->Seal(std::move(*group), stop);
    if (!header.ok()) {
      if (!stop.stop_requested() && header.status().code() != StatusCode::kCancelled) {
        obs::Error("wagon_not_sealed", {{"flow", flow_->name()}, {"error", header.status()}});
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

void BatcherFlow::Drain() {
  std::lock_guard lock(mu_);
  if (session_ != nullptr) session_->Drain();
}

}  // namespace srdf::batcher
