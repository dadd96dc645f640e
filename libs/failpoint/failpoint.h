// Named failure points: SRDF_FAILPOINT("applier.before_commit") does nothing unless the environment variable
// SRDF_FAILPOINTS names it: "applier.before_commit=crash", or "=crash@3" for the third pass. `crash` ends the
// process at once, as kill -9 would. Read once at the first pass; costs one relaxed load when unused.
#pragma once

#include <atomic>

namespace srdf::failpoint {

extern std::atomic<bool> g_enabled;
void Hit(const char* name);

}  // namespace srdf::failpoint

#define SRDF_FAILPOINT(name)                                                                        \
  do {                                                                                              \
    if (::srdf::failpoint::g_enabled.load(std::memory_order_relaxed)) ::srdf::failpoint::Hit(name); \
  } while (false)
