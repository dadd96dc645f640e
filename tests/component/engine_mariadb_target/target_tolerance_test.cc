// Changes of tables that are being copied: what is there is changed, what is not comes with its range.
#include <gtest/gtest.h>

#include "target_fixture.h"

namespace srdf::test {
namespace {

const SimpleTable kItem{"d", "item", {"i", "v80"}};
const SimpleTable kLater{"d", "later", {"i", "v80"}};
const Cell kNone = std::nullopt;
const SimpleTable kOther{"d", "other", {"i", "v80"}};

#define ASSERT_APPLIED(result)                                  \
  do {                                                          \
    const auto& applied_ = (result);                            \
    ASSERT_TRUE(applied_.ok()) << applied_.status().ToString(); \
  } while (false)

// `item` is copied up to key 3, `later` waits (and does not exist yet), `other` is not part of the copy.
class TargetTolerance : public ::testing::Test {
 protected:
  TargetTolerance() {
    t_.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))",
                "CREATE TABLE d.other(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))",
                "INSERT INTO d.item VALUES (1,'a'),(2,'b'),(3,'c')", "INSERT INTO d.other VALUES (1,'a')"});
    state_.schema_done = true;
    state_.tables = {{"d", "item", CopyPhase::kCopying, std::string("\3\0\0\0", 4), "c0:3", 0, 3, 100, 4096},
                     {"d", "later", CopyPhase::kWaiting, "", "", 0, 0, 5, 100}};
    t_.SetCopy(state_);
  }
  std::string Items() { return t_.Value("SELECT GROUP_CONCAT(c0,c1 ORDER BY c0) FROM d.item"); }

  Target t_;
  CopyState state_;
};

TEST_F(TargetTolerance, ChangesOfRowsThatAreNotThereAreLeftOut) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Update(item, {{{"2", "b"}, {"2", "B"}}, {{"5", "e"}, {"5", "E"}}}, /*key_only=*/false);
  p.Update(item, {{{"6", ""}, {"6", "F"}}, {{"3", ""}, {"3", "C"}}}, /*key_only=*/true);
  p.Delete(item, {{"1", "a"}, {"7", "g"}}, /*key_only=*/false);
  p.Delete(item, {{"8", ""}}, /*key_only=*/true);
  p.Insert(item, {{"9", "i"}});
  p.Update(item, {{{"9", "i"}, {"9", "I"}}}, false);  // there by now
  const auto stats = t_.Apply(&p);
  ASSERT_APPLIED(stats);
  EXPECT_EQ(5u, stats->rows);
  EXPECT_EQ("2B,3C,9I", Items());
}

TEST_F(TargetTolerance, ARowThatMovesIntoTheCopiedPartIsInsertedThere) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Update(item, {{{"5", "e"}, {"0", "E"}}}, false);
  // Within one run: 2 makes room for 6, 3 only changes, 7 is not there.
  p.Update(item,
           {{{"2", "b"}, {"8", "b"}},
            {{"6", "f"}, {"2", "F"}},
            {{"3", "c"}, {"3", "C"}},
            {{"7", "g"}, {"7", "G"}},
            {{"2", "F"}, {"4", "FF"}}},
           true);
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("0E,1a,3C,4FF,8b", Items());
}

