#include "verify/table_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "support/fake_snapshot.h"

namespace srdf::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string Key(int i) {
  std::string digits = std::to_string(i);
  return std::string(6 - digits.size(), '0') + digits;
}

class TableDigest : public ::testing::Test {
 protected:
  void Fill(int rows, bool with_key = true) {
    test::FakeTable table;
    table.schema = test::FakeSchema("shop", "item", with_key);
    for (int i = 0; i < rows; ++i) table.rows.emplace_back(Key(i), "row " + std::to_string(i));
    schema_ = table.schema;
    snapshot_ = std::make_unique<test::FakeSnapshot>(test::FakeTables{{{"shop", "item"}, table}},
                                                     SourcePosition{"0-1-1", "", 0});
  }
  StepsResult Steps(const engine::KeyRange& range, uint64_t per_step, uint64_t rows_max) {
    auto result = DigestSteps(snapshot_.get(), schema_, range, per_step, rows_max, {});
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *result : StepsResult();
  }

  TableSchema schema_;
  std::unique_ptr<test::FakeSnapshot> snapshot_;
};

std::vector<uint64_t> Rows(const std::vector<Part>& parts) {
  std::vector<uint64_t> rows;
  for (const Part& part : parts) rows.push_back(part.digest.rows);
  return rows;
}

TEST_F(TableDigest, StepsCoverTheTableWithoutGapAndTheLastOneReachesItsEnd) {
  Fill(25);
  const StepsResult all = Steps({}, 10, 0);
  EXPECT_TRUE(all.end);
  EXPECT_THAT(Rows(all.parts), ElementsAre(10, 10, 5));
  EXPECT_EQ(all.parts[0].range.after, "");
  EXPECT_EQ(all.parts[0].range.until, Key(9));
  EXPECT_EQ(all.parts[1].range.after, Key(9));
  EXPECT_EQ(all.parts[2].range.until, "");
}

TEST_F(TableDigest, StepsThatStopAtALimitGoOnWhereTheyStopped) {
  Fill(25);
  const StepsResult first = Steps({}, 10, 20);
  EXPECT_FALSE(first.end);
  EXPECT_THAT(Rows(first.parts), ElementsAre(10, 10));
  const StepsResult second = Steps({first.parts.back().range.until, ""}, 10, 20);
  EXPECT_TRUE(second.end);
  EXPECT_THAT(Rows(second.parts), ElementsAre(5));
}

TEST_F(TableDigest, AnEmptyRangeIsOnePartWithoutRows) {
  Fill(0);
  const StepsResult all = Steps({}, 10, 0);
  EXPECT_TRUE(all.end);
  EXPECT_THAT(Rows(all.parts), ElementsAre(0));
}

TEST_F(TableDigest, TheSameRangesHaveTheSameDigests) {
  Fill(100);
  const StepsResult steps = Steps({}, 7, 0);
  std::vector<engine::KeyRange> ranges;
  for (const Part& part : steps.parts) ranges.push_back(part.range);
  const auto again = DigestRanges(snapshot_.get(), schema_, ranges, {});
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->size(), steps.parts.size());
  for (size_t i = 0; i < ranges.size(); ++i) EXPECT_EQ((*again)[i].digest, steps.parts[i].digest) << i;
}

TEST_F(TableDigest, BucketsHoldEveryRowOnce) {
  Fill(1000, false);
  const auto buckets = DigestBuckets(snapshot_.get(), schema_, 16, {});
  ASSERT_TRUE(buckets.ok());
  ASSERT_THAT(*buckets, SizeIs(16));
  uint64_t rows = 0;
  for (const RowDigest& digest : *buckets) rows += digest.rows;
  EXPECT_EQ(rows, 1000u);
  EXPECT_FALSE(DigestBuckets(snapshot_.get(), schema_, kBucketsMax + 1, {}).ok());
}

TEST_F(TableDigest, APassThatNobodyWantsEnds) {
  Fill(100'000);
  Pace pace;
  pace.cancelled = [] { return true; };
  EXPECT_EQ(DigestSteps(snapshot_.get(), schema_, {}, 10, 0, pace).status().code(), StatusCode::kCancelled);
}

TEST_F(TableDigest, APassKeepsToItsPace) {
  Fill(400);
  Pace pace;
  pace.rows_per_second_max = 1000;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(DigestSteps(snapshot_.get(), schema_, {}, 100, 0, pace).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(300));
}

TEST_F(TableDigest, ASlowPassRestsBetweenReadsBecauseAReadHoldsALock) {
  struct Watched : test::FakeSnapshot {
    using test::FakeSnapshot::FakeSnapshot;
    Result<engine::ReadEnd> ReadRange(const TableSchema& schema, const engine::KeyRange& range,
                                      const engine::ReadLimits& limits, engine::RowSink* sink) override {
      auto end = test::FakeSnapshot::ReadRange(schema, range, limits, sink);
      if (end.ok()) rows.push_back(end->rows);
      return end;
    }
    std::vector<uint64_t> rows;
  };
  test::FakeTable table;
  table.schema = test::FakeSchema("shop", "item", true);
  for (int i = 0; i < 400; ++i) table.rows.emplace_back(Key(i), "row " + std::to_string(i));
  Watched snapshot(test::FakeTables{{{"shop", "item"}, table}}, SourcePosition{"0-1-1", "", 0});
  Pace pace;
  pace.rows_per_second_max = 800;
  const auto steps = DigestSteps(&snapshot, table.schema, {}, 1000, 0, pace);
  ASSERT_TRUE(steps.ok());
  EXPECT_THAT(Rows(steps->parts), ElementsAre(400));
  EXPECT_THAT(snapshot.rows, ElementsAre(100, 100, 100, 100)) << "an eighth of a second each";
}

TEST(SchemaDigest, TellsWhatChangesTheMeaningOfABytes) {
  const TableSchema schema = test::FakeSchema("shop", "item", true);
  TableSchema other = schema;
  other.table = "goods";
  other.constraint_group = 7;
  EXPECT_EQ(SchemaDigest(other), SchemaDigest(schema));
  other.columns[0].is_unsigned = true;
  EXPECT_NE(SchemaDigest(other), SchemaDigest(schema));
  other = schema;
  other.columns[1].labels = {"a"};
  EXPECT_NE(SchemaDigest(other), SchemaDigest(schema));
  other = schema;
  other.columns[1].generated = true;
  EXPECT_NE(SchemaDigest(other), SchemaDigest(schema));
  other = schema;
  other.key_columns = {};
  EXPECT_NE(SchemaDigest(other), SchemaDigest(schema));
}

}  // namespace
}  // namespace srdf::verify
