// Wall-clock time for people and for ages shown to them; nothing is ever ordered by it (clocks jump).
#pragma once

#include <chrono>
#include <cstdint>

namespace srdf {

inline int64_t WallClockMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace srdf
