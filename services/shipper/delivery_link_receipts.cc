// The streams' thread: what the destination says, and what that does in the outbox.
#include <algorithm>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "shipper/delivery_link.h"
#include "shipper/own_copy.h"

namespace srdf::shipper {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// A destination that asks for the same chunk, or earlier ones, again and again does not get on: as if it had
// refused the wagon.
constexpr uint32_t kAskedTimesMax = 5;

std::string Sentence(const WagonReceipt& receipt) {
  return "the receiver says " + std::string(ReceiptKindName(receipt.kind)) + " of wagon " +
         std::to_string(receipt.sequence) +
         (receipt.reason == ReceiptReason::kNone
              ? ""
              : std::string(" (") + ReceiptReasonName(receipt.reason) + ")") +
         ": " + receipt.error;
}

}  // namespace

DeliverEvents DeliveryLink::EventsFor(DeliveryStream* stream) {
  const auto end = [this, stream](const Status& status) {
    std::lock_guard lock(mu_);
    if (stream->ended.ok()) stream->ended = status;
    changed_.notify_all();
  };
  const auto note_readiness = [this, stream](const Readiness& readiness) {  // with mu_ held
    stream->readiness = readiness;
    stream->readiness_at = steady_clock::now();
    status_.receiver = readiness.state;
    changed_.notify_all();
  };
  DeliverEvents events;
  events.on_opened = [this, stream, note_readiness](const DestinationState& state) {
    std::lock_guard lock(mu_);
    stream->opened = state;
    skipped_there_ = state.skipped;
    stream->credit_bytes = state.credit_bytes;
    note_readiness(state.readiness);
  };
  events.on_readiness = [this, note_readiness](const Readiness& readiness) {
    std::lock_guard lock(mu_);
    note_readiness(readiness);
  };
  events.on_receipt = [this, stream, end](const WagonReceipt& receipt) {
    OnceStored(receipt.sequence, [this, stream, end, receipt] {
      if (Status s = OnReceipt(stream, receipt); !s.ok()) end(s);
    });
  };
  events.on_credit = [this, stream](uint64_t bytes) {
    std::lock_guard lock(mu_);
    stream->credit_bytes += bytes;
    stream->bytes_back += bytes;
    stream->back_at = steady_clock::now();
    if (stream->credit_wanted) changed_.notify_all();
  };
  events.on_applied = [this, stream, end](uint64_t sequence) {
    {
      std::lock_guard lock(mu_);
      if (!stream->agreed) {
        stream->applied_early = std::max(stream->applied_early, sequence);
        return;
      }
    }
    OnceStored(sequence, [this, stream, end, sequence] {
      if (Status s = OnApplied(stream, sequence); !s.ok()) end(s);
    });
  };
  events.on_skipped = [this](const std::vector<uint64_t>& skipped) { NoteSkipped(skipped); };
  events.on_failed = [this, stream, end](uint64_t sequence, const Status& problem) {
    {
      std::lock_guard lock(mu_);
      if (!stream->agreed) {
        stream->failed_early = {sequence, problem};
        return;
      }
    }
    OnceStored(sequence, [this, stream, end, sequence, problem] {
      if (Status s = WriteNotes(stream); !s.ok()) return end(s);
      OnFailed(stream, sequence, problem);
    });
  };
  events.on_end = [this, stream](const Status& status) {
    std::lock_guard lock(mu_);
    if (stream->ended.ok()) {
      stream->ended = status;
      stream->ended_there = true;
    }
    changed_.notify_all();
  };
  return events;
}

Status DeliveryLink::OnReceipt(DeliveryStream* stream, const WagonReceipt& receipt) {
  if (receipt.kind == ReceiptKind::kPartiallyAccepted) return OnPartial(stream, receipt);
  const bool arrived = receipt.kind == ReceiptKind::kAccepted || receipt.kind == ReceiptKind::kDuplicate;
  std::optional<InFlight> flight;
  {
    std::lock_guard lock(mu_);
    // After a refusal, or behind a chunk that is asked for again, others follow from it; they will be sent
    // again.
    if (!arrived && !stream->ended.ok()) return {};
    const bool behind = !stream->in_flight.empty() && stream->in_flight.begin()->first < receipt.sequence;
    if (!arrived && behind && receipt.reason == ReceiptReason::kOutOfOrder) return {};
    if (const auto at = stream->in_flight.find(receipt.sequence); at != stream->in_flight.end())
      flight = at->second;
  }
  if (!arrived) return OnRefused(stream, receipt, flight.value_or(InFlight()));
  const Status accepted = OnAccepted(stream, receipt, flight ? &*flight : nullptr);
  // Only now: while a wagon is in flight the link does not take the queue for empty.
  std::lock_guard lock(mu_);
  stream->in_flight.erase(receipt.sequence);
  return accepted;
}

