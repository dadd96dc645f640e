// LogAllowance: which of many like events are logged: the first ones, then one in a while, with the number of
// those between. Pure; by the steady clock. Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace srdf::receiver {

class LogAllowance {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr uint64_t kAtOnce = 20;
  static constexpr std::chrono::seconds kOneMoreEvery{10};

  // Nothing: this one is not to be logged. Otherwise how many before it were not.
  std::optional<uint64_t> Ask(Time now) {
    if (!since_) since_ = now;
    const auto earned = static_cast<uint64_t>(std::max<int64_t>((now - *since_) / kOneMoreEvery, 0));
    if (earned != 0) {
      used_ -= std::min(used_, earned);
      *since_ += kOneMoreEvery * earned;
    }
    if (used_ == kAtOnce) {
      ++left_out_;
      return std::nullopt;
    }
    ++used_;
    return std::exchange(left_out_, 0);
  }

 private:
  std::optional<Time> since_;  // until when used_ has been made less
  uint64_t used_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace srdf::receiver
