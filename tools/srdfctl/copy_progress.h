// CopyProgress: a copy's progress as one line for people, with a rate that follows the last seconds. Pure but
// for the time that the caller tells.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "srdf/capture/v1/copy.pb.h"

namespace srdf::ctl {

class CopyProgress {
 public:
  using Clock = std::chrono::steady_clock;

  // What capture says now, while a copy is going on.
  std::string Line(const capture::v1::GetCopyResponse& copy, Clock::time_point now);

 private:
  std::deque<std::pair<Clock::time_point, uint64_t>> bytes_;  // of the last seconds
};

}  // namespace srdf::ctl