Status DeliveryLink::OnAccepted(DeliveryStream* stream, const WagonReceipt& receipt, const InFlight* flight) {
  SRDF_FAILPOINT("shipper.before_mark_acked");
  if (flight == nullptr) {
    SRDF_ASSIGN_OR_RETURN(const auto wagon, outbox_->GetDelivery(options_.flow, receipt.sequence));
    if (!wagon) {
      // Nothing follows from it: what is awaited is another wagon's.
      obs::Warn("receipt_of_unknown_wagon", {{"flow", options_.flow}, {"sequence", receipt.sequence}});
      return {};
    }
  }
  bool left_to_link = false;
  {
    std::lock_guard lock(mu_);
    notes_.arrived.push_back(
        {receipt.sequence, ReceiptKindName(receipt.kind), flight == nullptr ? 0 : flight->bytes_sent});
    left_to_link = Noted();
  }
  if (!left_to_link) SRDF_RETURN_IF_ERROR(WriteNotes(stream));
  CountAttempt(ReceiptKindName(receipt.kind), ErrorClass::kNone);
  {
    std::lock_guard lock(mu_);
    status_.acked_sequence = std::max(status_.acked_sequence, receipt.sequence);
    if (receipt.kind == ReceiptKind::kDuplicate) ++status_.duplicates;
  }
  Delivered(receipt.sequence);
  return {};
}

Status DeliveryLink::OnPartial(DeliveryStream* stream, const WagonReceipt& receipt) {
  InFlight flight;
  {
    std::lock_guard lock(mu_);
    if (!stream->ended.ok()) return {};
    const auto at = stream->in_flight.find(receipt.sequence);
    if (at == stream->in_flight.end()) return {};  // of an earlier try; its receipt came already
    const bool further =
        stream->asked_last.sequence != receipt.sequence || stream->asked_last.chunk < receipt.next_chunk;
    stream->asked_times = further ? 1 : stream->asked_times + 1;
    if (further) stream->asked_last = {receipt.sequence, receipt.next_chunk};
    // This one and what follows it go out again, and are awaited from then on.
    for (auto later = at; later != stream->in_flight.end(); ++later) later->second.sent_at.reset();
    if (stream->asked_times <= kAskedTimesMax) {
      stream->go_on = {receipt.sequence, receipt.next_chunk};
      changed_.notify_all();
      return {};
    }
    flight = at->second;
  }
  return OnRefused(stream, receipt, flight);
}

Status DeliveryLink::OnRefused(DeliveryStream* stream, const WagonReceipt& receipt, const InFlight& flight) {
  SRDF_RETURN_IF_ERROR(WriteNotes(stream));
  SRDF_ASSIGN_OR_RETURN(const auto wagon, outbox_->GetDelivery(options_.flow, receipt.sequence));
  // The two ends do not agree about what there is; nothing of ours was refused.
  if (!wagon) return {StatusCode::kAborted, Sentence(receipt) + "; the outbox has no such wagon"};
  FailureFacts facts;
  facts.error_class = receipt.error_class;
  facts.failed_attempts = wagon->failed_attempts + 1;
  facts.told_wait = receipt.wait;
  DeliveryDecision decision = policy_.Decide(facts);
  // Damaged here, or on the way? What is damaged here is not mended by sending it again.
  Status own_copy;
  if (receipt.kind == ReceiptKind::kInvalidPayload) own_copy = CheckOwnCopy(outbox_, options_.flow, *wagon);
  // Not damaged, but not to be read just now: trouble of our own, which ends the round.
  if (!own_copy.ok() && own_copy.code() != StatusCode::kDataLoss) return own_copy;
  if (!own_copy.ok()) decision = {DeliveryAct::kDeadLetter, {}, true};
  store::DeliveryFailure failure;
  failure.error_class = receipt.error_class;
  failure.receipt = ReceiptKindName(receipt.kind);
  failure.reason = ReceiptReasonName(receipt.reason);
  failure.error = own_copy.ok() ? receipt.error : own_copy.message();
  failure.bytes_sent = flight.bytes_sent;
  failure.counts = decision.counts;
  if (decision.wait.count() > 0) failure.next_attempt_at_ms = WallClockMs() + decision.wait.count();
  const Status refused(
      decision.act == DeliveryAct::kDeadLetter ? StatusCode::kFailedPrecondition : StatusCode::kAborted,
      Sentence(receipt), RemedyFor(receipt.error_class, options_.flow));
  const Status& problem = own_copy.ok() ? refused : own_copy;
  CountAttempt(failure.receipt, receipt.error_class);
  if (decision.act == DeliveryAct::kDeadLetter) {
    obs::Error("dead_letter", {{"flow", options_.flow},
                               {"sequence", receipt.sequence},
                               {"class", ErrorClassName(receipt.error_class)},
                               {"attempts", facts.failed_attempts},
                               {"error", problem}});
    SRDF_RETURN_IF_ERROR(outbox_->MarkDeadLetter(options_.flow, receipt.sequence, failure));
  } else {
    obs::Warn("wagon_refused", {{"flow", options_.flow},
                                {"sequence", receipt.sequence},
                                {"class", ErrorClassName(receipt.error_class)},
                                {"again_in_ms", decision.wait.count()},
                                {"error", problem}});
    SRDF_RETURN_IF_ERROR(outbox_->MarkRetry(options_.flow, receipt.sequence, failure));
  }
  if (decision.act == DeliveryAct::kSuspend) Suspend(receipt.error_class, problem, receipt.sequence);
  std::lock_guard lock(mu_);
  // Shown at once: the next agreement, which says it too, may be long in coming.
  if (decision.act == DeliveryAct::kDeadLetter) SetStateLocked(LinkState::kStopped, problem);
  stream->refused = true;
  if (stream->ended.ok()) stream->ended = problem;
  stream->in_flight.erase(receipt.sequence);
  hold_ = Hold{receipt.sequence, steady_clock::now() + decision.wait, receipt.error_class, problem};
  changed_.notify_all();  // the round is over; the stream is the link's again
  return {};
}

