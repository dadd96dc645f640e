#include "shipper/shipper_flow.h"

#include <chrono>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::shipper {

namespace {

constexpr std::chrono::seconds kStartingPointWait{8};

LinkOptions LinkOptionsOf(const config::FlowConfig& config, SendGate* gate) {
  LinkOptions options;
  options.flow = config.name;
  options.gate = gate;
  options.ack_timeout = std::chrono::seconds(config.ack_timeout_seconds);
  options.retry.schedule = RetrySchedule(config.retry_backoff_policy, config.retry_max_attempts);
  return options;
}

ChainTip TipOf(const store::OutboxWagon& wagon) {
  const WagonHeader& header = wagon.header;
  return {header.epoch, header.sequence, header.uid, wagon.hash, header.last};
}

// A message less for each wagon of a quiet flow, whose batcher waits for nothing.
bool MustBeTold(const DeliveryState& told, const DeliveryState& now, uint64_t waits_from_wagons) {
  if (told == now) return false;
  const bool fewer = now.unapplied_wagons < told.unapplied_wagons && now.outbox_full == told.outbox_full;
  return !fewer || told.unapplied_wagons >= waits_from_wagons;
}

}  // namespace

ShipperFlow::ShipperFlow(const config::FlowConfig& config, store::Outbox* outbox, ReceiverClient* receiver,
                         SendGate* gate)
    : name_(config.name),
      outbox_bytes_max_(config.outbox_max_bytes),
      purge_after_days_(config.purge_after_days),
      outbox_(outbox),
      send_settings_(config, outbox, gate),
      link_(LinkOptionsOf(config, gate), outbox, receiver,
            LinkEvents{[this] { RecountAndPush(); },
                       [this] {
                         std::lock_guard lock(mu_);
                         if (stream_.has_value()) {
                           stream_->on_abort(
                               Status(StatusCode::kAborted, "the outbox adopted what the destination holds"));
                         }
                         changed_.notify_all();
                       },
                       [this](uint64_t sequence) { Applied(sequence); }}) {}

Status ShipperFlow::Start() {
  SRDF_ASSIGN_OR_RETURN(const store::OutboxFlow flow, outbox_->GetFlow(name_));
  SRDF_RETURN_IF_ERROR(send_settings_.Load());
  link_.Start(flow.paused);
  std::lock_guard lock(mu_);
  changed_.notify_all();  // a stream may wait to learn whether an agreement is wanted
  return {};
}

void ShipperFlow::BeginDrain() {
  std::lock_guard lock(mu_);
  stopping_ = true;
  changed_.notify_all();
}

void ShipperFlow::Stop() {
  BeginDrain();
  link_.Stop();
}

Status ShipperFlow::OpenStore(StoreStreamEvents events) {
  const auto deadline = std::chrono::steady_clock::now() + kStartingPointWait;
  std::unique_lock lock(mu_);
  Status agreement_wanted;
  for (;;) {
    // Before the tip is looked at: an agreement may move it.
    agreement_wanted = link_.agreement_wanted();
    // Under mu_, so that a tip that moves after this look aborts the stream that was told the old one.
    SRDF_ASSIGN_OR_RETURN(const store::OutboxFlow flow, outbox_->GetFlow(name_));
    if (flow.initialised && agreement_wanted.ok()) {
      SRDF_ASSIGN_OR_RETURN(told_, StateLocked());
      stream_ = std::move(events);
      stream_->on_opened(flow.tip, *told_);
      return {};
    }
    if (stopping_ || changed_.wait_until(lock, deadline) == std::cv_status::timeout) break;
  }
  if (!agreement_wanted.ok()) return agreement_wanted;
  return {
      StatusCode::kUnavailable,
      "the starting point of flow " + name_ + " is not known: the destination has not told its checkpoint",
      "start receiver and applier, and once per flow `srdfctl establish " + name_ + "`"};
}

void ShipperFlow::CloseStore() {
  std::lock_guard lock(mu_);
  stream_.reset();
}

Status ShipperFlow::ForBatcher(const Status& error) const {
  if (error.ok() || outbox_->disk()->Health().takes_wagons) return error;
  return {StatusCode::kUnavailable, error.message(), error.remedy()};
}

