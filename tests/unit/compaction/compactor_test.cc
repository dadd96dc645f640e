#include "compaction/compactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/compaction/run_builder.h"

namespace srdf::compaction::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Collects what a compactor emits as sentences: "t delete 1,a" "t update 1,a -> 1,b", with flags when other
// than "no foreign key checks" alone.
class CompactorTest : public ::testing::Test {
 protected:
  void Use(const TableSchema& schema) { ASSERT_TRUE(compactor_->AddSchema(schema).ok()); }

  Status TryRun(const TableSchema& schema, const RunSpec& spec, std::vector<Change> changes) {
    feed_.push_back(std::make_unique<std::string>(MakeRun(schema, spec, changes)));
    return compactor_->AddRun(BodyOf(*feed_.back()));
  }
  void Run(const TableSchema& schema, const RunSpec& spec, std::vector<Change> changes) {
    const Status status = TryRun(schema, spec, std::move(changes));
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  void Insert(const TableSchema& s, Values row, uint8_t flags = 0) {
    Run(s, {RowOp::kInsert, flags, {}, {}}, {{RowOp::kInsert, {}, std::move(row), false}});
  }
  void Delete(const TableSchema& s, Values row, uint8_t flags = 0) {
    Run(s, {RowOp::kDelete, flags, {}, {}}, {{RowOp::kDelete, std::move(row), {}, false}});
  }
  void Update(const TableSchema& s, Values from, Values to, bool unique_changed = false, uint8_t flags = 0) {
    Run(s, {RowOp::kUpdate, flags, {}, {}},
        {{RowOp::kUpdate, std::move(from), std::move(to), unique_changed}});
  }

  std::vector<std::string> Emitted() {
    std::string payload;
    auto result = compactor_->Finish([&](std::string_view records) {
      pieces_.push_back(records.size());
      payload.append(records);
      return Status::Ok();
    });
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    if (!result.ok()) return {};
    result_ = *result;
    return Describe(payload);
  }

  std::vector<std::string> Describe(const std::string& payload) {
    std::vector<std::string> out;
    std::map<uint32_t, TableSchema> schemas;
    RecordCursor cursor(payload);
    Record record;
    while (*cursor.Next(&record)) {
      if (record.type == RecordType::kTableSchema) {
        const auto schema = DecodeTableSchema(record.body);
        schemas[schema->table_ref] = *schema;
        schemas_emitted_.push_back(schema->table);
        continue;
      }
      if (record.type != RecordType::kRowRun) {
        out.push_back((record.type == RecordType::kPreparedPart ? "part " : "outcome ") +
                      std::string(record.body));
        continue;
      }
      ++runs_;
      auto run = RowRunReader::Open(record.body);
      const TableSchema& s = schemas.at(run->header().table_ref);
      Row row;
      while (*run->Next(&row)) {
        std::string text = s.table + " " + std::string(RowOpName(run->header().op));
        if (run->header().op != RowOp::kInsert)
          text += " " + Text(s, row.before, run->header().bitmap_before);
        if (run->header().op == RowOp::kUpdate) text += " ->";
        if (run->header().op != RowOp::kDelete) text += " " + Text(s, row.after, run->header().bitmap_after);
        if (run->header().flags != kRunNoForeignKeyChecks)
          text += " flags " + std::to_string(run->header().flags);
        out.push_back(text);
      }
    }
    return out;
  }

  static std::string Text(const TableSchema& s, ByteView image, ByteView bitmap) {
    Values values(s.columns.size());
    EXPECT_TRUE(DecodeImage(image, bitmap, &values));
    std::string out;
    for (size_t i = 0; i < values.size(); ++i) {
      out += (i > 0 ? "," : "") + (Present(bitmap, i) ? values[i].value_or("NULL") : std::string("?"));
    }
    return out;
  }

  TableSchema t_ = MakeSchema(1, "t", 2, {0});
  TableSchema unique_ = MakeSchema(2, "u", 2, {0}, true);
  const TableSchema keyless_ = MakeSchema(3, "log", 2, {});

  std::unique_ptr<Compactor> compactor_ = NewCompactor(true);
  std::vector<std::unique_ptr<std::string>> feed_;
  CompactionResult result_;
  std::vector<std::string> schemas_emitted_;
  std::vector<size_t> pieces_;
  int runs_ = 0;
};

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

TEST_F(CompactorTest, AFlagThatIsNotKnownKeepsTheRunInItsPlace) {
  Use(t_);
  Update(t_, {"1", "a"}, {"1", "b"}, false, 0x40);
  Update(t_, {"1", "b"}, {"1", "c"}, false, 0x40);
  EXPECT_THAT(Emitted(), ElementsAre("t update 1,a -> 1,b flags 66", "t update 1,b -> 1,c flags 66"));
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

TEST_F(CompactorTest, ForeignKeyAndCheckFlagsCoverTheWholeTableOfASegment) {
  Use(t_);
  Insert(t_, {"1", "a"});
  Insert(t_, {"2", "b"}, kRunNoCheckConstraints);
  Delete(t_, {"9", "x"}, kRunInPlace);
  Insert(t_, {"3", "c"});
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,a flags 5", "t insert 2,b flags 5", "t delete 9,x flags 2",
                                     "t insert 3,c"));
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

TEST_F(CompactorTest, PassingThroughKeepsOrderAndFlagsAndRemovesKeys) {
  compactor_ = NewCompactor(false);
  Use(t_);
  Insert(t_, {"1", "a"});
  Delete(t_, {"1", "a"}, kRunNoForeignKeyChecks);
  Insert(t_, {"1", "b"}, kRunInPlace);
  EXPECT_THAT(Emitted(), ElementsAre("t insert 1,a flags 0", "t delete 1,a", "t insert 1,b flags 2"));
  EXPECT_LT(result_.bytes_after, result_.bytes_before);
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