Status DeliveryLink::OnApplied(DeliveryStream* stream, uint64_t sequence) {
  SRDF_FAILPOINT("shipper.before_mark_applied");
  bool left_to_link = false;
  {
    std::lock_guard lock(mu_);
    notes_.applied = std::max(notes_.applied, sequence);
    left_to_link = Noted() && !skips_open_;
  }
  if (!left_to_link) SRDF_RETURN_IF_ERROR(WriteNotes(stream));
  {
    std::lock_guard lock(mu_);
    status_.applied_sequence = std::max(status_.applied_sequence, sequence);
    status_.acked_sequence = std::max(status_.acked_sequence, sequence);
    if (sequence >= failed_sequence_) status_.apply_problem = {};
  }
  if (left_to_link && events_.on_applied) events_.on_applied(sequence);
  return {};
}

// The target tries by the same schedule and says so each time. What a destination says of a failure when a
// stream begins was counted when it happened.
void DeliveryLink::OnFailed(DeliveryStream* stream, uint64_t sequence, const Status& problem) {
  const auto wagon = outbox_->GetDelivery(options_.flow, sequence);
  if (wagon.ok() && !wagon->has_value()) {
    obs::Warn("failure_of_unknown_wagon",
              {{"flow", options_.flow}, {"sequence", sequence}, {"error", problem}});
    return;
  }
  obs::Error("wagon_failed", {{"flow", options_.flow}, {"sequence", sequence}, {"error", problem}});
  bool told_again = false;
  {
    std::lock_guard lock(mu_);
    told_again = !stream->failure_told;
    stream->failure_told = true;
  }
  const bool known = wagon.ok() && wagon->has_value() &&
                     ((*wagon)->status == store::DeliveryStatus::kFailed ||
                      (*wagon)->status == store::DeliveryStatus::kDeadLetter);
  told_again = told_again && known;
  FailureFacts facts;
  facts.error_class = ErrorClass::kFunctional;
  facts.failed_attempts = (wagon.ok() && wagon->has_value() ? (*wagon)->failed_attempts : 0) + 1;
  store::DeliveryFailure failure;
  failure.error_class = ErrorClass::kFunctional;
  failure.error = problem.message();
  failure.counts = !told_again;
  Status written = told_again ? Status() : outbox_->MarkFailed(options_.flow, sequence, failure);
  if (!told_again) CountAttempt("failed", ErrorClass::kFunctional);
  if (written.ok() && !told_again && policy_.Decide(facts).act == DeliveryAct::kDeadLetter) {
    obs::Error("dead_letter", {{"flow", options_.flow},
                               {"sequence", sequence},
                               {"class", ErrorClassName(ErrorClass::kFunctional)},
                               {"attempts", facts.failed_attempts},
                               {"error", problem}});
    failure.counts = false;
    written = outbox_->MarkDeadLetter(options_.flow, sequence, failure);
  }
  if (!written.ok()) {
    obs::Error("outbox_mark_failed_failed",
               {{"flow", options_.flow}, {"sequence", sequence}, {"error", written}});
  }
  {
    std::lock_guard lock(mu_);
    if (failed_sequence_ != sequence || status_.apply_problem.ok())
      status_.apply_problem_since_ms = WallClockMs();
    failed_sequence_ = sequence;
    status_.apply_problem = problem;
  }
  events_.on_progress();
}

void DeliveryLink::CountAttempt(const std::string& outcome, ErrorClass error_class) {
  std::lock_guard lock(mu_);
  ++status_.attempts[{outcome, ErrorClassName(error_class)}];
}

}  // namespace srdf::shipper