bool ShipperFlow::batcher_connected() const {
  std::lock_guard lock(mu_);
  return stream_.has_value();
}

Result<DeliveryState> ShipperFlow::StateLocked() {
  DeliveryState state;
  if (!tally_.known()) {
    SRDF_ASSIGN_OR_RETURN(const store::OutboxFlow flow, outbox_->GetFlow(name_));
    state.unapplied_wagons = flow.unapplied_wagons;
    state.unapplied_bytes = flow.unapplied_bytes;
    if (state.unapplied_wagons <= DeliveryTally::kWagonsMax) {
      SRDF_ASSIGN_OR_RETURN(const auto unapplied, outbox_->Unapplied(name_, DeliveryTally::kWagonsMax));
      tally_.Begin(unapplied);
    }
  }
  if (tally_.known()) {
    state.unapplied_wagons = tally_.wagons();
    state.unapplied_bytes = tally_.bytes();
  }
  state.outbox_full = state.unapplied_bytes >= outbox_bytes_max_ || !outbox_->disk()->Health().takes_wagons;
  return state;
}

// Under the lock until it is told: two pushes must not leave the older state as the last word.
void ShipperFlow::PushLocked(const ChainTip* stored) {
  changed_.notify_all();
  if (!stream_.has_value()) return;
  auto state = StateLocked();
  if (!state.ok()) return stream_->on_abort(ForBatcher(state.status()));
  if (stored != nullptr) {
    stream_->on_stored(*stored, *state);
  } else if (MustBeTold(*told_, *state, stream_->waits_from_wagons)) {
    stream_->on_state(*state);
  } else {
    return;
  }
  told_ = *state;
}

void ShipperFlow::RecountAndPush() {
  std::lock_guard lock(mu_);
  tally_.Forget();
  PushLocked(nullptr);
}

void ShipperFlow::Applied(uint64_t sequence) {
  std::lock_guard lock(mu_);
  tally_.Applied(sequence);
  PushLocked(nullptr);
}

void ShipperFlow::WagonStored(FreshWagon stored) {
  const ChainTip tip = TipOf(stored.wagon);
  const uint64_t frame_bytes = stored.wagon.frame_bytes;
  link_.WagonStored(std::move(stored));  // first: nothing else of this is waited for at the target
  TellStored(tip, frame_bytes);
}

// What the destination has said of the wagon meanwhile comes after the word that it is stored.
void ShipperFlow::EarlyWagonStored(const FreshWagon& wagon, const Status& stored) {
  if (stored.ok()) TellStored(TipOf(wagon.wagon), wagon.wagon.frame_bytes);
  link_.EndEarly(stored);
}

void ShipperFlow::TellStored(const ChainTip& tip, uint64_t frame_bytes) {
  std::lock_guard lock(mu_);
  tally_.Stored(tip.sequence, frame_bytes);
  PushLocked(&tip);
}

void ShipperFlow::TailReplaced() {
  link_.WagonStored();
  RecountAndPush();
}

void ShipperFlow::StoreChanged(const store::StoreHealth& health) {
  bool reopened = false;
  {
    std::lock_guard lock(mu_);
    reopened = health.generation != store_generation_;
    store_generation_ = health.generation;
    if (reopened && stream_.has_value()) {
      stream_->on_abort(
          Status(StatusCode::kAborted, "the outbox was opened again after an I/O error: agree again"));
    }
  }
  link_.StoreChanged(health.writable ? Status::Ok() : health.problem, reopened);
  RecountAndPush();
}

Status ShipperFlow::Pause() {
  SRDF_RETURN_IF_ERROR(outbox_->SetPaused(name_, true));
  link_.Pause();
  obs::Info("flow_paused", {{"flow", name_}});
  return {};
}

Status ShipperFlow::Resume() {
  SRDF_RETURN_IF_ERROR(outbox_->SetPaused(name_, false));
  SRDF_RETURN_IF_ERROR(outbox_->Requeue(name_));
  link_.Resume();
  obs::Info("flow_resumed", {{"flow", name_}});
  return {};
}

