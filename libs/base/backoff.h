// Backoff: how long to wait before the next try of something that is retried for ever.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace srdf {

// Doubles from `first` to `max`; Reset after a success.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max)
      : first_(first), max_(max), next_(first) {}
  std::chrono::milliseconds Next() {
    const auto now = next_;
    next_ = std::min(next_ * 2, max_);
    ++tries_;
    return now;
  }
  void Reset() {
    next_ = first_;
    tries_ = 0;
  }
  unsigned tries() const { return tries_; }

 private:
  std::chrono::milliseconds first_, max_, next_;
  unsigned tries_ = 0;
};

// A wait that an operator (or a stop) can cut short. Any thread.
class WakeableWait {
 public:
  // True when woken, false when the time has passed or a stop was asked for.
  bool WaitFor(std::stop_token stop, std::chrono::milliseconds time) {
    std::unique_lock lock(mu_);
    const bool woken = changed_.wait_for(lock, stop, time, [&] { return woken_; });
    woken_ = false;
    return woken;
  }
  void Wake() {
    std::lock_guard lock(mu_);
    woken_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mu_;
  std::condition_variable_any changed_;
  bool woken_ = false;  // guarded by mu_
};

}  // namespace srdf
