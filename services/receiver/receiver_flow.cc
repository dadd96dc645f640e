#include "receiver/receiver_flow.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::receiver {

ReceiverFlow::ReceiverFlow(const config::FlowConfig& config, store::Inbox* inbox)
    : name_(config.name),
      inbox_bytes_max_(config.inbox_max_bytes),
      purge_after_days_(config.purge_after_days),
      inbox_(inbox) {}

void ReceiverFlow::AwaitTarget(std::chrono::milliseconds patience) {
  std::lock_guard lock(mu_);
  awaits_target_until_ = std::chrono::steady_clock::now() + patience;
  awaits_target_ = true;
}

Readiness ReceiverFlow::OpenDeliver(DeliverStreamEvents events) {
  BringUpToDate(Patience::kWaits);
  std::lock_guard lock(mu_);
  deliver_ = std::make_shared<const DeliverStreamEvents>(std::move(events));
  opened_ = tip_to_tell_ = false;
  told_ = ReadinessOf(Facts(inbox_->GetFlow(name_)));
  credit_out_ = FirstCredit(told_);
  credit_owed_ = kCreditBytes - credit_out_;
  return told_;
}

Status ReceiverFlow::Opened() {
  std::lock_guard lock(mu_);
  opened_ = true;
  if (std::exchange(tip_to_tell_, false)) {
    SRDF_ASSIGN_OR_RETURN(const store::InboxFlow flow, inbox_->GetFlow(name_));
    TellTip(flow);
  }
  return ReleaseCredit();
}

void ReceiverFlow::CloseDeliver() {
  std::lock_guard lock(mu_);
  deliver_.reset();
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
  credit_owed_ += bytes;
  const auto flow = inbox_->RecentFlow(name_);
  return flow.ok() ? TakeOwedCredit(*flow) : 0;
}

// While the inbox is full credit is held back, and comes back as wagons are applied.
uint64_t ReceiverFlow::TakeOwedCredit(const store::InboxFlow& flow) {
  const auto now = std::chrono::steady_clock::now();
  if (credit_owed_ < kCreditPiece && now - credit_given_at_ < kCreditEvery) return 0;
  if (flow.unapplied_bytes >= inbox_bytes_max_ || !inbox_->disk()->Health().takes_wagons) return 0;
  credit_given_at_ = now;
  credit_out_ += credit_owed_;
  return std::exchange(credit_owed_, 0);
}

Status ReceiverFlow::ReleaseCredit() {
  if (credit_owed_ == 0 || deliver_ == nullptr || !opened_) return {};
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow flow, inbox_->GetFlow(name_));
  if (const uint64_t bytes = TakeOwedCredit(flow); bytes != 0) deliver_->on_credit(bytes);
  return {};
}

void ReceiverFlow::DiskChanged(const store::StoreHealth& health) {
  BringUpToDate();
  std::lock_guard lock(mu_);
  if (health.takes_wagons) store_problem_ = {};
  TellReadiness(false, inbox_->GetFlow(name_));
  if (const Status status = ReleaseCredit(); !status.ok()) {
    obs::Warn("credit_held", {{"flow", name_}, {"reason", status}});
  }
}

Status ReceiverFlow::OpenTake(const ChainTip& checkpoint, const std::vector<uint64_t>& skipped,
                              std::function<void(const Status&)> end) {
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow before, inbox_->GetFlow(name_));
  SRDF_FAILPOINT("receiver.before_adopt");
  {
    // What the stream before this one said is in the checkpoint, or the target has lost it.
    std::lock_guard write_lock(applied_write_mu_);
    {
      std::lock_guard lock(mu_);
      unwritten_ = {};
      if (early_) *early_ = {early_->sequence, early_->hash, false, {}};
    }
    SRDF_RETURN_IF_ERROR(inbox_->AdoptCheckpoint(name_, checkpoint, skipped));
  }
  SRDF_FAILPOINT("receiver.after_adopt");
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow after, inbox_->GetFlow(name_));
  {
    std::lock_guard lock(skipped_mu_);
    skipped_at_target_ = skipped;
    skipped_.reset();
  }
  std::lock_guard lock(mu_);
  accepted_sequence_ = std::max(accepted_sequence_, after.tip.sequence);
  handed_sequence_ = checkpoint.sequence;
  early_.reset();
  fresh_.Clear();
  hand_on_ = {};
  end_take_ = std::move(end);
  problem_ = {};
  applied_sequence_ = checkpoint.sequence;
  ++accepted_ticks_;
  changed_.notify_all();
  obs::Info("applier_connected", {{"flow", name_}, {"checkpoint", checkpoint.sequence}});
  const bool was_known = TipIsKnown(before);
  awaits_target_ = false;
  if (deliver_ == nullptr) return {};
  if (!was_known) {
    TellTip(after);
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
  BringUpToDate(Patience::kWaits);
  std::lock_guard lock(mu_);
  end_take_ = {};
  hand_on_ = {};
  fresh_.Clear();
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
  return deliver_ != nullptr;
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
