// ReceiverFlow's part in giving wagons to the applier: small ones by the thread that has verified them, even
// before the inbox has them (docs/adr/0013-handing-on-before-the-disk.md), the others by the stream's sender.
#include <algorithm>

#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "receiver/receiver_flow.h"

namespace srdf::receiver {

void ReceiverFlow::HandOnBy(uint32_t window, std::function<void(NextWagon)> hand_on) {
  std::lock_guard lock(mu_);
  hand_on_ = std::move(hand_on);
  hand_on_window_ = std::min(window, kHandOnWagonsMax);
  written_sequence_ = 0;
  sender_has_ = 0;
}

// In order: what the sender was given last may not be on the stream yet.
bool ReceiverFlow::GoesTheShortWay(uint64_t sequence, std::string_view frame) const {
  if (hand_on_ == nullptr || frame.empty() || frame.size() > kHandOnBytesMax) return false;
  if (handed_sequence_ + 1 != sequence) return false;
  if (applied_sequence_ == handed_sequence_) return true;
  return written_sequence_ == handed_sequence_ && sequence <= applied_sequence_ + hand_on_window_;
}

std::function<void(NextWagon)> ReceiverFlow::TakeTheShortWay(uint64_t sequence) {
  handed_sequence_ = sequence;
  written_sequence_ = sequence;
  return hand_on_;
}

Status ReceiverFlow::HandOnEarly(uint64_t sequence, const std::string& hash, std::string_view frame) {
  const bool takes_wagons = inbox_->disk()->Health().takes_wagons;
  std::function<void(NextWagon)> hand_on;
  {
    std::lock_guard lock(mu_);
    if (early_ && early_->sequence == sequence) {
      return early_->hash == hash ? Status() : AskTargetWhatItHas(sequence);
    }
    if (!takes_wagons || !GoesTheShortWay(sequence, frame)) return {};
    hand_on = TakeTheShortWay(sequence);
    early_ = EarlyWagon{sequence, hash, false, {}};
  }
  SRDF_FAILPOINT("receiver.before_hand_on");
  hand_on({sequence, hash, 1, std::string(frame)});
  SRDF_FAILPOINT("receiver.after_hand_on");
  return {};
}

// The applier's stream ends, and its next one begins with the checkpoint.
Status ReceiverFlow::AskTargetWhatItHas(uint64_t sequence) {
  Status why(StatusCode::kAborted, "the target was given another wagon " + std::to_string(sequence) +
                                       ", which is not in the inbox: what it has shows when the applier "
                                       "connects again");
  if (end_take_ != nullptr) end_take_(why);
  return why;
}

Status ReceiverFlow::WagonAccepted(uint64_t sequence, const std::string& hash, uint64_t frame_bytes,
                                   std::string_view frame) {
  std::function<void(NextWagon)> hand_on;
  std::optional<EarlyWagon> early;
  AppliedTelling applied;
  {
    std::lock_guard lock(mu_);
    accepted_sequence_ = std::max(accepted_sequence_, sequence);
    if (early_ && early_->sequence == sequence) {
      early.swap(early_);
      if (early->applied) applied = NoteApplied(sequence, /*skipped=*/false);
    } else if (GoesTheShortWay(sequence, frame)) {
      hand_on = TakeTheShortWay(sequence);
    } else {
      if (!frame.empty() && end_take_ != nullptr) fresh_.Put(sequence, hash, frame);
      ++accepted_ticks_;
      changed_.notify_all();
    }
  }
  if (hand_on) {
    SRDF_FAILPOINT("receiver.before_hand_on");
    hand_on({sequence, hash, 1, std::string(frame)});
  }
  if (early) SettleEarly(*early, applied);
  const auto flow = inbox_->RecentFlow(name_);
  std::lock_guard lock(mu_);
  accepted_bytes_since_ += frame_bytes;
  store_problem_ = {};
  TellReadiness(false, flow);
  return {};
}

// What the target said of it meanwhile.
void ReceiverFlow::SettleEarly(const EarlyWagon& early, const AppliedTelling& applied) {
  Status told;
  if (early.applied) told = TellApplied(early.sequence, applied);
  if (!early.failed.ok()) told = Failed(early.sequence, early.failed);
  if (told.ok()) return;
  SetProblem(told);
  std::lock_guard lock(mu_);
  if (end_take_ != nullptr) end_take_(told);  // the next stream tells it again
}

Result<std::optional<NextWagon>> ReceiverFlow::NextToApply(uint32_t window, const std::stop_token& stop) {
  {
    // The sender is back: what it had is written.
    std::lock_guard lock(mu_);
    if (sender_has_ == handed_sequence_) written_sequence_ = handed_sequence_;
    sender_has_ = 0;
  }
  while (!stop.stop_requested()) {
    uint64_t seen = 0;
    uint64_t after = 0;
    bool there = false;
    std::optional<FreshWagons::Wagon> fresh;
    {
      std::lock_guard lock(mu_);
      seen = accepted_ticks_;
      after = handed_sequence_;
      there = after < applied_sequence_ + window && after < accepted_sequence_;
      if (there) fresh = fresh_.Take(after + 1);
      if (fresh) handed_sequence_ = after + 1;
      if (fresh && fresh->frame.size() <= kHandOnBytesMax) sender_has_ = handed_sequence_;
    }
    if (fresh) {
      SRDF_FAILPOINT("receiver.before_hand_on");
      return std::optional(NextWagon{fresh->sequence, std::move(fresh->hash), 1, std::move(fresh->frame)});
    }
    if (there) {
      SRDF_ASSIGN_OR_RETURN(auto wagon, inbox_->NextToApply(name_, after));
      if (wagon.has_value()) {
        {
          std::lock_guard lock(mu_);
          if (handed_sequence_ != after) continue;  // it has just gone the short way
          handed_sequence_ = wagon->header.sequence;
        }
        SRDF_FAILPOINT("receiver.before_hand_on");
        NextWagon next{wagon->header.sequence, wagon->hash, wagon->chunk_count, {}};
        if (wagon->status == store::InboxStatus::kSkipped) next.to_skip = std::move(wagon);
        return std::optional(std::move(next));
      }
    }
    std::unique_lock lock(mu_);
    changed_.wait(lock, stop, [&] { return accepted_ticks_ != seen; });
  }
  return std::optional<NextWagon>();
}

}  // namespace srdf::receiver
