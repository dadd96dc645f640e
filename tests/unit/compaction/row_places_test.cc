// The order of rows within an operation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/compaction/compactor_fixture.h"

namespace srdf::compaction::test {
namespace {

using ::testing::ElementsAre;

// Keys of these tests are one digit.
std::unique_ptr<KeyPlacer> NewLastBytePlacer(const TableSchema& schema) {
  class LastByte : public KeyPlacer {
   public:
    uint64_t Place(ByteView key) const override { return static_cast<uint8_t>(key.back()); }
  };
  if (schema.table == "u") return nullptr;
  return std::make_unique<LastByte>();
}

TEST_F(CompactorTest, RowsOfAnOperationComeInTheOrderInWhichTheyLieInTheirTable) {
  compactor_ = NewCompactor(true, nullptr, NewLastBytePlacer);
  Use(t_);
  Insert(t_, {"9", "a"});
  Delete(t_, {"5", "a"});
  Update(t_, {"8", "a"}, {"8", "b"});
  Insert(t_, {"7", "a"});
  Delete(t_, {"1", "a"});
  Update(t_, {"2", "a"}, {"2", "b"});
  Insert(t_, {"6", "a"});
  EXPECT_THAT(Emitted(), ElementsAre("t delete 1,a", "t delete 5,a", "t update 2,a -> 2,b",
                                     "t update 8,a -> 8,b", "t insert 6,a", "t insert 7,a", "t insert 9,a"));
}

TEST_F(CompactorTest, ATableWithoutPlacesKeepsTheOrderInWhichItsKeysCame) {
  compactor_ = NewCompactor(true, nullptr, NewLastBytePlacer);
  Use(unique_);
  Delete(unique_, {"5", "a"});
  Delete(unique_, {"1", "a"});
  EXPECT_THAT(Emitted(), ElementsAre("u delete 5,a", "u delete 1,a"));
}

TEST_F(CompactorTest, PlacesDoNotReachFromOneSegmentIntoAnother) {
  compactor_ = NewCompactor(true, nullptr, NewLastBytePlacer);
  Use(t_);
  Insert(t_, {"9", "a"});
  Insert(t_, {"8", "a"});
  Insert(t_, {"3", "a"}, kRunInPlace);
  Insert(t_, {"2", "a"});
  Insert(t_, {"1", "a"});
  EXPECT_THAT(Emitted(), ElementsAre("t insert 8,a", "t insert 9,a", "t insert 3,a flags 2", "t insert 1,a",
                                     "t insert 2,a"));
}

}  // namespace
}  // namespace srdf::compaction::test
