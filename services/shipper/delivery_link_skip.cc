// The link's part in skipping wagons: decisions are told at the beginning of a round, before anything is
// sent, and the target's word about them settles them in the outbox (docs/adr/0010-skipped-wagons.md).
#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "shipper/delivery_link.h"
#include "store/dead_letter.h"

namespace srdf::shipper {

void DeliveryLink::SkipDecided() {
  std::lock_guard lock(mu_);
  skips_open_ = true;
  resumed_ = true;
  if (present_ != nullptr && present_->ended.ok()) {
    present_->ended = Status(StatusCode::kAborted, "an operator skips a wagon: the destination is told");
  }
  changed_.notify_all();
}

Status DeliveryLink::TellSkips(DeliverSession* session, DestinationState* destination) {
  {
    std::lock_guard lock(mu_);
    if (!skips_open_) return {};
  }
  SRDF_ASSIGN_OR_RETURN(const auto pending, LookForSkips());
  for (const store::PendingSkip& skip : pending) {
    const WagonHeader& header = skip.wagon.header;
    if (header.sequence > destination->tip.sequence + 1) break;  // its turn comes with a later round
    SRDF_FAILPOINT("shipper.before_skip_told");
    obs::Info("skip_told", {{"flow", options_.flow}, {"sequence", header.sequence}});
    if (!session->SendSkip({header, skip.wagon.hash, skip.decision})) {
      return {StatusCode::kUnavailable, "the stream to the receiver broke"};
    }
    if (header.sequence == destination->tip.sequence + 1) {
      destination->tip = {header.epoch, header.sequence, header.uid, skip.wagon.hash, header.last};
    }
  }
  return {};
}

// A decision that comes meanwhile opens them again: it is in the outbox before it is told here.
Result<std::vector<store::PendingSkip>> DeliveryLink::LookForSkips() {
  {
    std::lock_guard lock(mu_);
    skips_open_ = false;
  }
  auto pending = outbox_->PendingSkips(options_.flow);
  if (pending.ok() && pending->empty()) return pending;
  std::lock_guard lock(mu_);
  skips_open_ = true;
  return pending;
}

void DeliveryLink::NoteSkipped(const std::vector<uint64_t>& skipped) {
  std::lock_guard lock(mu_);
  skipped_there_ = skipped;
}

Status DeliveryLink::SettleSkips(uint64_t applied) {
  std::vector<uint64_t> skipped;
  {
    std::lock_guard lock(mu_);
    if (!skips_open_ && skipped_there_ == skipped_settled_) return {};
    skipped = skipped_there_;
  }
  SRDF_RETURN_IF_ERROR(outbox_->SettleSkips(options_.flow, applied, skipped));
  SRDF_RETURN_IF_ERROR(LookForSkips().status());
  std::lock_guard lock(mu_);
  skipped_settled_ = skipped;
  return {};
}

}  // namespace srdf::shipper