Status ShipperFlow::GoOnWithoutAgreement(const std::string& actor) {
  SRDF_ASSIGN_OR_RETURN(const bool waited, link_.GoOnWithoutAgreement());
  if (!waited) return {};
  obs::Warn("flow_goes_on_without_agreement", {{"flow", name_}, {"actor", actor}});
  store::AuditEntry entry;
  entry.actor = actor;
  entry.action = "flow.resume_without_agreement";
  entry.flow = name_;
  entry.detail = "stores again though the destination may have a wagon more than the outbox";
  const Status audited = outbox_->Audit(entry);
  std::lock_guard lock(mu_);
  changed_.notify_all();
  return audited;
}

Result<uint64_t> ShipperFlow::Retry(uint64_t sequence, const std::string& actor, const std::string& reason) {
  SRDF_ASSIGN_OR_RETURN(const uint64_t changed, outbox_->Retry(name_, sequence, actor, reason));
  link_.RetryNow();
  obs::Info("delivery_retry_asked",
            {{"flow", name_}, {"sequence", sequence}, {"actor", actor}, {"changed", changed}});
  return changed;
}

void ShipperFlow::Purge() {
  const auto keep_ms = static_cast<int64_t>(purge_after_days_) * 24 * 3600 * 1000;
  const auto purged = outbox_->Purge(name_, WallClockMs() - keep_ms);
  if (!purged.ok()) obs::Error("outbox_purge_failed", {{"flow", name_}, {"error", purged.status()}});
  if (purged.ok() && *purged != 0) obs::Info("outbox_purged", {{"flow", name_}, {"wagons", *purged}});
  std::lock_guard lock(mu_);
  purge_problem_ = purged.status().WithContext("purging the outbox");
  purge_problem_since_ms_ = WallClockMs();
}

std::pair<Status, int64_t> ShipperFlow::purge_problem() const {
  std::lock_guard lock(mu_);
  return {purge_problem_, purge_problem_since_ms_};
}

Status StoreIntake::Begin() {
  verifier_ = wire::NewFrameVerifier();
  SRDF_ASSIGN_OR_RETURN(writer_, flow_->outbox()->NewWagon(flow_->name()));
  frame_bytes_ = 0;
  frame_.clear();
  return {};
}

Status StoreIntake::Append(std::string_view data, bool last) {
  if (writer_ == nullptr) SRDF_RETURN_IF_ERROR(Begin());
  SRDF_RETURN_IF_ERROR(verifier_->Append(data));
  SRDF_RETURN_IF_ERROR(writer_->Append(data));
  frame_bytes_ += data.size();
  if (frame_bytes_ <= kFreshBytesMax) frame_.append(data);
  if (!last) return {};
  WagonHeader header;
  std::string hash;
  SRDF_RETURN_IF_ERROR(verifier_->Finish(&header, &hash));
  if (header.flow != flow_->name()) {
    return Status(StatusCode::kInvalidArgument,
                  "a wagon of flow " + header.flow + " came on the stream of flow " + flow_->name());
  }
  FreshWagon wagon;
  wagon.wagon.header = std::move(header);
  wagon.wagon.hash = std::move(hash);
  wagon.wagon.frame_bytes = frame_bytes_;
  wagon.wagon.chunk_count = 1;  // of one with its frame
  wagon.wagon.status = store::DeliveryStatus::kSealed;
  if (frame_bytes_ <= kFreshBytesMax) wagon.frame = std::exchange(frame_, {});
  return Store(std::move(wagon));
}

Status StoreIntake::Store(FreshWagon wagon) {
  SRDF_FAILPOINT("shipper.before_commit");
  const auto begun = flow_->SendEarly(&wagon);
  const Status stored =
      writer_->Commit(wagon.wagon.header, wagon.wagon.hash, begun.has_value() ? &*begun : nullptr);
  if (stored.ok()) {
    SRDF_FAILPOINT("shipper.after_commit");
    writer_.reset();
    verifier_.reset();
  }
  if (begun) {
    flow_->EarlyWagonStored(wagon, stored);
  } else if (stored.ok()) {
    flow_->WagonStored(std::move(wagon));
  }
  return stored;
}

}  // namespace srdf::shipper
