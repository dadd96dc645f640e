#include "batcher/batcher_session.h"

#include <chrono>
#include <utility>

#include "batcher/batcher_flow.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::batcher {

namespace {
constexpr std::chrono::seconds kSealNowTimeout{60};
constexpr std::chrono::seconds kDrainTimeout{4};
constexpr std::chrono::seconds kMergeNowTimeout{600};
constexpr std::chrono::milliseconds kFullLook{200};
// As long as the shipper may take to store one.
constexpr std::chrono::seconds kClaimTimeout{120};
// Groups of more bytes take a while to seal, and are left to the sealer's thread.
constexpr uint64_t kSealHereBytesMax = 32u << 10;
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
  // Before what its callbacks use.
  store_.reset();
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
  events.on_stored = [this](const ChainTip& tip) { return OnStored(tip); };
  events.waits_from_wagons = flow_->adaptive_wagons_in_flight();
  auto store = shipper->Open(flow_->name(), std::move(events));
  if (!store.ok()) {
    flow_->Problem(store.status());
    return store.status();
  }
  window_.TellOfAppends(false);
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
  window_.BeginWithCopy(resume.copy);
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
  SRDF_RETURN_IF_ERROR(window_.Append(std::move(records), stop_.get_token()));
  SealHere();
  return {};
}

void BatcherSession::OnState(const DeliveryState& state) {
  const bool ready = !state.outbox_full && state.unapplied_wagons < flow_->adaptive_wagons_in_flight();
  window_.SetDestinationReady(ready, /*tell=*/false);
  events_.on_delivery(state);
  {
    std::lock_guard lock(mu_);
    state_ = state;
    sealed_.notify_all();
  }
  SealHere();
}

bool BatcherSession::Claim() {
  std::unique_lock lock(mu_);
  const bool free = sealed_.wait_for(lock, kClaimTimeout, [&] { return !claimed_ || broken_; });
  if (broken_) return false;
  claimed_ = free;
  lock.unlock();
  if (!free) Break(Status(StatusCode::kUnavailable, "the shipper did not store a wagon in time"));
  return free;
}

bool BatcherSession::Release() {
  std::lock_guard lock(mu_);
  claimed_ = sealing_here_ = false;
  sealed_.notify_all();
  return std::exchange(look_again_, false);
}

void BatcherSession::SealHere() {
  std::optional<Group> group;
  do {
    {
      std::lock_guard lock(mu_);
      // Who has the claim looks at the window again after it.
      if (claimed_) look_again_ = true;
      if (claimed_ || broken_ || !sealer_running_ || state_.outbox_full || merge_request_ != nullptr) return;
      claimed_ = sealing_here_ = true;
    }
    group = window_.TakeSmall(kSealHereBytesMax);
  } while (!group.has_value() && Release());
  if (!group.has_value()) return;
  ends_in_hand_ = group->counts.ends;
  auto header = sealer_->Send(std::move(*group), stop_.get_token());
  if (!header.ok()) return NotSealed(header.status());
  std::optional<ChainTip> stored;
  {
    std::lock_guard lock(mu_);
    stored.swap(stored_early_);
    if (!stored) sent_here_ = *header;
  }
  if (stored) EndSealHere(*header, *stored);
}

bool BatcherSession::OnStored(const ChainTip& tip) {
  std::optional<WagonHeader> header;
  {
    std::lock_guard lock(mu_);
    if (!sealing_here_) return false;
    if (!sent_here_) stored_early_ = tip;
    header.swap(sent_here_);
  }
  if (header) EndSealHere(*header, tip);
  return true;
}

void BatcherSession::EndSealHere(const WagonHeader& header, const ChainTip& tip) {
  if (const Status stored = sealer_->Stored(header, tip); !stored.ok()) return NotSealed(stored);
  Acknowledge(header);
  Release();
  SealHere();  // what has come meanwhile
}

void BatcherSession::Acknowledge(const WagonHeader& header) {
  flow_->WagonSealed(header);
  {
    std::lock_guard lock(mu_);
    last_uid_ = header.uid;
  }
  window_.Done();  // after the uid: who waits for an empty window reads it
  sealed_.notify_all();
  ends_durable_ += ends_in_hand_;
  const bool awaited = StandsAlone(header.seal_reason) || header.first.copy != header.last.copy;
  events_.on_durable({header.last, ends_durable_, awaited});
  SRDF_FAILPOINT("batcher.after_acknowledge");
}

void BatcherSession::NotSealed(const Status& status) {
  if (!stop_.stop_requested() && status.code() != StatusCode::kCancelled) {
    obs::Error("wagon_not_sealed", {{"flow", flow_->name()}, {"error", flow_->Loggable(status)}});
    flow_->Problem(status);
  }
  Break(status);
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
    if (!MergeUntilGroup(stop) || !Claim()) return;
    auto group = window_.TakeNow();
    if (!group.has_value()) {
      Release();
      if (stop.stop_requested() || window_.IsDrained()) break;
      continue;  // it was sealed where it became due
    }
    ends_in_hand_ = group->counts.ends;
    auto header = sealer_->Seal(std::move(*group), stop);
    if (!header.ok()) return NotSealed(header.status());
    Acknowledge(*header);
    Release();
  }
  if (!stop.stop_requested()) Break(Status(StatusCode::kUnavailable, "the batcher is stopping"));
}

bool BatcherSession::MergeUntilGroup(const std::stop_token& stop) {
  for (;;) {
    if (!Claim()) return false;
    if (const Status merged = MergeIfDue(); !merged.ok()) {
      Break(merged);
      return false;
    }
    Release();
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

}  // namespace srdf::batcher
