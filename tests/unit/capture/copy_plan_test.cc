#include "capture/copy_plan.h"

#include <gtest/gtest.h>

namespace srdf::capture {
namespace {

engine::TableInfo Info(const std::string& table, bool keyed = true) {
  engine::TableInfo info;
  info.database = "shop";
  info.table = table;
  info.engine = "InnoDB";
  info.rows_estimate = 10;
  if (keyed) info.key_columns = {"id"};
  return info;
}
engine::ForeignKey Acts(const std::string& parent, const std::string& child) {
  return {{"shop", parent}, {"shop", child}};
}

engine::ForeignKey Checks(const std::string& parent, const std::string& child) {
  return {{"shop", parent}, {"shop", child}, false};
}

// "a b (c d)": in order, with groups in parentheses.
std::string OrderOf(const CopyState& copy) {
  std::string words;
  uint32_t group = 0;
  for (const TableCopy& table : copy.tables) {
    if (group != 0 && table.group != group) words += ")";
    if (!words.empty()) words += " ";
    if (table.group != 0 && table.group != group) words += "(";
    words += table.table;
    group = table.group;
  }
  return group != 0 ? words + ")" : words;
}
std::string NamesOf(const std::vector<TableCopy>& tables) {
  std::string words;
  for (const TableCopy& table : tables) words += (words.empty() ? "" : " ") + table.table;
  return words;
}

TEST(CopyPlan, ATableThatForeignKeysActFromComesBeforeThoseTheyChange) {
  auto copy = PlanCopy("p", {Info("a"), Info("b"), Info("c")}, {}, {Acts("c", "a"), Acts("b", "c")});
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(OrderOf(*copy), "b c a");
  EXPECT_TRUE(copy->all_tables);
  EXPECT_EQ(copy->tables_total, 3u);
  EXPECT_EQ(copy->rows_estimate, 30u);
}

TEST(CopyPlan, CirclesTablesThatReferToThemselvesAndTablesWithoutAKeyAreCopiedInOneSnapshot) {
  auto copy = PlanCopy("p", {Info("a"), Info("b"), Info("self"), Info("log", false), Info("z")}, {},
                       {Acts("a", "b"), Acts("b", "a"), Acts("self", "self"), Acts("b", "z")});
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(OrderOf(*copy), "(a b) (log) (self) z");
}

TEST(CopyPlan, WhatForeignKeysChangeIsCopiedWithTheTablesAskedFor) {
  auto copy = PlanCopy("p", {Info("a"), Info("b"), Info("c"), Info("d"), Info("e")}, {{"shop", "b"}},
                       {Acts("a", "b"), Acts("b", "c"), Acts("c", "d"), Checks("b", "e")});
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(OrderOf(*copy), "b c d");
  EXPECT_EQ(copy->tables_total, 3u);
}

// Rows of it can come to lie before the cursor by a change of the parent alone.
TEST(CopyPlan, ATableWhoseKeyACascadeChangesIsCopiedInOneSnapshot) {
  engine::ForeignKey moves = Acts("a", "b");
  moves.moves_keys = true;
  EXPECT_EQ(OrderOf(*PlanCopy("p", {Info("a"), Info("b"), Info("c")}, {}, {moves, Acts("a", "c")})),
            "a (b) c");
  EXPECT_EQ(OrderOf(*PlanCopy("p", {Info("a"), Info("b")}, {{"shop", "b"}}, {moves})), "(b)");
}

TEST(CopyPlan, RowsThatAreReferredToComeFirstWhereThatIsPossible) {
  const std::vector<engine::ForeignKey> keys = {Checks("z", "a"), Checks("a", "z"), Checks("y", "b"),
                                                Checks("x", "x")};
  CopyState copy = *PlanCopy("p", {Info("a"), Info("b"), Info("x"), Info("y"), Info("z")}, {}, keys);
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {})), "x");
  std::erase_if(copy.tables, [](const TableCopy& t) { return t.table == "x"; });
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {})), "y");
  // One that was begun goes on, and of a circle one has to be the first.
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {{"shop", "y"}})), "");
  std::erase_if(copy.tables, [](const TableCopy& t) { return t.table == "y"; });
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {})), "b");
  std::erase_if(copy.tables, [](const TableCopy& t) { return t.table == "b"; });
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {})), "a");
  copy.tables[1].phase = CopyPhase::kCopying;
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {})), "z");
}

TEST(CopyPlan, OnlyWhatWasAskedForIsCopied) {
  auto copy = PlanCopy("p", {Info("a"), Info("b")}, {{"shop", "b"}}, {Acts("a", "b")});
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(OrderOf(*copy), "b");
  EXPECT_FALSE(copy->all_tables);
}

TEST(CopyPlan, ATableThatIsNotThereOrCannotRollBackIsNamed) {
  EXPECT_EQ(PlanCopy("p", {Info("a")}, {{"shop", "x"}}, {}).status().message(),
            "the source has no table shop.x");
  engine::TableInfo aria = Info("old");
  aria.engine = "Aria";
  aria.transactional = false;
  const Status refused = PlanCopy("p", {Info("a"), aria}, {}, {}).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("shop.old (Aria)"), std::string::npos);
}

TEST(CopyPlan, AChildWaitsUntilItsParentHasLeftTheList) {
  const std::vector<engine::ForeignKey> keys = {Acts("a", "b"), Acts("b", "c")};
  CopyState copy = *PlanCopy("p", {Info("a"), Info("b"), Info("c"), Info("d")}, {}, keys);
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {})), "a");
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {{"shop", "a"}})), "d");
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {{"shop", "a"}, {"shop", "d"}})), "");
  copy.tables.erase(copy.tables.begin());
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {{"shop", "d"}})), "b");
}

TEST(CopyPlan, AGroupIsTakenWhole) {
  const std::vector<engine::ForeignKey> keys = {Acts("a", "b"), Acts("b", "a")};
  const CopyState copy = *PlanCopy("p", {Info("a"), Info("b")}, {}, keys);
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {})), "a b");
  EXPECT_EQ(NamesOf(*NextTables(copy, keys, {{"shop", "a"}, {"shop", "b"}})), "");
}

TEST(CopyPlan, ACircleThatAStatementMadeMeanwhileIsAnErrorWithItsRemedy) {
  const CopyState copy = *PlanCopy("p", {Info("a"), Info("b")}, {}, {});
  const Status stuck = NextTables(copy, {Acts("a", "b"), Acts("b", "a")}, {}).status();
  EXPECT_EQ(stuck.code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(stuck.remedy().empty());
}

}  // namespace
}  // namespace srdf::capture
