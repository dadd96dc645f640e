// Named failure points: SRDF_FAILPOINT("applier.before_commit") does nothing unless one of two environment
// variables speaks of it:
//
//   SRDF_FAILPOINTS=applier.before_commit=crash         ends the process at the first pass, as kill -9 would
//                   applier.before_commit=crash@3       at the third pass
//                   applier.before_commit=crash%2.5     at each pass with a probability of 2.5 %
//                   *=crash%0.1,applier.after_ddl=crash several, separated by commas; the last word on a
//                                                       point counts, * stands for all
//   SRDF_FAILPOINT_BOARD=FILE    orders and counts in a file that several processes share (failpoint_board.h)
//
// SRDF_FAILPOINT_SEED makes the random choices of a process repeatable: every process with this seed (and, on
// a board, the same number on it) draws the same numbers. Without it they are random.
//
// Read once, at the first pass. The names are in failpoint_names.h; another name, or words that are not
// understood, are an error: CheckEnvironment says it, which services ask at their start; a process that did
// not ask ends at its first pass with the same words. Costs one relaxed load when unused. Any thread.
#pragma once

#include <atomic>

#include "base/status.h"
#include "failpoint/failpoint_names.h"

namespace srdf::failpoint {

extern std::atomic<bool> g_enabled;

void Hit(size_t index);

// kInvalidArgument with the names there are, when the environment cannot be followed.
Status CheckEnvironment();

}  // namespace srdf::failpoint

#define SRDF_FAILPOINT(name)                                                                           \
  do {                                                                                                 \
    static_assert(::srdf::failpoint::IndexOf(name) < ::srdf::failpoint::kCount,                        \
                  "this failure point is not listed in failpoint/failpoint_names.h");                  \
    if (::srdf::failpoint::g_enabled.load(std::memory_order_relaxed))                                  \
      ::srdf::failpoint::Hit(std::integral_constant<size_t, ::srdf::failpoint::IndexOf(name)>::value); \
  } while (false)
