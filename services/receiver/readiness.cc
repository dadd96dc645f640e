#include "receiver/readiness.h"

#include <algorithm>
#include <cmath>

namespace srdf::receiver {

namespace {

constexpr double kRememberSeconds = 5;
constexpr uint32_t kWaitMsUnknown = 1000;

}  // namespace

uint32_t WaitMsFor(const ReadinessFacts& facts) {
  if (facts.drain_bytes_per_second <= 0) return kWaitMsUnknown;
  const uint64_t room_from = facts.inbox_bytes_max - facts.inbox_bytes_max / 10;
  const uint64_t surplus = facts.unapplied_bytes > room_from ? facts.unapplied_bytes - room_from : 0;
  const double ms = static_cast<double>(surplus) / facts.drain_bytes_per_second * 1000;
  return static_cast<uint32_t>(std::clamp<double>(ms, kWaitMsMin, kWaitMsMax));
}

Readiness ReadinessOf(const ReadinessFacts& facts) {
  if (!facts.store_problem.ok()) {
    if (facts.store_problem.code() != StatusCode::kResourceExhausted)
      return {ReceiverState::kInError, 0, facts.store_problem};
    return {ReceiverState::kBusy, WaitMsFor(facts), facts.store_problem};
  }
  if (!facts.tip_known) {
    return {ReceiverState::kBusy, kWaitMsUnknown,
            Status(StatusCode::kUnavailable, "where the target stands is not known here yet",
                   "start the applier: it tells the target's checkpoint")};
  }
  if (facts.unapplied_bytes >= facts.inbox_bytes_max) {
    return {ReceiverState::kBusy, WaitMsFor(facts),
            Status(StatusCode::kResourceExhausted,
                   "the inbox holds " + std::to_string(facts.unapplied_bytes) +
                       " bytes that are not applied, its limit is " + std::to_string(facts.inbox_bytes_max),
                   "see why the applier does not keep up, or raise inbox_max_bytes")};
  }
  return {facts.unapplied_wagons == 0 ? ReceiverState::kAvailable : ReceiverState::kRunning, 0, {}};
}

// With a gap of t seconds since the last event, what was known before weighs e^(-t/T): a burst of small gaps
// and one long gap of the same sum count alike.
void DrainRate::Applied(uint64_t bytes, Time now) {
  if (!last_.has_value()) {
    last_ = now;
    return;
  }
  const double seconds = std::chrono::duration<double>(now - *last_).count();
  if (seconds <= 0) return;
  last_ = now;
  const double old_weight = std::exp(-seconds / kRememberSeconds);
  bytes_per_second_ =
      bytes_per_second_ * old_weight + static_cast<double>(bytes) / seconds * (1 - old_weight);
}

}  // namespace srdf::receiver
