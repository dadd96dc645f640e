// SendPace: a token bucket: how many bytes may leave now under a limit of bytes per second.
//
// It may be overdrawn: what is sent is paid afterwards, so that a piece larger than the bucket passes as well
// and the rate is right over any longer time. The bucket holds a quarter of a second: after an idle time no
// more than that is sent at once.
//
// Example, 1000 B/s, full (250 B): Spend(600) leaves -350; Ready again after 350 ms.
//
// Token bucket: RFC 2697, section 3 (with a debt instead of a refusal). Thread rules: one thread at a time;
// time is given.
#pragma once

#include <chrono>
#include <cstdint>

namespace srdf::shipper {

class SendPace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // 0: no limit. A change keeps the debt, in bytes.
  void SetRate(uint64_t bytes_per_second, Time now);
  uint64_t rate() const { return rate_; }
  // Whether something may leave now.
  bool Ready(Time now) const { return ReadyAt(now) <= now; }
  // When it may; `now` or earlier when it may now.
  Time ReadyAt(Time now) const;
  void Spend(uint64_t bytes, Time now);

 private:
  double TokensAt(Time now) const;

  uint64_t rate_ = 0;
  double tokens_ = 0;  // at `at_`; below 0: a debt
  Time at_{};
};

}  // namespace srdf::shipper
