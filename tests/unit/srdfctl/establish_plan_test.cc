#include "srdfctl/establish_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

using engine::TableInfo;
using testing::HasSubstr;
using testing::Not;

TableInfo Info(const std::string& table, const std::string& definition = "CREATE", bool empty = false) {
  TableInfo info;
  info.database = "shop";
  info.table = table;
  info.rows_estimate = empty ? 0 : 1000;
  info.bytes_estimate = empty ? 0 : 1 << 20;
  info.engine = "InnoDB";
  info.definition = definition;
  info.empty = empty;
  return info;
}

compare::TableFindings Found(const std::string& table, compare::TableState state, uint64_t different = 0) {
  compare::TableFindings found;
  found.name = {"shop", table};
  found.state = state;
  found.rows_source = found.rows_target = 1000;
  found.different = different;
  return found;
}

const PlannedTable& Of(const EstablishPlan& plan, const std::string& table) {
  for (const PlannedTable& planned : plan.tables) {
    if (planned.name.table == table) return planned;
  }
  ADD_FAILURE() << table;
  return plan.tables[0];
}

TEST(EstablishPlan, EveryTableOfAFlowThatHasNotStartedIsCopied) {
  const auto plan = PlanEstablish({Info("missing"), Info("empty"), Info("altered", "CREATE\n  `a` int\n"),
                                   Info("there"), Info("nothing", "CREATE", true)},
                                  {Info("empty", "CREATE", true), Info("altered", "CREATE\n  `a` bigint\n"),
                                   Info("there"), Info("nothing", "CREATE", true), Info("other")},
                                  nullptr, false);
  ASSERT_EQ(6U, plan.tables.size());
  EXPECT_EQ(TargetTable::kMissing, Of(plan, "missing").target);
  EXPECT_EQ(TableAction::kCreateAndCopy, Of(plan, "missing").action);
  EXPECT_EQ(TargetTable::kEmpty, Of(plan, "empty").target);
  EXPECT_EQ(TableAction::kCopy, Of(plan, "empty").action);
  EXPECT_EQ(TargetTable::kOtherDefinition, Of(plan, "altered").target);
  EXPECT_EQ(TableAction::kCreateAndCopy, Of(plan, "altered").action);
  EXPECT_EQ("the source has \"  `a` int\", the target \"  `a` bigint\"", Of(plan, "altered").note);
  EXPECT_EQ(TableAction::kCopy, Of(plan, "there").action);
  EXPECT_EQ(TableAction::kCopy, Of(plan, "nothing").action);
  EXPECT_EQ(TargetTable::kExtra, Of(plan, "other").target);
  EXPECT_EQ(TableAction::kNone, Of(plan, "other").action);
  EXPECT_EQ(4000U, plan.rows_to_copy());
  EXPECT_EQ(4U << 20, plan.bytes_to_copy());
  EXPECT_THAT(RenderPlan(plan, "shop"), HasSubstr("has no checkpoint"));
}

TEST(EstablishPlan, OfARunningFlowOnlyWhatAComparisonFindsIsToBeDone) {
  const std::vector<TableInfo> tables = {Info("equal"), Info("close"), Info("far"), Info("unknown"),
                                         Info("nothing", "CREATE", true)};
  compare::Findings findings;
  findings.tables = {Found("equal", compare::TableState::kEqual),
                     Found("close", compare::TableState::kDifferent, 50),
                     Found("far", compare::TableState::kDifferent, 51)};
  const auto plan = PlanEstablish(tables, tables, &findings, true);
  EXPECT_EQ(TableAction::kNone, Of(plan, "equal").action);
  EXPECT_EQ(TargetTable::kClose, Of(plan, "close").target);
  EXPECT_EQ(TableAction::kRepair, Of(plan, "close").action);
  EXPECT_EQ("0 missing, 0 extra, 50 different", Of(plan, "close").note);
  EXPECT_EQ(TargetTable::kDifferent, Of(plan, "far").target);
  EXPECT_EQ(TableAction::kCopy, Of(plan, "far").action);
  EXPECT_EQ(TargetTable::kNotCompared, Of(plan, "unknown").target);
  EXPECT_EQ(TableAction::kCompare, Of(plan, "unknown").action);
  EXPECT_EQ(TableAction::kNone, Of(plan, "nothing").action);
  EXPECT_EQ(1000U, plan.rows_to_copy());
  EXPECT_EQ("repair", PlanToJson(plan, "shop")["tables"][0]["action"]);
}

TEST(EstablishPlan, DifferencesThatAreNotAllCountedAreMany) {
  compare::Findings findings;
  findings.tables = {Found("t", compare::TableState::kDifferent, 1)};
  findings.tables[0].counted_all = false;
  EXPECT_EQ(TargetTable::kDifferent,
            Of(PlanEstablish({Info("t")}, {Info("t")}, &findings, true), "t").target);
}

TEST(EstablishPlan, ATableThatAComparisonFindsToBeAnotherOneIsNotRepairedByRows) {
  compare::Findings findings;
  findings.tables = {Found("columns", compare::TableState::kSchema),
                     Found("gone", compare::TableState::kMissing)};
  const std::vector<TableInfo> tables = {Info("columns"), Info("gone")};
  const auto plan = PlanEstablish(tables, tables, &findings, true);
  EXPECT_EQ(TargetTable::kOtherDefinition, Of(plan, "columns").target);
  EXPECT_EQ(TableAction::kCreateAndCopy, Of(plan, "columns").action);
  EXPECT_EQ(TargetTable::kMissing, Of(plan, "gone").target);
  EXPECT_EQ(TableAction::kCreateAndCopy, Of(plan, "gone").action);
}

TEST(EstablishPlan, ATableThatCannotRollBackIsRefusedByName) {
  TableInfo old = Info("old");
  old.engine = "MyISAM";
  old.transactional = false;
  const auto plan = PlanEstablish({old}, {}, nullptr, false);
  EXPECT_EQ(TableAction::kRefuse, Of(plan, "old").action);
  EXPECT_THAT(Of(plan, "old").note, HasSubstr("MyISAM"));
  EXPECT_EQ(0U, plan.rows_to_copy());
}

TEST(EstablishPlan, ATableWithAHistoryIsRefusedBeforeAnythingIsCopied) {
  const TableInfo versioned =
      Info("price", "CREATE TABLE `price` (\n  `a` int\n) ENGINE=InnoDB WITH SYSTEM VERSIONING");
  const auto plan = PlanEstablish({versioned}, {}, nullptr, false);
  EXPECT_EQ(TableAction::kRefuse, Of(plan, "price").action);
  EXPECT_THAT(Of(plan, "price").note, HasSubstr("--from-gtid"));
  // Where it is at the target, nothing has to be copied; and when somebody wants it to be, it cannot.
  const auto restored = PlanEstablish({versioned}, {versioned}, nullptr, true);
  EXPECT_EQ(TableAction::kCompare, Of(restored, "price").action);
  EXPECT_THAT(Of(restored, "price").obstacle, HasSubstr("history"));
}

}  // namespace
}  // namespace srdf::ctl
