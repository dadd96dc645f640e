#include "batcher/merge_plan.h"

#include <algorithm>

namespace srdf::batcher {

namespace {

bool CanBeMerged(const UnsentWagon& wagon, const MergeLimits& limits) {
  return wagon.statements == 0 && !wagon.stands_alone && wagon.payload_raw_bytes <= limits.raw_bytes_max &&
         wagon.rows_after <= limits.rows_max;
}

std::vector<MergeGroup> GroupFrom(const std::vector<UnsentWagon>& wagons, size_t first,
                                  const MergeLimits& limits) {
  std::vector<MergeGroup> groups;
  uint64_t bytes = 0, rows = 0;
  bool open = false;
  for (size_t i = first; i < wagons.size(); ++i) {
    const UnsentWagon& wagon = wagons[i];
    const bool can = CanBeMerged(wagon, limits);
    const bool fits = open && can && bytes + wagon.payload_raw_bytes <= limits.raw_bytes_max &&
                      rows + wagon.rows_after <= limits.rows_max;
    if (fits) {
      ++groups.back().count;
    } else {
      groups.push_back({i, 1});
      bytes = rows = 0;
    }
    open = can;
    bytes += wagon.payload_raw_bytes;
    rows += wagon.rows_after;
  }
  // What comes before the first wagon that changes stays as it is.
  const auto changed =
      std::find_if(groups.begin(), groups.end(), [](const MergeGroup& group) { return group.count > 1; });
  groups.erase(groups.begin(), changed);
  return groups;
}

}  // namespace

std::vector<MergeGroup> PlanMerge(const std::vector<UnsentWagon>& wagons, const MergeLimits& limits) {
  size_t first = wagons.size(), fresh = 0;
  uint64_t bytes = 0;
  while (first > 0) {
    const UnsentWagon& wagon = wagons[first - 1];
    if (bytes + wagon.payload_raw_bytes > limits.raw_bytes_max) break;
    if (wagon.merged && wagon.payload_raw_bytes > 2 * bytes) break;
    bytes += wagon.payload_raw_bytes;
    // A barrier is new for ever: counted, a few of them would have every single wagon behind them merged.
    fresh += !wagon.merged && CanBeMerged(wagon, limits) ? 1 : 0;
    --first;
  }
  if (fresh < limits.wagons_min) return {};
  return GroupFrom(wagons, first, limits);
}

std::vector<MergeGroup> PlanWholeMerge(const std::vector<UnsentWagon>& wagons, const MergeLimits& limits) {
  return GroupFrom(wagons, 0, limits);
}

}  // namespace srdf::batcher
