// Shrinker: the smallest scenario it can find that still fails in the same way.
//
// Delta debugging (Zeller, Hildebrandt: "Simplifying and Isolating Failure-Inducing Input", 2002) over
// steps, then setup statements, then cuts: ever smaller pieces are left out as long as the failure stays.
#pragma once

#include <chrono>
#include <functional>

#include "differential/listing.h"

namespace srdf::differential {

// True when this one fails in the way that is looked for.
using StillFails = std::function<bool(const Listing&)>;

struct ShrinkResult {
  Listing listing;
  unsigned attempts = 0;
  bool minimal = false;  // false: time was up
};

// `listing` fails. Simpler run options are tried first. Ends when nothing can be left out, or at the time
// limit.
ShrinkResult Shrink(const Listing& listing, const StillFails& still_fails, std::chrono::seconds time_max);

}  // namespace srdf::differential
