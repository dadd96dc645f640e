#include "store/delivery_machine.h"

#include <algorithm>
#include <array>

namespace srdf::store {
namespace {

using S = DeliveryStatus;
using E = DeliveryEvent;
using W = Whereabouts;

constexpr std::array<const char*, kDeliveryStatusCount> kStatusNames = {
    "pending",     "sending", "sent",       "acked",  "retry",   "failed",
    "dead_letter", "applied", "superseded", "sealed", "skipped", "merged"};

constexpr std::array<const char*, kDeliveryEventCount> kEventNames = {
    "send begun",  "send done", "accepted",    "deferred",   "given up",   "apply failed", "applied",
    "retry asked", "restarted", "found there", "lost there", "superseded", "skipped",      "merged"};

const std::vector<S> kOnItsWay = {S::kSealed, S::kPending, S::kSending, S::kSent, S::kRetry};
const std::vector<S> kAtItsEnd = {S::kApplied, S::kSuperseded, S::kSkipped, S::kMerged};

std::vector<S> Plus(std::vector<S> some, const std::vector<S>& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

std::vector<DeliveryStep> MakeSteps() {
  const std::vector<S> decided = Plus({S::kAcked, S::kFailed, S::kDeadLetter}, kAtItsEnd);
  std::vector<DeliveryStep> steps = {
      {E::kSendBegun, kOnItsWay, W::kEither, S::kSending, "a row in delivery_attempt", "it goes out"},
      {E::kSendBegun,
       decided,
       W::kEither,
       {},
       "a row in delivery_attempt",
       "its receipt came meanwhile: the attempt is only recorded"},

      {E::kSendDone,
       {S::kSealed, S::kPending, S::kSending},
       W::kEither,
       S::kSent,
       "bytes_sent",
       "the receipt is awaited"},
      {E::kSendDone,
       Plus({S::kSent, S::kRetry}, decided),
       W::kEither,
       {},
       "bytes_sent",
       "the receipt was faster"},

      {E::kAccepted, kOnItsWay, W::kEither, S::kAcked, "error and schedule cleared; acked_at_ms",
       "durable at the destination"},
      {E::kAccepted,
       {S::kDeadLetter},
       W::kHere,
       S::kAcked,
       "its dead letter is resolved",
       "what was refused before is there now"},
      {E::kAccepted, {S::kDeadLetter}, W::kThere, {}, "", "it is there, and cannot be applied"},
      {E::kAccepted, Plus({S::kAcked, S::kFailed}, kAtItsEnd), W::kEither, {}, "", "said again"},

      {E::kDeferred, kOnItsWay, W::kEither, S::kRetry, "error, class, next_attempt_at_ms",
       "it is sent again as the class of the error says"},
      {E::kDeferred, decided, W::kEither, {}, "", "the receipt came meanwhile"},

      {E::kGivenUp, kOnItsWay, W::kEither, S::kDeadLetter, "a row in dead_letter",
       "nothing after it is sent: skipping it is an operator's decision"},
      {E::kGivenUp,
       {S::kAcked, S::kFailed},
       W::kEither,
       S::kDeadLetter,
       "a row in dead_letter",
       "the target could not apply it, as often as the schedule has entries"},
      {E::kGivenUp, Plus({S::kDeadLetter}, kAtItsEnd), W::kEither, {}, "", "said again, or too late"},

      {E::kApplyFailed, Plus(kOnItsWay, {S::kAcked, S::kFailed}), W::kEither, S::kFailed,
       "error, class; failed_attempts", "it is at the destination, which tries again by the schedule"},
      {E::kApplyFailed, Plus({S::kDeadLetter}, kAtItsEnd), W::kEither, {}, "", "said again, or too late"},

      {E::kApplied, Plus(kOnItsWay, {S::kAcked, S::kFailed, S::kDeadLetter}), W::kEither, S::kApplied,
       "error cleared; its dead letter is resolved; applied_at_ms", "committed in the target"},
      {E::kApplied, kAtItsEnd, W::kEither, {}, "", "said again, or of another history"},

      {E::kRetryAsked,
       {S::kDeadLetter, S::kFailed},
       W::kThere,
       S::kAcked,
       "schedule cleared; its dead letter is resolved",
       "it is at the destination: the applier tries it"},
      {E::kRetryAsked,
       {S::kDeadLetter, S::kFailed},
       W::kHere,
       S::kPending,
       "schedule cleared; its dead letter is resolved",
       "it is sent again"},
      {E::kRetryAsked, {S::kRetry}, W::kEither, S::kPending, "schedule cleared", "it is due now"},
      {E::kRetryAsked,
       Plus({S::kSealed, S::kPending, S::kSending, S::kSent, S::kAcked}, kAtItsEnd),
       W::kEither,
       {},
       "",
       "nothing holds it up"},

      {E::kRestarted,
       {S::kSending, S::kSent},
       W::kEither,
       S::kPending,
       "its attempt ends: interrupted",
       "nobody is sending yet"},
      {E::kRestarted,
       Plus({S::kSealed, S::kPending, S::kRetry}, decided),
       W::kEither,
       {},
       "",
       "durable: also the wait of a retry"},

      {E::kFoundThere, kOnItsWay, W::kEither, S::kAcked, "its attempt ends: duplicate",
       "the receipt was lost on its way"},
      {E::kFoundThere,
       {S::kDeadLetter},
       W::kHere,
       S::kAcked,
       "its dead letter is resolved",
       "what was refused before is there now"},
      {E::kFoundThere, {S::kDeadLetter}, W::kThere, {}, "", "it is there, and cannot be applied"},
      {E::kFoundThere, Plus({S::kAcked, S::kFailed}, kAtItsEnd), W::kEither, {}, "", "known"},

      {E::kLostThere,
       {S::kSending, S::kSent, S::kAcked, S::kFailed},
       W::kEither,
       S::kPending,
       "acked_at_ms cleared",
       "it is sent again"},
      {E::kLostThere,
       Plus({S::kSealed, S::kPending, S::kRetry, S::kDeadLetter}, kAtItsEnd),
       W::kEither,
       {},
       "",
       "it had not arrived, or there is no need"},

      {E::kSuperseded, Plus(kOnItsWay, {S::kAcked, S::kFailed, S::kDeadLetter, S::kApplied, S::kSkipped}),
       W::kEither, S::kSuperseded, "it gives up its sequence; its dead letter is resolved",
       "captured again, or at the destination already; applied ones only when the target was established "
       "anew"},
      {E::kSuperseded, {S::kSuperseded, S::kMerged}, W::kEither, {}, "", "it has left the chain"},

      {E::kSkipped, Plus(kOnItsWay, {S::kAcked, S::kFailed, S::kDeadLetter}), W::kEither, S::kSkipped,
       "its dead letter is resolved; audited", "the checkpoint moves past it without its changes"},
      {E::kSkipped, kAtItsEnd, W::kEither, {}, "", "too late: it was applied, or has left the chain"},

      {E::kMerged,
       {S::kSealed},
       W::kEither,
       S::kMerged,
       "it gives up its sequence; merged_into; audited",
       "never sent, so nobody knows it by its number"},
      {E::kMerged,
       Plus({S::kPending, S::kSending, S::kSent, S::kRetry}, decided),
       W::kEither,
       {},
       "",
       "the destination may know it"},
  };
  return steps;
}

bool Covers(const DeliveryStep& step, E event, S from, bool there) {
  if (step.event != event || std::find(step.from.begin(), step.from.end(), from) == step.from.end())
    return false;
  return step.whereabouts == W::kEither || (step.whereabouts == W::kThere) == there;
}

}  // namespace

const char* DeliveryStatusName(DeliveryStatus status) { return kStatusNames.at(static_cast<size_t>(status)); }

std::optional<DeliveryStatus> ParseDeliveryStatus(const std::string& word) {
  for (size_t i = 0; i < kStatusNames.size(); ++i) {
    if (word == kStatusNames.at(i)) return static_cast<DeliveryStatus>(i);
  }
  return std::nullopt;
}

const char* DeliveryEventName(DeliveryEvent event) { return kEventNames.at(static_cast<size_t>(event)); }

const std::vector<DeliveryStep>& DeliverySteps() {
  static const std::vector<DeliveryStep> steps = MakeSteps();
  return steps;
}

const DeliveryStep& StepFor(DeliveryEvent event, DeliveryStatus from, bool there) {
  const auto& steps = DeliverySteps();
  // The test of the table proves that there is one.
  return *std::find_if(steps.begin(), steps.end(),
                       [&](const DeliveryStep& step) { return Covers(step, event, from, there); });
}

std::string MovesFrom(DeliveryEvent event, DeliveryStatus to, Whereabouts whereabouts) {
  std::string list;
  for (const DeliveryStep& step : DeliverySteps()) {
    if (step.event != event || step.to != to) continue;
    if (step.whereabouts != W::kEither && step.whereabouts != whereabouts) continue;
    for (const DeliveryStatus from : step.from) {
      list += (list.empty() ? "'" : ", '") + std::string(DeliveryStatusName(from)) + "'";
    }
  }
  return list;
}

}  // namespace srdf::store
