// ReceiverFlow: what it says of itself: readiness, and the receipts that were said.
#include "base/clock.h"
#include "obs/log.h"
#include "receiver/receiver_flow.h"

namespace srdf::receiver {

namespace {

constexpr std::chrono::seconds kStoreProblemLasts{5};

}  // namespace

uint64_t CountOf(const ReceiptCounts& counts, ReceiptKind kind) {
  uint64_t sum = 0;
  for (const auto& [key, count] : counts) sum += key.first == kind ? count : 0;
  return sum;
}

ReadinessFacts ReceiverFlow::Facts(const Result<store::InboxFlow>& flow) const {
  ReadinessFacts facts;
  facts.inbox_bytes_max = inbox_bytes_max_;
  const store::StoreHealth health = inbox_->disk()->Health();
  facts.store_problem = health.takes_wagons ? store_problem_ : health.problem;
  facts.drain_bytes_per_second = drain_.BytesPerSecond();
  if (!flow.ok()) {
    if (facts.store_problem.ok()) facts.store_problem = flow.status();
    return facts;
  }
  facts.tip_known = TipIsKnown(*flow);
  facts.unapplied_wagons = flow->unapplied_wagons;
  facts.unapplied_bytes = flow->unapplied_bytes;
  return facts;
}

Readiness ReceiverFlow::GetReadiness() const {
  std::lock_guard lock(mu_);
  return ReadinessOf(Facts(inbox_->GetFlow(name_)));
}

uint32_t ReceiverFlow::WaitMs() const {
  std::lock_guard lock(mu_);
  return WaitMsFor(Facts(inbox_->GetFlow(name_)));
}

void ReceiverFlow::StoreChanged(const Status& problem) {
  std::lock_guard lock(mu_);
  if (problem.code() != store_problem_.code()) {
    if (problem.ok()) {
      obs::Info("inbox_writable", {{"flow", name_}});
    } else {
      obs::Error("inbox_not_writable", {{"flow", name_}, {"error", problem}});
    }
  }
  store_problem_ = problem;
  store_problem_since_ = std::chrono::steady_clock::now();
  TellReadiness(false, inbox_->GetFlow(name_));
}

void ReceiverFlow::Tick() {
  BringUpToDate();
  std::lock_guard lock(mu_);
  if (!store_problem_.ok() && std::chrono::steady_clock::now() - store_problem_since_ > kStoreProblemLasts) {
    store_problem_ = {};
  }
  const auto flow = inbox_->GetFlow(name_);
  if (flow.ok() && awaits_target_ && std::chrono::steady_clock::now() >= awaits_target_until_) {
    awaits_target_ = false;
    obs::Warn("target_not_awaited", {{"flow", name_}, {"why", "the applier has not connected"}});
    if (deliver_ != nullptr && flow->tip_known) TellTip(*flow);
  }
  TellReadiness(true, flow);
  if (const Status released = ReleaseCredit(); !released.ok()) {
    obs::Warn("credit_held", {{"flow", name_}, {"reason", released}});
  }
}

// Between available and running a flow changes with every wagon: the stream need not hear each time.
void ReceiverFlow::TellReadiness(bool also_leisurely, const Result<store::InboxFlow>& flow) {
  if (deliver_ == nullptr) return;
  Readiness now = ReadinessOf(Facts(flow));
  if (now.state == told_.state && now.problem.code() == told_.problem.code()) return;
  if (!also_leisurely && IsLeisurely(now) && IsLeisurely(told_)) return;
  deliver_->on_readiness(now);
  told_ = std::move(now);
}

// To a stream that was opened before. While it still is, what it is told first may be older: then after that.
void ReceiverFlow::TellTip(const store::InboxFlow& flow) {
  if (!opened_) {
    tip_to_tell_ = true;
    return;
  }
  told_ = ReadinessOf(Facts(flow));
  credit_out_ = FirstCredit(told_);
  credit_owed_ = kCreditBytes - credit_out_;
  deliver_->on_tip_known(told_);
}

std::optional<uint64_t> ReceiverFlow::Said(const WagonReceipt& receipt, const std::string& peer) {
  std::optional<uint64_t> log;
  {
    std::lock_guard lock(mu_);
    ++counts_[{receipt.kind, receipt.reason}];
    if (receipt.kind != ReceiptKind::kAccepted) log = refusal_log_.Ask(std::chrono::steady_clock::now());
  }
  // That the inbox is busy is nobody's doing.
  if (receipt.kind == ReceiptKind::kAccepted || receipt.error_class == ErrorClass::kBusy) return log;
  const Status kept = inbox_->NoteRefusal({name_, WallClockMs(), receipt.sequence, receipt.wagon_uid,
                                           ReceiptKindName(receipt.kind), ReceiptReasonName(receipt.reason),
                                           receipt.error, peer});
  if (!kept.ok() && log) obs::Error("refusal_not_kept", {{"flow", name_}, {"error", kept}});
  return log;
}

ReceiptCounts ReceiverFlow::GetCounts() const {
  std::lock_guard lock(mu_);
  return counts_;
}

}  // namespace srdf::receiver
