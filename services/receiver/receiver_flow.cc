#include "receiver/receiver_flow.h"

#include <algorithm>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::receiver {

ReceiverFlow::ReceiverFlow(const config::FlowConfig& config, store::Inbox* inbox)
    : name_(config.name),
      inbox_bytes_max_(config.inbox_max_bytes),
      purge_after_days_(config.purge_after_days),
      inbox_(inbox) {}

Readiness ReceiverFlow::OpenDeliver(DeliverStreamEvents events) {
  std::lock_guard lock(mu_);
  deliver_ = std::move(events);
  opened_ = false;
  told_ = ReadinessOf(Facts());
  credit_out_ = FirstCredit(told_);
  credit_withheld_ = kCreditBytes - credit_out_;
  return told_;
}

Status ReceiverFlow::Opened() {
  std::lock_guard lock(mu_);
  opened_ = true;
  return ReleaseCredit();
}

void ReceiverFlow::CloseDeliver() {
  std::lock_guard lock(mu_);
  deliver_.reset();
}

void ReceiverFlow::WagonAccepted(uint64_t frame_bytes) {
  std::lock_guard lock(mu_);
  ++accepted_ticks_;
  accepted_bytes_since_ += frame_bytes;
  store_problem_ = {};
  TellReadiness(false);
  changed_.notify_all();
}

Status ReceiverFlow::TakeCredit(uint64_t bytes) {
  std::lock_guard lock(mu_);
  if (bytes > credit_out_) {
    return {StatusCode::kAborted, "a chunk of " + std::to_string(bytes) + " bytes came with credit for " +
                                      std::to_string(credit_out_)};
  }
  credit_out_ -= bytes;
  return {};
}

uint64_t ReceiverFlow::CreditFor(uint64_t bytes) {
  std::lock_guard lock(mu_);
  const auto flow = inbox_->GetFlow(name_);
  if (flow.ok() && flow->unapplied_bytes < inbox_bytes_max_ && inbox_->disk()->Health().takes_wagons) {
    credit_out_ += bytes;
    return bytes;
  }
  credit_withheld_ += bytes;
  return 0;
}

// The inbox is full: credit was held back, and comes back as wagons are applied.
Status ReceiverFlow::ReleaseCredit() {
  if (credit_withheld_ == 0 || !deliver_.has_value() || !opened_ || !inbox_->disk()->Health().takes_wagons)
    return {};
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow flow, inbox_->GetFlow(name_));
  if (flow.unapplied_bytes >= inbox_bytes_max_) return {};
  deliver_->on_credit(credit_withheld_);
  credit_out_ += credit_withheld_;
  credit_withheld_ = 0;
  return {};
}

void ReceiverFlow::DiskChanged(const store::StoreHealth& health) {
  uint64_t applied = 0;
  if (health.writable) {
    std::lock_guard lock(mu_);
    std::swap(applied, applied_unwritten_);
  }
  Status status = applied == 0 ? Status::Ok() : inbox_->MarkApplied(name_, applied);
  std::lock_guard lock(mu_);
  if (!status.ok()) {
    applied_unwritten_ = std::max(applied_unwritten_, applied);
    obs::Warn("inbox_mark_applied_failed", {{"flow", name_}, {"error", status}});
  }
  if (health.takes_wagons) store_problem_ = {};
  TellReadiness(false);
  if (status = ReleaseCredit(); !status.ok()) obs::Warn("credit_held", {{"flow", name_}, {"reason", status}});
}

Status ReceiverFlow::OpenTake(const ChainTip& checkpoint, const std::vector<uint64_t>& skipped,
                              std::function<void(const Status&)> end) {
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow before, inbox_->GetFlow(name_));
  SRDF_FAILPOINT("receiver.before_adopt");
  SRDF_RETURN_IF_ERROR(inbox_->AdoptCheckpoint(name_, checkpoint, skipped));
  SRDF_FAILPOINT("receiver.after_adopt");
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow after, inbox_->GetFlow(name_));
  {
    std::lock_guard lock(skipped_mu_);
    skipped_at_target_ = skipped;
  }
  std::lock_guard lock(mu_);
  end_take_ = std::move(end);
  problem_ = {};
  applied_sequence_ = checkpoint.sequence;
  ++accepted_ticks_;
  changed_.notify_all();
  obs::Info("applier_connected", {{"flow", name_}, {"checkpoint", checkpoint.sequence}});
  if (!deliver_.has_value()) return {};
  if (!before.tip_known) {
    told_ = ReadinessOf(Facts());
    credit_out_ = FirstCredit(told_);
    credit_withheld_ = kCreditBytes - credit_out_;
    deliver_->on_tip_known(told_);
  } else if (after.tip.sequence > before.tip.sequence && after.tip.sequence == checkpoint.sequence) {
    // The target is ahead of what this inbox had: the shipper's idea of the flow is the inbox's old one.
    deliver_->on_tip_moved();
  } else if (checkpoint.sequence != 0) {
    SRDF_ASSIGN_OR_RETURN(const auto all_skipped, Skipped());
    deliver_->on_applied(checkpoint.sequence, all_skipped);
  }
  return ReleaseCredit();
}

