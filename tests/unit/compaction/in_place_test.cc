// What nothing may cross, and how far it reaches: changes that cascade, outcomes of prepared transactions,
// flags.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/mark.h"
#include "unit/compaction/compactor_fixture.h"

namespace srdf::compaction::test {
namespace {

using ::testing::ElementsAre;

TEST_F(CompactorTest, NothingCrossesAChangeThatCascades) {
  Use(t_);
  Use(unique_);
  Update(t_, {"1", "a"}, {"1", "b"});
  Delete(unique_, {"7", "p"}, kRunInPlace);
  Update(t_, {"1", "b"}, {"1", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("t update 1,a -> 1,b", "u delete 7,p flags 2", "t update 1,b -> 1,c"));
}

// Trap 5: the child goes to another parent, then its old parent is deleted with a cascade.
TEST_F(CompactorTest, AChildIsMovedBeforeItsOldParentCascades) {
  Use(t_);
  Use(unique_);
  Update(t_, {"child", "p1"}, {"child", "p2"});
  Delete(unique_, {"p1", ""}, kRunInPlace);
  Delete(unique_, {"p2", ""}, kRunInPlace);
  EXPECT_THAT(Emitted(),
              ElementsAre("t update child,p1 -> child,p2", "u delete p1, flags 2", "u delete p2, flags 2"));
}

TEST_F(CompactorTest, ACascadeCutsOnlyTheTablesThatForeignKeysConnectWithIt) {
  t_.constraint_group = 1;
  unique_.constraint_group = 2;
  Use(t_);
  Use(unique_);
  Update(t_, {"1", "a"}, {"1", "b"});
  Update(unique_, {"3", "p"}, {"3", "q"});
  Delete(unique_, {"7", "p"}, kRunInPlace);
  Update(unique_, {"3", "q"}, {"3", "r"});
  Update(t_, {"1", "b"}, {"1", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("u update 3,p -> 3,q", "u delete 7,p flags 2", "t update 1,a -> 1,c",
                                     "u update 3,q -> 3,r"));
}

TEST_F(CompactorTest, AnInPlaceChangeOfAnUnknownGroupCutsEveryTable) {
  t_.constraint_group = 1;
  Use(t_);
  Use(unique_);
  Update(t_, {"1", "a"}, {"1", "b"});
  Delete(unique_, {"7", "p"}, kRunInPlace);
  Update(t_, {"1", "b"}, {"1", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("t update 1,a -> 1,b", "u delete 7,p flags 2", "t update 1,b -> 1,c"));
}

TEST_F(CompactorTest, AKeySeenBeforeAnInPlaceChangeIsNotKnownAfterIt) {
  Use(t_);
  Insert(t_, {"1", "a"});
  Delete(t_, {"5", "x"}, kRunInPlace);  // cascades, among others to row 1
  Insert(t_, {"1", "b"});
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,a", "t delete 5,x flags 2", "t insert 1,b"));
}

TEST_F(CompactorTest, AnOutcomeOfAPreparedTransactionIsCrossedByNothingAPartByAll) {
  Use(t_);
  Use(unique_);
  Insert(t_, {"1", "a"});
  ASSERT_TRUE(compactor_->AddPrepared(RecordType::kPreparedPart, "x").ok());
  Update(t_, {"1", "a"}, {"1", "b"});
  Insert(unique_, {"1", "a"});
  ASSERT_TRUE(compactor_->AddPrepared(RecordType::kPreparedOutcome, "x").ok());
  Update(t_, {"1", "b"}, {"1", "c"});
  Delete(unique_, {"1", "a"});
  ASSERT_TRUE(compactor_->AddPrepared(RecordType::kPreparedPart, "x").ok());
  EXPECT_THAT(Emitted(), ElementsAre("part x", "t insert 1,b", "u insert 1,a", "outcome x", "part x",
                                     "t update 1,b -> 1,c", "u delete 1,a"));
}

TEST_F(CompactorTest, MarksAndRangesAreCrossedByNothingAndARangeWithoutRowsKeepsItsSchema) {
  Use(t_);
  Use(unique_);
  std::string mark, range;
  EncodeMark({"m"}, &mark);
  EncodeRangeCopy({unique_.table_ref, RangeCopyKind::kRange, "a", "z", 0}, &range);
  Insert(t_, {"1", "a"});
  ASSERT_TRUE(compactor_->AddCopy(RecordType::kMark, mark).ok());
  Update(t_, {"1", "a"}, {"1", "b"});
  ASSERT_TRUE(compactor_->AddCopy(RecordType::kRangeCopy, range).ok());
  Update(t_, {"1", "b"}, {"1", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,a", "mark m", "t update 1,a -> 1,b", "u range a to z",
                                     "t update 1,b -> 1,c"));
}

TEST_F(CompactorTest, ARangeOfATableThatIsNotKnownIsAnError) {
  std::string range;
  EncodeRangeCopy({77, RangeCopyKind::kRange, "a", "z", 0}, &range);
  EXPECT_EQ(compactor_->AddCopy(RecordType::kRangeCopy, range).code(), StatusCode::kDataLoss);
}

TEST_F(CompactorTest, AFlagThatIsNotKnownKeepsTheRunInItsPlace) {
  Use(t_);
  Update(t_, {"1", "a"}, {"1", "b"}, false, 0x40);
  Update(t_, {"1", "b"}, {"1", "c"}, false, 0x40);
  EXPECT_THAT(Emitted(), ElementsAre("t update 1,a -> 1,b flags 66", "t update 1,b -> 1,c flags 66"));
}

TEST_F(CompactorTest, ForeignKeyAndCheckFlagsCoverTheWholeTableOfASegment) {
  Use(t_);
  Insert(t_, {"1", "a"});
  Insert(t_, {"2", "b"}, kRunNoCheckConstraints);
  Delete(t_, {"9", "x"}, kRunInPlace);
  Insert(t_, {"3", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,a flags 5", "t insert 2,b flags 5", "t delete 9,x flags 2",
                                     "t insert 3,c"));
}

}  // namespace
}  // namespace srdf::compaction::test
