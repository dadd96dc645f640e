// What becomes of the history of a key within one segment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/compaction/compactor_fixture.h"

namespace srdf::compaction::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(CompactorTest, UpdatesOfOneRowBecomeOneUpdateFromFirstToLast) {
  Use(t_);
  Update(t_, {"1", "a"}, {"1", "b"});
  Update(t_, {"1", "b"}, {"1", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("t update 1,a -> 1,c"));
  EXPECT_EQ(result_.rows_before, 2u);
  EXPECT_EQ(result_.rows_after, 1u);
}

TEST_F(CompactorTest, UpdatesThatEndWhereTheyBeganVanishWithTheirSchema) {
  Use(t_);
  Update(t_, {"1", "a"}, {"1", "b"});
  Update(t_, {"1", "b"}, {"1", "a"});
  EXPECT_THAT(Emitted(), IsEmpty());
  EXPECT_THAT(schemas_emitted_, IsEmpty());
  ASSERT_EQ(result_.tables.size(), 1u);
  EXPECT_EQ(result_.tables[0].updates_before, 2u);
  EXPECT_EQ(result_.tables[0].updates_after, 0u);
}

TEST_F(CompactorTest, InsertThenUpdatesIsOneInsertOfTheLastImage) {
  Use(t_);
  Insert(t_, {"1", "a"});
  Update(t_, {"1", "a"}, {"1", "b"});
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,b"));
}

TEST_F(CompactorTest, InsertThenDeleteIsNothing) {
  Use(t_);
  Insert(t_, {"1", "a"});
  Delete(t_, {"1", "a"});
  Insert(t_, {"1", "b"});
  Delete(t_, {"1", "b"});
  EXPECT_THAT(Emitted(), IsEmpty());
}

TEST_F(CompactorTest, UpdateThenDeleteIsADeleteOfTheFirstImage) {
  Use(t_);
  Update(t_, {"1", "a"}, {"1", "b"});
  Delete(t_, {"1", "b"});
  EXPECT_THAT(Emitted(), ElementsAre("t delete 1,a"));
}

TEST_F(CompactorTest, ReCreationIsAnUpdateWithoutOtherUniqueKeys) {
  Use(t_);
  Delete(t_, {"1", "a"});
  Insert(t_, {"1", "b"});
  EXPECT_THAT(Emitted(), ElementsAre("t update 1,a -> 1,b"));
}

TEST_F(CompactorTest, ReCreationIsDeleteAndInsertWithOtherUniqueKeys) {
  Use(unique_);
  Delete(unique_, {"1", "a"});
  Insert(unique_, {"1", "b"});
  EXPECT_THAT(Emitted(), ElementsAre("u delete 1,a", "u insert 1,b"));
}

TEST_F(CompactorTest, AChangedKeyIsADeleteOfTheOldAndAnInsertOfTheNew) {
  Use(t_);
  Update(t_, {"1", "a"}, {"2", "a"});
  Update(t_, {"2", "a"}, {"2", "b"});
  EXPECT_THAT(Emitted(), ElementsAre("t delete 1,a", "t insert 2,b"));
}

TEST_F(CompactorTest, KeysThatSwapThroughAThirdAreTwoUpdates) {
  Use(t_);
  Update(t_, {"1", "a"}, {"9", "a"});
  Update(t_, {"2", "b"}, {"1", "b"});
  Update(t_, {"9", "a"}, {"2", "a"});
  EXPECT_THAT(Emitted(), ElementsAre("t update 1,a -> 1,b", "t update 2,b -> 2,a"));
}

TEST_F(CompactorTest, SwappedUniqueValuesAreDeletedBeforeTheyAreInserted) {
  Use(unique_);
  Update(unique_, {"1", "a"}, {"1", "tmp"}, true);
  Update(unique_, {"2", "b"}, {"2", "a"}, true);
  Update(unique_, {"1", "tmp"}, {"1", "b"}, true);
  EXPECT_THAT(Emitted(), ElementsAre("u delete 1,a", "u delete 2,b", "u insert 1,b", "u insert 2,a"));
}

TEST_F(CompactorTest, TablesWithoutAKeyKeepEveryChangeInOrder) {
  Use(keyless_);
  Insert(keyless_, {"x", "y"});
  Insert(keyless_, {"x", "y"});
  Delete(keyless_, {"x", "y"});
  Update(keyless_, {"x", "y"}, {"x", "z"});
  EXPECT_THAT(Emitted(),
              ElementsAre("log insert x,y", "log insert x,y", "log delete x,y", "log update x,y -> x,z"));
}

TEST_F(CompactorTest, OneTableUnderTwoRefsIsNotMergedAcrossThem) {
  TableSchema again = t_;
  again.table_ref = 9;
  Use(t_);
  Use(again);
  Insert(t_, {"1", "a"});
  Delete(again, {"1", "a"});
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,a", "t delete 1,a"));
  ASSERT_EQ(result_.tables.size(), 1u);
  EXPECT_EQ(result_.tables[0].inserts_before, 1u);
  EXPECT_EQ(result_.tables[0].deletes_after, 1u);
}

TEST_F(CompactorTest, ImpossibleHistoriesNameTableAndKey) {
  Use(t_);
  Insert(t_, {"1", "a"});
  const Status twice = TryRun(t_, {RowOp::kInsert, 0, {}, {}}, {{RowOp::kInsert, {}, {"1", "b"}, false}});
  EXPECT_EQ(twice.code(), StatusCode::kDataLoss);
  EXPECT_THAT(twice.message(), HasSubstr("shop.t: key 0x0131: insert"));
  compactor_ = NewCompactor(true);
  Use(t_);
  Delete(t_, {"1", "a"});
  const Status gone =
      TryRun(t_, {RowOp::kUpdate, 0, {}, {}}, {{RowOp::kUpdate, {"1", "a"}, {"1", "b"}, false}});
  EXPECT_EQ(gone.code(), StatusCode::kDataLoss);
  EXPECT_THAT(gone.message(), HasSubstr("0x0131: update"));
  const Status clash = TryRun(
      t_, {RowOp::kUpdate, 0, {}, {}},
      {{RowOp::kUpdate, {"2", "a"}, {"3", "a"}, false}, {RowOp::kUpdate, {"4", "a"}, {"3", "a"}, false}});
  EXPECT_EQ(clash.code(), StatusCode::kDataLoss);
  EXPECT_THAT(clash.message(), HasSubstr("0x0133: insert"));
}

}  // namespace
}  // namespace srdf::compaction::test