void ReceiverFlow::CloseTake() {
  std::lock_guard lock(mu_);
  end_take_ = {};
}

Status ReceiverFlow::Applied(uint64_t sequence, bool skipped) {
  SRDF_FAILPOINT("receiver.before_mark_applied");
  const Status marked = inbox_->MarkApplied(name_, sequence, skipped);
  // The checkpoint in the target is the truth: a disk that cannot note it need not stop the applier. (Of a
  // skipped one the next stream tells again.)
  const bool later = !skipped && !marked.ok() && !inbox_->disk()->Health().writable;
  if (!later) SRDF_RETURN_IF_ERROR(marked);
  SRDF_FAILPOINT("receiver.after_mark_applied");
  std::lock_guard lock(mu_);
  if (later) applied_unwritten_ = std::max(applied_unwritten_, sequence);
  applied_sequence_ = std::max(applied_sequence_, sequence);
  ++accepted_ticks_;
  if (const auto flow = inbox_->GetFlow(name_); flow.ok()) {
    const uint64_t had = unapplied_bytes_seen_ + accepted_bytes_since_;
    drain_.Applied(had > flow->unapplied_bytes ? had - flow->unapplied_bytes : 0,
                   std::chrono::steady_clock::now());
    unapplied_bytes_seen_ = flow->unapplied_bytes;
    accepted_bytes_since_ = 0;
  }
  TellReadiness(false);
  changed_.notify_all();
  if (deliver_.has_value()) {
    SRDF_ASSIGN_OR_RETURN(const auto all_skipped, Skipped());
    deliver_->on_applied(sequence, all_skipped);
  }
  return ReleaseCredit();
}

Status ReceiverFlow::Failed(uint64_t sequence, const Status& problem) {
  SRDF_RETURN_IF_ERROR(inbox_->MarkFailed(name_, sequence, problem.ToString()));
  std::lock_guard lock(mu_);
  if (deliver_.has_value()) deliver_->on_failed(sequence, problem);
  return {};
}

Result<std::optional<store::InboxWagon>> ReceiverFlow::NextToApply(uint64_t after, uint32_t window,
                                                                   const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    uint64_t seen = 0;
    bool room = false;
    {
      std::lock_guard lock(mu_);
      seen = accepted_ticks_;
      room = after < applied_sequence_ + window;
    }
    if (room) {
      SRDF_ASSIGN_OR_RETURN(auto wagon, inbox_->NextToApply(name_, after));
      if (wagon.has_value()) {
        SRDF_FAILPOINT("receiver.before_hand_on");
        return wagon;
      }
    }
    std::unique_lock lock(mu_);
    changed_.wait(lock, stop, [&] { return accepted_ticks_ != seen; });
  }
  return std::optional<store::InboxWagon>();
}

void ReceiverFlow::SetProblem(const Status& problem) {
  std::lock_guard lock(mu_);
  problem_ = problem;
  problem_since_ms_ = WallClockMs();
}

std::pair<Status, int64_t> ReceiverFlow::problem() const {
  std::lock_guard lock(mu_);
  return {problem_, problem_since_ms_};
}

bool ReceiverFlow::shipper_connected() const {
  std::lock_guard lock(mu_);
  return deliver_.has_value();
}

bool ReceiverFlow::applier_connected() const {
  std::lock_guard lock(mu_);
  return end_take_ != nullptr;
}

void ReceiverFlow::Purge() {
  const auto keep_ms = static_cast<int64_t>(purge_after_days_) * 24 * 3600 * 1000;
  const auto purged = inbox_->Purge(name_, WallClockMs() - keep_ms);
  if (!purged.ok()) obs::Error("inbox_purge_failed", {{"flow", name_}, {"error", purged.status()}});
  if (purged.ok() && *purged != 0) obs::Info("inbox_purged", {{"flow", name_}, {"wagons", *purged}});
  std::lock_guard lock(mu_);
  purge_problem_ = purged.status().WithContext("purging the inbox");
  purge_problem_since_ms_ = WallClockMs();
}

std::pair<Status, int64_t> ReceiverFlow::purge_problem() const {
  std::lock_guard lock(mu_);
  return {purge_problem_, purge_problem_since_ms_};
}

}  // namespace srdf::receiver
