// DeliveryPolicy: what a failed attempt means for the next one. Pure: class of the error and facts in, one
// decision out; no clock, no store.
//
//   network        open the stream again within seconds, for ever; suspended once the schedule's time is over
//   busy           wait as told; counts as no failure
//   format         send again at once, a few times; then a dead letter
//   crypto,        suspend the flow at once, try again slowly: a renewed key, certificate or token heals it,
//   authorisation  and the wagon is not to blame
//   functional     by the schedule, then a dead letter
//
// Waits are lengths of time; who measures them, and how they survive a restart, is DeliveryLink's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/delivery.h"

namespace srdf::shipper {

struct RetryOptions {
  // After the first failure the first entry is waited for, and so on.
  std::vector<std::chrono::milliseconds> schedule = {std::chrono::seconds(10), std::chrono::seconds(30),
                                                     std::chrono::minutes(2), std::chrono::minutes(10),
                                                     std::chrono::hours(1)};
  std::chrono::milliseconds reconnect_first{100};  // doubles up to reconnect_max
  std::chrono::milliseconds reconnect_max{5000};
  std::chrono::milliseconds busy_wait{1000};       // when the destination does not say how long
  std::chrono::milliseconds refused_again{30000};  // crypto, authorisation
  uint32_t format_again_max = 3;
};
// `max_attempts` cuts the schedule off or repeats its last entry; 0: the schedule as it is.
std::vector<std::chrono::milliseconds> RetrySchedule(const std::vector<uint64_t>& seconds,
                                                     uint32_t max_attempts);

// What is known of a failure when it is decided about.
struct FailureFacts {
  ErrorClass error_class = ErrorClass::kNetwork;
  uint32_t failed_attempts = 1;              // of the wagon, with this one
  uint32_t reconnects = 0;                   // in a row, before this one
  std::chrono::milliseconds failing_for{0};  // since the destination was last reached
  std::chrono::milliseconds told_wait{0};    // 0: not told
};

enum class DeliveryAct {
  kReconnect,   // after `wait`
  kWaitAsTold,  // the same wagon, after `wait`
  kSendAgain,   // at once
  kBySchedule,  // the same wagon, after `wait`
  kSuspend,     // and try again after `wait`
  kDeadLetter,
};
struct DeliveryDecision {
  DeliveryAct act = DeliveryAct::kReconnect;
  std::chrono::milliseconds wait{0};
  bool counts = false;  // against the wagon's schedule
};

class DeliveryPolicy {
 public:
  explicit DeliveryPolicy(RetryOptions options) : options_(std::move(options)) {}
  DeliveryDecision Decide(const FailureFacts& facts) const;
  // How long the destination may be away before the flow is suspended.
  std::chrono::milliseconds patience() const;
  // The longest that a wait of this class can be after so many failed attempts: what a wait that was read
  // back after a restart is cut to.
  std::chrono::milliseconds LongestWait(ErrorClass error_class, uint32_t failed_attempts) const;
  const RetryOptions& options() const { return options_; }

 private:
  const RetryOptions options_;
};

// The class of what ended a stream. kNone: nothing a repetition heals (an operator is needed), see
// NeedsOperator, or nobody's failure.
ErrorClass ClassOfStreamEnd(const Status& ended);
// Data lost, roles or configuration that do not fit: the link stops and asks again slowly.
bool NeedsOperator(const Status& status);
// What to do about a class, for people; `flow` is named in commands.
std::string RemedyFor(ErrorClass error_class, const std::string& flow);

}  // namespace srdf::shipper
