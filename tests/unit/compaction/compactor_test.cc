// The compactor as its caller sees it: passing through, sizes, errors. What it makes of rows:
// net_effect_test.cc, in_place_test.cc, partial_images_test.cc, row_places_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/compaction/compactor_fixture.h"

namespace srdf::compaction::test {
namespace {

using ::testing::ElementsAre;

TEST_F(CompactorTest, PassingThroughKeepsOrderAndFlagsAndRemovesKeys) {
  compactor_ = NewCompactor(false);
  Use(t_);
  Insert(t_, {"1", "a"});
  Delete(t_, {"1", "a"}, kRunNoForeignKeyChecks);
  Insert(t_, {"1", "b"}, kRunInPlace);
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,a flags 0", "t delete 1,a", "t insert 1,b flags 2"));
  EXPECT_LT(result_.bytes_after, result_.bytes_before);
}

TEST_F(CompactorTest, AnotherSchemaUnderTheSameRefIsAnError) {
  Use(t_);
  Use(t_);
  TableSchema other = t_;
  other.columns[1].nullable = true;
  EXPECT_EQ(compactor_->AddSchema(other).code(), StatusCode::kDataLoss);
}

TEST_F(CompactorTest, ARunWithoutASchemaOrWithForeignBitmapsIsAnError) {
  EXPECT_EQ(TryRun(t_, {RowOp::kInsert, 0, {}, {}}, {{RowOp::kInsert, {}, {"1", "b"}, false}}).code(),
            StatusCode::kDataLoss);
  Use(t_);
  const TableSchema wide = MakeSchema(1, "t", 9, {0});
  EXPECT_EQ(TryRun(wide, {RowOp::kInsert, 0, {}, {}}, {}).code(), StatusCode::kDataLoss);
}

TEST_F(CompactorTest, ManyRowsLeaveInRunsAndCallsOfModerateSize) {
  Use(t_);
  constexpr int kRows = 40'000;
  for (int i = 0; i < kRows; ++i) Insert(t_, {std::to_string(i), std::string(100, 'x')});
  EXPECT_EQ(Emitted().size(), static_cast<size_t>(kRows));
  EXPECT_GT(runs_, kRows / 4096);
  EXPECT_LT(runs_, 40);
  for (const size_t bytes : pieces_) EXPECT_LE(bytes, (1u << 20) + (64u << 10));
}

TEST_F(CompactorTest, AnErrorOfTheSinkEndsFinishWithIt) {
  Use(t_);
  Insert(t_, {"1", "a"});
  const auto result =
      compactor_->Finish([](std::string_view) { return Status(StatusCode::kCancelled, "stop"); });
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
}

TEST(CompactionResult, PartsAddUpByTable) {
  CompactionResult total, part;
  TableManifest a, b;
  a.database = b.database = "shop";
  a.table = "a";
  a.inserts_before = a.inserts_after = 2;
  b.table = "b";
  b.deletes_before = 1;
  part.tables = {b};
  part.rows_before = 1;
  Accumulate(part, &total);
  part.tables = {a, b};
  part.rows_before = 3;
  part.rows_after = 2;
  Accumulate(part, &total);
  EXPECT_EQ(total.rows_before, 4u);
  EXPECT_EQ(total.rows_after, 2u);
  ASSERT_EQ(total.tables.size(), 2u);
  EXPECT_EQ(total.tables[0].table, "a");
  EXPECT_EQ(total.tables[0].inserts_after, 2u);
  EXPECT_EQ(total.tables[1].deletes_before, 2u);
}

}  // namespace
}  // namespace srdf::compaction::test
