// ReceiverFlow's part in what the target has applied. The checkpoint in the target is the truth, and is told
// again whenever the applier connects: so the shipper is told at once, and the inbox of several wagons in one
// write.
#include <algorithm>

#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "receiver/receiver_flow.h"

namespace srdf::receiver {

namespace {

// More, and the write would keep the next wagon waiting for long.
constexpr uint64_t kUnwrittenMax = 16;

}  // namespace

Status ReceiverFlow::Applied(uint64_t sequence, bool skipped) {
  SRDF_FAILPOINT("receiver.before_mark_applied");
  if (skipped) SRDF_RETURN_IF_ERROR(WriteSkipped(sequence));
  AppliedTelling telling;
  {
    std::lock_guard lock(mu_);
    if (early_ && early_->sequence == sequence) {
      early_->applied = true;
      return {};
    }
    telling = NoteApplied(sequence, skipped);
  }
  return TellApplied(sequence, telling);
}

ReceiverFlow::AppliedTelling ReceiverFlow::NoteApplied(uint64_t sequence, bool skipped) {
  bool write = false;
  if (!skipped && sequence > applied_sequence_) {
    write = sequence != applied_sequence_ + 1;  // of those between them nothing was said
    if (unwritten_.first == 0 || write) unwritten_.first = sequence;
    unwritten_.last = sequence;
  }
  applied_sequence_ = std::max(applied_sequence_, sequence);
  ++accepted_ticks_;
  // The sender is not woken for a window that nothing waits for.
  if (accepted_sequence_ > handed_sequence_) changed_.notify_all();
  write = write || unwritten_.last - unwritten_.first + 1 >= kUnwrittenMax || !IsLeisurely(told_) ||
          credit_owed_ >= kCreditPiece;
  return {deliver_, write};
}

Status ReceiverFlow::TellApplied(uint64_t sequence, const AppliedTelling& telling) {
  if (telling.deliver != nullptr) {
    SRDF_ASSIGN_OR_RETURN(const auto all_skipped, Skipped());
    telling.deliver->on_applied(sequence, all_skipped);
  }
  if (!telling.write) return {};
  SRDF_RETURN_IF_ERROR(WriteApplied());
  std::lock_guard lock(mu_);
  TellReadiness(false, inbox_->RecentFlow(name_));
  return ReleaseCredit();
}

// Of a skipped one the disk has to know before anybody is told; else the next stream tells again.
Status ReceiverFlow::WriteSkipped(uint64_t sequence) {
  SRDF_RETURN_IF_ERROR(WriteApplied());
  std::lock_guard write_lock(applied_write_mu_);
  SRDF_RETURN_IF_ERROR(inbox_->MarkApplied(name_, sequence, /*skipped=*/true));
  ForgetSkipped();
  SRDF_FAILPOINT("receiver.after_mark_applied");
  return {};
}

Status ReceiverFlow::WriteApplied() {
  std::lock_guard write_lock(applied_write_mu_);
  AppliedRun run;
  {
    std::lock_guard lock(mu_);
    // A disk that cannot note it need not stop the applier.
    if (unwritten_.first == 0 || !inbox_->disk()->Health().writable) return {};
    std::swap(run, unwritten_);
  }
  const Status marked = inbox_->MarkEachApplied(name_, run.first, run.last);
  if (marked.ok()) ForgetSkipped();
  if (marked.ok()) SRDF_FAILPOINT("receiver.after_mark_applied");
  const auto flow = inbox_->RecentFlow(name_);
  std::lock_guard lock(mu_);
  if (!marked.ok()) {
    unwritten_ = {run.first, std::max(run.last, unwritten_.last)};
    return inbox_->disk()->Health().writable ? marked : Status();
  }
  if (flow.ok()) {
    const uint64_t had = unapplied_bytes_seen_ + accepted_bytes_since_;
    drain_.Applied(had > flow->unapplied_bytes ? had - flow->unapplied_bytes : 0,
                   std::chrono::steady_clock::now());
    unapplied_bytes_seen_ = flow->unapplied_bytes;
    accepted_bytes_since_ = 0;
  }
  return {};
}

void ReceiverFlow::BringUpToDate(Patience patience) {
  if (patience == Patience::kLooks && inbox_->disk()->Health().state == store::StoreState::kSlow) return;
  if (const Status written = WriteApplied(); !written.ok()) {
    obs::Warn("inbox_mark_applied_failed", {{"flow", name_}, {"error", written}});
  }
}

Status ReceiverFlow::Failed(uint64_t sequence, const Status& problem) {
  {
    std::lock_guard lock(mu_);
    if (early_ && early_->sequence == sequence) {
      early_->failed = problem;
      return {};
    }
  }
  SRDF_RETURN_IF_ERROR(WriteApplied());
  SRDF_RETURN_IF_ERROR(inbox_->MarkFailed(name_, sequence, problem.ToString()));
  std::lock_guard lock(mu_);
  if (deliver_ != nullptr) deliver_->on_failed(sequence, problem);
  return {};
}

}  // namespace srdf::receiver
