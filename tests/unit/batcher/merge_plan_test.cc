#include "batcher/merge_plan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace srdf::batcher {
namespace {

UnsentWagon Wagon(uint64_t bytes, bool merged = false, uint64_t statements = 0) {
  UnsentWagon wagon;
  wagon.payload_raw_bytes = bytes;
  wagon.rows_after = bytes / 10;
  wagon.merged = merged;
  wagon.statements = statements;
  return wagon;
}
std::vector<UnsentWagon> Fresh(size_t count, uint64_t bytes = 100) {
  return std::vector<UnsentWagon>(count, Wagon(bytes));
}
using Groups = std::vector<MergeGroup>;

TEST(MergePlan, FewWagonsAreLeftAlone) {
  EXPECT_EQ(PlanMerge({}, {}), Groups{});
  EXPECT_EQ(PlanMerge(Fresh(7), {}), Groups{});
  EXPECT_EQ(PlanMerge(Fresh(8), {}), (Groups{{0, 8}}));
}

TEST(MergePlan, WhatWasMergedIsTakenAgainOnlyWhenAsMuchHasCome) {
  auto wagons = Fresh(9);
  wagons.front() = Wagon(1600, true);
  EXPECT_EQ(PlanMerge(wagons, {}), (Groups{{0, 9}}));
  wagons.front() = Wagon(1700, true);
  EXPECT_EQ(PlanMerge(wagons, {}), (Groups{{1, 8}}));
}

TEST(MergePlan, AStatementIsABarrierThatOnlyGetsANewPlace) {
  auto wagons = Fresh(12);
  wagons[2] = Wagon(10, false, 1);
  wagons[11] = Wagon(10, false, 1);
  EXPECT_EQ(PlanMerge(wagons, {}), (Groups{{0, 2}, {2, 1}, {3, 8}, {11, 1}}));
}

TEST(MergePlan, AMarkOrRowsOfACopyAreABarrierToo) {
  auto wagons = Fresh(12);
  wagons[2].stands_alone = true;
  EXPECT_EQ(PlanMerge(wagons, {}), (Groups{{0, 2}, {2, 1}, {3, 9}}));
  EXPECT_EQ(PlanWholeMerge(wagons, {}), (Groups{{0, 2}, {2, 1}, {3, 9}}));
}

TEST(MergePlan, StatementsAreNotAmongTheWagonsThatHaveToCome) {
  std::vector<UnsentWagon> wagons(20, Wagon(10, false, 1));
  wagons.push_back(Wagon(100, true));
  wagons.push_back(Wagon(100));
  EXPECT_EQ(PlanMerge(wagons, {}), Groups{}) << "one wagon after the last merge";
}

TEST(MergePlan, WhatStandsBeforeTheFirstChangeIsNotWrittenAgain) {
  auto wagons = Fresh(11);
  for (size_t i : {0, 2, 4}) wagons[i] = Wagon(10, false, 1);
  EXPECT_EQ(PlanMerge(wagons, {}), (Groups{{5, 6}}));
  for (auto& wagon : wagons) wagon.statements = 1;
  EXPECT_EQ(PlanMerge(wagons, {}), Groups{});
}

TEST(MergePlan, TrapAHugeWagonEndsTheRangeAndTheLimitsBoundAMergedWagon) {
  MergeLimits limits;
  limits.raw_bytes_max = 1000;
  auto wagons = Fresh(12);
  EXPECT_EQ(PlanMerge(wagons, limits), (Groups{{2, 10}}));
  wagons[3] = Wagon(5000);
  EXPECT_EQ(PlanMerge(wagons, limits), (Groups{{4, 8}}));
  limits.raw_bytes_max = 1 << 20;
  limits.rows_max = 50;
  EXPECT_EQ(PlanMerge(Fresh(8), limits), (Groups{{0, 5}, {5, 3}}));
}

TEST(MergePlan, AnOperatorsMergeTakesTheWholeQueueInPiecesWithinTheLimits) {
  MergeLimits limits;
  limits.raw_bytes_max = 1000;
  auto wagons = Fresh(30);
  wagons[15] = Wagon(5000);
  EXPECT_EQ(PlanWholeMerge(wagons, limits), (Groups{{0, 10}, {10, 5}, {15, 1}, {16, 10}, {26, 4}}));
  EXPECT_EQ(PlanWholeMerge(Fresh(1), limits), Groups{});
}

// Of rows that do not shrink: every one is written again O(log n) times.
TEST(MergePlan, AllMergesOfALongOutageTogetherCostNLogN) {
  constexpr size_t kWagons = 20'000;
  MergeLimits limits;
  limits.raw_bytes_max = uint64_t{1} << 40;
  limits.rows_max = limits.raw_bytes_max;
  std::vector<UnsentWagon> queue;
  uint64_t written = 0;
  for (size_t i = 0; i < kWagons; ++i) {
    queue.push_back(Wagon(100));
    const Groups groups = PlanMerge(queue, limits);
    if (groups.empty()) continue;
    ASSERT_EQ(groups.size(), 1u);
    uint64_t bytes = 0;
    for (size_t w = groups[0].first; w < queue.size(); ++w) bytes += queue[w].payload_raw_bytes;
    written += bytes;
    queue.resize(groups[0].first);
    queue.push_back(Wagon(bytes, true));
  }
  EXPECT_LT(queue.size(), 25u);
  EXPECT_LT(static_cast<double>(written), 100.0 * kWagons * 2 * std::log2(kWagons));
}

}  // namespace
}  // namespace srdf::batcher