TEST_F(TargetTolerance, ARowOfAnOlderLifeOfTheTableMakesRoom) {
  t_.Execute({"INSERT INTO d.item VALUES (7,'old'),(8,'old')"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Insert(item, {{"6", "new"}, {"7", "new"}});
  p.Update(item, {{{"5", "e"}, {"8", "new"}}}, false);
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1a,2b,3c,6new,7new,8new", Items());
}

TEST_F(TargetTolerance, RowsOfAnOlderLifeGiveUpTheirUniqueValues) {
  t_.Execute(
      {"ALTER TABLE d.item ADD UNIQUE(c1)", "INSERT INTO d.item VALUES (7,'new'),(8,'newer'),(9,'f')"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Insert(item, {{"6", "new"}});
  p.Update(item, {{{"1", "a"}, {"1", "newer"}}, {{"2", "b"}, {"2", "a"}}, {{"5", "e"}, {"0", "f"}}}, false);
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("0f,1newer,2a,3c,6new", Items());
}

// Prefixes and hashes: the server finds no row by such a key.
TEST_F(TargetTolerance, RowsOfAnOlderLifeGiveUpOddUniqueValues) {
  t_.Execute(
      {"CREATE TABLE d.page(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20), c2 LONGBLOB, UNIQUE(c1(2)), "
       "UNIQUE(c2))",
       "INSERT INTO d.page VALUES "
       "(1,'aa','one'),(2,'bb','two'),(7,'cc','old'),(8,'dd','older'),(9,'ee','x')"});
  TableCopy page = state_.tables[0];
  page.table = "page";
  for (const bool known : {true, false}) {
    state_.tables.push_back(page);
    if (!known) state_.tables.back().cursor = "of another key";
    t_.SetCopy(state_);
    PayloadBuilder p;
    const auto ref = p.Table({"d", "page", {"i", "v80", "b"}});
    p.Insert(ref, {{"6", "ccc", "new"}});
    p.Update(ref, {{{"1", "aa", "one"}, {"1", "dd!", "one"}}, {{"5", "f", "f"}, {"0", "f", "x"}}}, false);
    ASSERT_APPLIED(t_.Apply(&p));
    EXPECT_EQ("0fx 1dd!one 2bbtwo 6cccnew",
              t_.Value("SELECT GROUP_CONCAT(c0,c1,c2 ORDER BY c0 SEPARATOR ' ') FROM d.page"));
    t_.Execute({"DELETE FROM d.page WHERE c0 IN (0,6)", "UPDATE d.page SET c1='aa' WHERE c0=1",
                "INSERT INTO d.page VALUES (7,'cc','old'),(8,'dd','older'),(9,'ee','x')"});
    state_.tables.pop_back();
  }
}

TEST_F(TargetTolerance, ChangesOfATableThatWaitsAreDroppedButItsRangesAreNot) {
  PayloadBuilder p;
  const auto later = p.Table(kLater);
  p.Insert(later, {{"1", "x"}});
  p.Update(later, {{{"2", "x"}, {"3", "x"}}}, false);
  ASSERT_APPLIED(t_.Apply(&p));
  t_.Execute({"CREATE TABLE d.later(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))"});
  PayloadBuilder range;
  const auto ref = range.Table(kLater);
  range.Range(ref, std::nullopt, "2");
  range.Insert(ref, {{"1", "x"}});
  ASSERT_APPLIED(t_.Apply(&range));
  EXPECT_EQ("1x", t_.Value("SELECT GROUP_CONCAT(c0,c1) FROM d.later"));
}

TEST_F(TargetTolerance, OtherTablesAreAppliedStrictly) {
  PayloadBuilder p;
  const auto other = p.Table(kOther);
  p.Update(other, {{{"2", "x"}, {"2", "y"}}}, true);
  EXPECT_EQ(StatusCode::kDivergence, t_.Apply(&p).status().code());
  t_.EndCopy();
  PayloadBuilder item;
  item.Delete(item.Table(kItem), {{"5", ""}}, true);
  EXPECT_EQ(StatusCode::kDivergence, t_.Apply(&item).status().code());
}

// The order of tables follows foreign keys that act, not all of them.
TEST_F(TargetTolerance, ARowMayReferToOneThatIsNotCopiedYet) {
  t_.Execute({"ALTER TABLE d.other ADD FOREIGN KEY (c0) REFERENCES d.item(c0)"});
  PayloadBuilder p;
  p.Insert(p.Table(kOther), {{"50", "child"}});
  ASSERT_APPLIED(t_.Apply(&p));
  t_.EndCopy();
  PayloadBuilder later;
  later.Insert(later.Table(kOther), {{"60", "child"}});
  EXPECT_EQ(StatusCode::kDivergence, t_.Apply(&later).status().code());
}

TEST_F(TargetTolerance, AnUpdateThatNoForeignKeyActsOnMayReferToARowThatIsNotCopiedYet) {
  t_.Execute(
      {"CREATE TABLE d.later(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))",
       "CREATE TABLE d.middle(c0 INT NOT NULL PRIMARY KEY, c1 INT, FOREIGN KEY (c1) REFERENCES later(c0))",
       "CREATE TABLE d.leaf(c0 INT PRIMARY KEY, FOREIGN KEY (c0) REFERENCES middle(c0) ON UPDATE CASCADE)",
       "INSERT INTO d.middle VALUES (1,NULL),(2,NULL)", "INSERT INTO d.leaf VALUES (2)"});
  const SimpleTable middle{
      "d", "middle", {"i", "i"}, true, {{"`d`.`leaf`(c0)->(c0) ON DELETE RESTRICT ON UPDATE CASCADE"}}};
  PayloadBuilder p;
  const auto ref = p.Table(middle);
  p.Update(ref, {{{"1", kNone}, {"1", "50"}}}, false);
  p.Update(ref, {{{"2", kNone}, {"3", kNone}}}, false, kRunInPlace);
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("50", t_.Value("SELECT c1 FROM d.middle WHERE c0=1"));
  EXPECT_EQ("3", t_.Value("SELECT c0 FROM d.leaf")) << "what acts still does";
}

// So may a foreign key: the table that it refers to waits.
TEST_F(TargetTolerance, AForeignKeyIsAddedToATableThatIsCopiedBeforeTheOneItRefersTo) {
  t_.Execute({"CREATE TABLE d.later(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))"});
  PayloadBuilder p;
  p.Ddl(OrdinaryStatement("d", "ALTER TABLE item ADD FOREIGN KEY (c0) REFERENCES later(c0)"));
  ASSERT_APPLIED(t_.Apply(&p));
  t_.EndCopy();
  PayloadBuilder after;
  after.Ddl(OrdinaryStatement("d", "ALTER TABLE other ADD FOREIGN KEY (c0) REFERENCES later(c0)"));
  EXPECT_FALSE(t_.Apply(&after).ok());
}

TEST_F(TargetTolerance, AUniqueKeyThatOldRowsStandInTheWayOfSaysWhatToDo) {
  t_.Execute({"INSERT INTO d.item VALUES (7,'a')"});
  PayloadBuilder p;
  p.Ddl(OrdinaryStatement("d", "ALTER TABLE item ADD UNIQUE(c1)"));
  const Status refused = t_.Apply(&p).status();
  EXPECT_NE(std::string::npos, refused.remedy().find("Delete at the target in d.item of two rows"))
      << refused.ToString();
  EXPECT_NE(std::string::npos, refused.remedy().find("comes with the copy")) << refused.ToString();
  t_.Execute({"DELETE FROM d.item WHERE c0=7"});
  p.Rewind();
  ASSERT_APPLIED(t_.Apply(&p));
}

// Nothing would bring back what is deleted there.
TEST_F(TargetTolerance, AUniqueKeyOfATableThatIsNotCopiedIsNoReasonToDeleteRows) {
  t_.Execute({"INSERT INTO d.other VALUES (7,'a')"});
  PayloadBuilder p;
  p.Ddl(OrdinaryStatement("d", "ALTER TABLE other ADD UNIQUE(c1)"));
  const Status refused = t_.Apply(&p).status();
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(std::string::npos, refused.remedy().find("with the copy")) << refused.ToString();
}

TEST_F(TargetTolerance, WhatWasPreparedIsToleratedAtItsOutcome) {
  t_.EndCopy();
  PayloadBuilder inner;
  const auto item = inner.Table(kItem);
  inner.Update(item, {{{"1", "a"}, {"1", "A"}}, {{"5", "e"}, {"5", "E"}}}, true);
  inner.Insert(inner.Table(kLater), {{"1", "x"}});
  PayloadBuilder prepare;
  prepare.Prepared("xid", 1, true, inner);
  ASSERT_APPLIED(t_.Apply(&prepare));
  t_.SetCopy(state_);
  PayloadBuilder commit;
  commit.Outcome("xid", true);
  ASSERT_APPLIED(t_.Apply(&commit));
  EXPECT_EQ("1A,2b,3c", Items());
}

TEST_F(TargetTolerance, WhatWasPreparedDoesNotCountBeforeTheTablesAreThere) {
  CopyState all = state_;
  all.schema_done = false;
  all.all_tables = true;
  for (const CopyState& state : {NewCopy("plan"), all}) {
    t_.SetCopy(state);
    PayloadBuilder inner;
    inner.Insert(inner.Table({"d", "not_there", {"i", "v80"}}), {{"1", "x"}});
    PayloadBuilder p;
    p.Prepared("xid", 1, true, inner);
    p.Outcome("xid", true);
    p.Outcome("prepared before the flow began", true);
    ASSERT_APPLIED(t_.Apply(&p));
    EXPECT_EQ("0", t_.Value("SELECT COUNT(*) FROM srdf.xa_prepared"));
  }
}

TEST_F(TargetTolerance, KeysAreThoseOfTheColumnsCollation) {
  t_.Execute({"CREATE TABLE d.word(c0 VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY, c1 INT)",
              "INSERT INTO d.word VALUES ('Apple',1),('old',2)"});
  state_.tables.push_back({"d", "word", CopyPhase::kCopying, "\5Apple", "c0:15", 0, 1, 1, 1});
  t_.SetCopy(state_);
  PayloadBuilder p;
  const auto word = p.Table({"d", "word", {"v80", "i"}});
  p.Update(word, {{{"Apple", "1"}, {"aPPLE", "1"}}}, false);
  p.Insert(word, {{"OLD", "3"}});
  p.Delete(word, {{"zebra", "4"}}, true);
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("OLD3,aPPLE1", t_.Value("SELECT GROUP_CONCAT(c0,c1 ORDER BY c1 DESC) FROM d.word"));
}

}  // namespace
}  // namespace srdf::test
