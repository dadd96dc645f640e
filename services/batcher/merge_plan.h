// MergePlan: which of the wagons that wait in the outbox, and were never sent, become one.
//
// Only the end of the queue can be rewritten, because each wagon names the hash of the one before: what
// stands between the first wagon that is merged and the tip is made anew, merged or not. Wagons with
// statements, marks or rows of a copy are barriers, and so are those too large to be merged within the
// limits; they only get their new place in the chain (reframed).
//
// How much is taken by itself: from the newest wagon backwards, as long as a wagon that was merged before is
// at most twice as large as all that follows it, within the limit of one merged wagon. So a row is written
// again only when the wagon that it lands in has grown by half, and n wagons cost O(n log n) in all; where
// the rows are the same few ones all along, the merged wagon stays small and is merged again each time, for
// what the new ones weigh. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/position.h"
#include "model/wagon.h"

namespace srdf::batcher {

// A wagon at the end of the outbox of which nothing has left, as far as planning needs it.
struct UnsentWagon {
  uint64_t sequence = 0;
  std::string uid;
  std::string hash;
  bool merged = false;  // by an earlier plan
  uint64_t statements = 0;
  uint64_t rows_after = 0;
  uint64_t payload_raw_bytes = 0;
  uint64_t frame_bytes = 0;
  bool stands_alone = false;  // a mark or rows of a copy
};

struct MergeLimits {
  size_t wagons_min = 8;                 // that can be merged, and were not yet; fewer are not worth it
  uint64_t raw_bytes_max = 64ull << 20;  // payload bytes that go into one wagon: bounds memory
  uint64_t rows_max = 1'000'000;         // the same for rows
};

// Neighbouring wagons of the list that become one; count 1: reframed.
struct MergeGroup {
  size_t first = 0;
  size_t count = 0;
  friend bool operator==(const MergeGroup&, const MergeGroup&) = default;
};

// `wagons`: the unsent ones, oldest first, up to the tip. The groups cover a rest of the list, in order, and
// the first of them merges something; none: there is nothing to do.
std::vector<MergeGroup> PlanMerge(const std::vector<UnsentWagon>& wagons, const MergeLimits& limits);
// The same over the whole list, whatever was merged before: what an operator asks for.
std::vector<MergeGroup> PlanWholeMerge(const std::vector<UnsentWagon>& wagons, const MergeLimits& limits);

}  // namespace srdf::batcher
