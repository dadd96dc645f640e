// ReceiverFlow's part in skipping wagons (docs/adr/0010-skipped-wagons.md).
#include <algorithm>

#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "receiver/receiver_flow.h"

namespace srdf::receiver {

namespace {

constexpr uint32_t kSkippedToldMax = 1000;

}  // namespace

Result<store::SkipOutcome> ReceiverFlow::Skip(const WagonHeader& header, const std::string& hash,
                                              const SkipDecision& decision) {
  BringUpToDate(Patience::kWaits);  // one that is applied is too late to be skipped
  {
    std::lock_guard lock(mu_);
    if (early_ && early_->sequence == header.sequence && early_->hash != hash) {
      return AskTargetWhatItHas(header.sequence);
    }
  }
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow before, inbox_->GetFlow(name_));
  SRDF_FAILPOINT("receiver.before_skip");
  SRDF_ASSIGN_OR_RETURN(const store::SkipOutcome outcome, inbox_->Skip(header, hash, decision));
  SRDF_FAILPOINT("receiver.after_skip");
  ForgetSkipped();
  obs::Warn("wagon_skip_decided", {{"flow", name_},
                                   {"sequence", header.sequence},
                                   {"uid", header.uid},
                                   {"actor", decision.actor},
                                   {"reason", decision.reason},
                                   {"too_late", outcome != store::SkipOutcome::kSkipped}});
  std::lock_guard lock(mu_);
  accepted_sequence_ = std::max(accepted_sequence_, header.sequence);
  fresh_.Clear();
  ++accepted_ticks_;
  TellReadiness(/*also_leisurely=*/true,
                inbox_->GetFlow(name_));  // a wagon that failed may have been what held it up
  changed_.notify_all();
  const bool at_the_applier = early_ && early_->sequence == header.sequence;
  if (at_the_applier) early_.reset();  // the inbox has its row now
  const bool was_here = at_the_applier || (before.tip_known && header.sequence <= before.tip.sequence);
  if (outcome == store::SkipOutcome::kSkipped && was_here && end_take_ != nullptr) {
    end_take_(Status(StatusCode::kAborted,
                     "wagon " + std::to_string(header.sequence) + " is to be skipped: begin again"));
  }
  return outcome;
}

void ReceiverFlow::ForgetSkipped() {
  std::lock_guard lock(skipped_mu_);
  skipped_.reset();
}

// The target's own list may know more than the inbox: an inbox can be lost and made anew.
Result<std::vector<uint64_t>> ReceiverFlow::Skipped() const {
  std::lock_guard lock(skipped_mu_);
  if (skipped_) return *skipped_;
  SRDF_ASSIGN_OR_RETURN(std::vector<uint64_t> all, inbox_->Skipped(name_, kSkippedToldMax));
  all.insert(all.end(), skipped_at_target_.begin(), skipped_at_target_.end());
  std::sort(all.begin(), all.end(), std::greater<>());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (all.size() > kSkippedToldMax) all.resize(kSkippedToldMax);
  skipped_ = all;
  return all;
}

}  // namespace srdf::receiver
