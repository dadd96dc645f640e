// Readiness: what a shipper is told before it sends: send, wait, or not at all; pure, from what the inbox
// holds.
//
//   available   nothing waits here
//   running     wagons wait to be applied, and there is room for more; also while no applier is connected
//   busy        the inbox (or its disk) is full, or the starting point is not known yet: wait_ms
//   in_error    the inbox cannot be written
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/status.h"
#include "model/delivery.h"

namespace srdf::receiver {

inline constexpr uint32_t kWaitMsMin = 100;
inline constexpr uint32_t kWaitMsMax = 30'000;

struct Readiness {
  ReceiverState state = ReceiverState::kUnknown;
  uint32_t wait_ms = 0;  // with kBusy
  Status problem;        // why it is busy or in error
};

struct ReadinessFacts {
  bool tip_known = false;
  uint64_t unapplied_wagons = 0;
  uint64_t unapplied_bytes = 0;
  uint64_t inbox_bytes_max = 0;
  Status store_problem;               // of the last write, until one succeeds
  double drain_bytes_per_second = 0;  // 0: not known
};
Readiness ReadinessOf(const ReadinessFacts& facts);

// How long until the inbox has room again for a tenth of itself, as fast as wagons are being applied; within
// kWaitMsMin and kWaitMsMax, a second when the speed is not known.
uint32_t WaitMsFor(const ReadinessFacts& facts);

// Bytes that were applied per second, lately: an exponential mean over some seconds. By the steady clock.
class DrainRate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  void Applied(uint64_t bytes, Time now);
  double BytesPerSecond() const { return bytes_per_second_; }

 private:
  std::optional<Time> last_;
  double bytes_per_second_ = 0;
};

}  // namespace srdf::receiver
