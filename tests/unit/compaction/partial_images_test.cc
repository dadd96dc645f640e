// Images that do not have all columns of their table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/compaction/compactor_fixture.h"

namespace srdf::compaction::test {
namespace {

using ::testing::ElementsAre;

TEST_F(CompactorTest, PartialAfterImagesUniteByColumn) {
  compactor_ = NewCompactor(true, NewTestMerger);
  const TableSchema wide = MakeSchema(9, "w", 4, {0});
  Use(wide);
  const auto update = [&](const std::string& key, uint16_t column, const std::string& value) {
    Values before{key, Value(), Value(), Value()};
    Values after = before;
    after[column] = value;
    Run(wide, {RowOp::kUpdate, 0, Bitmap(4, {0}), Bitmap(4, {column})},
        {{RowOp::kUpdate, before, after, false}});
  };
  const auto insert = [&](const std::string& key, std::vector<uint16_t> present) {
    Run(wide, {RowOp::kInsert, 0, {}, Bitmap(4, present)},
        {{RowOp::kInsert, {}, {key, "i", "i", "i"}, false}});
  };
  update("1", 1, "a");
  update("1", 2, "b");
  update("1", 1, "c");
  insert("2", {0, 1});
  update("2", 3, "d");
  insert("3", {0, 1, 2, 3});
  update("3", 2, "e");
  Run(wide, {RowOp::kDelete, 0, Bitmap(4, {0}), {}}, {{RowOp::kDelete, {"4", "", "", ""}, {}, false}});
  insert("4", {0, 2});  // the rest has its defaults, whatever the row before had
  update("4", 1, "f");
  update("5", 1, "g");
  Run(wide, {RowOp::kDelete, 0, Bitmap(4, {0}), {}}, {{RowOp::kDelete, {"5", "", "", ""}, {}, false}});
  EXPECT_THAT(Emitted(), ElementsAre("w delete 4,?,?,?", "w delete 5,?,?,?", "w update 1,?,?,? -> ?,c,b,?",
                                     "w insert 3,i,e,i", "w insert 2,i,?,d", "w insert 4,f,i,?"));
}

TEST_F(CompactorTest, APartialUpdateThatMovesItsRowStaysInItsPlace) {
  compactor_ = NewCompactor(true, NewTestMerger);
  Use(unique_);
  Insert(unique_, {"1", "a"});
  Run(unique_, {RowOp::kUpdate, 0, Bitmap(2, {0}), Bitmap(2, {1})},
      {{RowOp::kUpdate, {"1", Value()}, {"1", "b"}, true}});
  Run(unique_, {RowOp::kUpdate, 0, Bitmap(2, {0}), Bitmap(2, {0})},
      {{RowOp::kUpdate, {"1", Value()}, {"2", Value()}, false}});
  EXPECT_THAT(Emitted(),
              ElementsAre("u insert 1,a", "u update 1,? -> ?,b flags 2", "u update 1,? -> 2,? flags 2"));
}

TEST_F(CompactorTest, ARunWithAPartialAfterImageStaysInItsPlaceWithoutTheEnginesHelp) {
  Use(t_);
  Update(t_, {"1", "a"}, {"1", "b"});
  Run(t_, {RowOp::kUpdate, 0, Bitmap(2, {0}), Bitmap(2, {1})},
      {{RowOp::kUpdate, {"1", "b"}, {"1", "c"}, false}});
  Update(t_, {"1", "c"}, {"1", "d"});
  EXPECT_THAT(Emitted(),
              ElementsAre("t update 1,a -> 1,b", "t update 1,? -> ?,c flags 2", "t update 1,c -> 1,d"));
}

TEST_F(CompactorTest, ARunWhoseBeforeImageLacksTheKeyStaysInItsPlace) {
  Use(t_);
  Run(t_, {RowOp::kUpdate, 0, Bitmap(2, {1}), {}}, {{RowOp::kUpdate, {"1", "a"}, {"1", "b"}, false}});
  Update(t_, {"1", "b"}, {"1", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("t update ?,a -> 1,b flags 2", "t update 1,b -> 1,c"));
}

TEST_F(CompactorTest, AKeyOnlyBeforeImageIsNotTakenForAnUnchangedRow) {
  const TableSchema s = MakeSchema(5, "k", 2, {0});
  Use(s);
  // Same bytes, but the before image speaks of column 0 alone.
  const std::string key_only = Bitmap(2, {0}), full = FullBitmap(2);
  std::string record;
  RowRunWriter writer(&record);
  writer.Begin({5, RowOp::kUpdate, 0, key_only, full});
  writer.Add({0, "k", {}, "same", "same"});
  writer.End();
  ASSERT_TRUE(compactor_->AddRun(BodyOf(record)).ok());
  const auto result = compactor_->Finish([](std::string_view) { return Status::Ok(); });
  EXPECT_EQ(result->rows_after, 1u);
}

TEST_F(CompactorTest, KeyOnlyAndFullBeforeImagesLeaveInRunsOfTheirOwn) {
  Use(t_);
  for (int i = 0; i < 10; ++i) {
    const std::string id(1, static_cast<char>('0' + i));
    Run(t_, {RowOp::kUpdate, 0, i % 2 == 0 ? Bitmap(2, {0}) : "", {}},
        {{RowOp::kUpdate, {id, "a"}, {id, "b"}, false}});
  }
  EXPECT_EQ(Emitted().size(), 10u);
  EXPECT_EQ(runs_, 2);
}

}  // namespace
}  // namespace srdf::compaction::test
