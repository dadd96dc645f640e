#include "srdfctl/verify_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "srdfctl/repair_plan.h"
#include "support/fake_snapshot.h"

namespace srdf::ctl {
namespace {

using compare::RowDifference;
using compare::RowFinding;
using compare::TableState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RowDifference Row(RowFinding finding, const std::string& key) {
  RowDifference row;
  row.finding = finding;
  row.key = key;
  return row;
}

VerifyReport Sample() {
  VerifyReport report;
  report.flow = "shop";
  compare::TableFindings item;
  item.name = {"shop", "item"};
  item.schema = test::FakeSchema("shop", "item", true);
  item.schema_digest = verify::SchemaDigest(item.schema);
  item.state = TableState::kDifferent;
  item.missing = 1;
  item.extra = 1;
  item.rows = {Row(RowFinding::kMissing, std::string("\x05\0\0\0", 4)),
               Row(RowFinding::kExtra, std::string("\x06\0\0\0", 4))};
  compare::TableFindings equal;
  equal.name = {"shop", "equal"};
  compare::TableFindings gone;
  gone.name = {"shop", "gone"};
  gone.state = TableState::kMissing;
  report.findings.tables = {equal, gone, item};
  return report;
}

TEST(VerifyReport, WhatRepairNeedsComesBackFromTheFile) {
  const auto parsed = ParseReport(ReportToJson(Sample()).dump());
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->flow, "shop");
  ASSERT_EQ(parsed->tables.size(), 2u) << "equal tables are left out";
  EXPECT_EQ(parsed->tables[0].state, TableState::kMissing);
  EXPECT_EQ(parsed->tables[1].name.Text(), "shop.item");
  EXPECT_EQ(parsed->tables[1].schema_digest, Sample().findings.tables[2].schema_digest);
  EXPECT_THAT(parsed->tables[1].keys,
              ElementsAre(std::string("\x05\0\0\0", 4), std::string("\x06\0\0\0", 4)));
}

TEST(VerifyReport, AnythingElseIsRefused) {
  nlohmann::ordered_json json = ReportToJson(Sample());
  json["tables"][2]["rows"][0]["key_image"] = "0g";
  for (const std::string& text :
       {std::string("{}"), std::string("not json"), std::string("[]"), json.dump(),
        std::string(R"({"format":"srdf-verify-report","version":2})"),
        std::string(R"({"format":7,"version":1})"),
        std::string(R"({"format":"srdf-verify-report","version":"1"})"),
        std::string(R"({"format":"srdf-verify-report","version":1,"flow":7})"),
        std::string(R"({"format":"srdf-verify-report","version":1,"flow":"a","tables":[1]})")}) {
    EXPECT_EQ(ParseReport(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(VerifyReport, PeopleSeeTablesAndKeysInWords) {
  const std::string text = RenderFindings(Sample(), 1);
  EXPECT_THAT(text, HasSubstr("shop.item"));
  EXPECT_THAT(text, HasSubstr("id=5"));
  EXPECT_THAT(text, HasSubstr("1 more"));
  EXPECT_THAT(text, HasSubstr("2 of 3 tables differ"));
}

TEST(RepairPlan, RowsOfTheTargetAloneComeFirstAndWhatIsBeyondIsSaid) {
  const RepairPlan plan = PlanRepair(Sample().findings);
  ASSERT_EQ(plan.tables.size(), 1u);
  EXPECT_EQ(plan.tables[0].rows[0].finding, RowFinding::kExtra);
  EXPECT_EQ(plan.tables[0].rows[1].finding, RowFinding::kMissing);
  ASSERT_EQ(plan.beyond.size(), 1u);
  EXPECT_THAT(plan.beyond[0].message(), HasSubstr("shop.gone"));
  EXPECT_THAT(RenderPlan(plan), HasSubstr("delete"));
}

TEST(RepairPlan, ATableOfWhichAReportHasNotAllRowsIsComparedWhole) {
  const compare::TableName item{"shop", "item"};
  const auto chosen = [](const VerifyReport& report) {
    compare::CompareOptions options;
    std::vector<compare::TableFindings> beyond;
    const auto parsed = ParseReport(ReportToJson(report).dump());
    EXPECT_TRUE(parsed.ok());
    if (parsed.ok()) ChooseRows(*parsed, &options, &beyond);
    EXPECT_EQ(beyond.size(), 1u);
    EXPECT_FALSE(options.keys_alone);
    return options;
  };
  VerifyReport report = Sample();
  EXPECT_THAT(chosen(report).tables, ElementsAre(item));
  EXPECT_EQ(chosen(report).keys.at(item).size(), 2u);
  report.findings.tables[2].missing = 200'000;
  EXPECT_THAT(chosen(report).tables, ElementsAre(item));
  EXPECT_TRUE(chosen(report).keys.empty());
  // Nothing of it was kept, since others had used up what is kept.
  report.findings.tables[2].rows.clear();
  EXPECT_THAT(chosen(report).tables, ElementsAre(item));
  EXPECT_TRUE(chosen(report).keys.empty());
}

TEST(VerifyReport, OfATableWithoutAKeyRowsThatAreNotListedAreMissed) {
  VerifyReport report;
  compare::TableFindings log;
  log.name = {"shop", "log"};
  log.schema = test::FakeSchema("shop", "log", false);
  log.state = TableState::kDifferent;
  RowDifference row;
  row.finding = RowFinding::kMissing;
  row.copies_source = 5;
  row.copies_target = 2;
  log.rows = {row};
  log.missing = 3;
  report.findings.tables = {log};
  EXPECT_TRUE(ReportToJson(report)["tables"][0]["all_rows_listed"].get<bool>());
  report.findings.tables[0].extra = 1;  // of a row that was counted, and not kept
  EXPECT_FALSE(ReportToJson(report)["tables"][0]["all_rows_listed"].get<bool>());
  EXPECT_THAT(PlanRepair(report.findings).beyond[0].message(), HasSubstr("more rows of shop.log differ"));
}

TEST(RepairPlan, WhyATableWasNotComparedToItsEndIsSaid) {
  compare::Findings findings = Sample().findings;
  compare::TableFindings& item = findings.tables[2];
  item.counted_all = item.to_its_end = false;
  item.note = "not compared to its end: the snapshot is gone";
  const RepairPlan plan = PlanRepair(findings);
  EXPECT_EQ(plan.rows(), 2u);
  ASSERT_EQ(plan.beyond.size(), 2u);
  EXPECT_THAT(plan.beyond[1].message(), HasSubstr("the snapshot is gone"));
  item.other_unique_keys = true;
  EXPECT_EQ(PlanRepair(findings).rows(), 0u);
  EXPECT_THAT(PlanRepair(findings).beyond[1].message(), HasSubstr("the snapshot is gone"));
}

TEST(RepairPlan, ATableWithAnotherUniqueKeyIsRepairedAtOnceOrNotAtAll) {
  compare::Findings findings = Sample().findings;
  compare::TableFindings& item = findings.tables[2];
  item.other_unique_keys = true;
  const RepairPlan whole = PlanRepair(findings);
  ASSERT_EQ(whole.tables.size(), 1u);
  EXPECT_TRUE(whole.tables[0].together);

  item.missing = 2;  // one is not in the plan, and may be in the way of one that is
  const RepairPlan more = PlanRepair(findings);
  EXPECT_EQ(more.rows(), 0u);
  ASSERT_EQ(more.beyond.size(), 2u);
  EXPECT_THAT(more.beyond[1].remedy(), HasSubstr("srdfctl establish FLOW --table shop.item"));

  item.missing = 1;
  item.other_definition = true;  // the target may have a unique key that the source does not have
  EXPECT_EQ(PlanRepair(findings).rows(), 0u);

  item.other_definition = false;
  for (uint32_t i = 0; item.rows.size() <= kRowsTogetherMax; ++i) {
    item.rows.push_back(Row(RowFinding::kMissing, std::to_string(i)));
    ++item.missing;
  }
  EXPECT_EQ(PlanRepair(findings).rows(), 0u);
}

TEST(RepairPlan, ATableThatWasAlteredSinceDoesNotFitItsReport) {
  const auto report = ParseReport(ReportToJson(Sample()).dump());
  ASSERT_TRUE(report.ok());
  compare::Findings now = Sample().findings;
  EXPECT_TRUE(FitsReport(*report, now).ok());
  now.tables[2].schema_digest = "another";
  EXPECT_EQ(FitsReport(*report, now).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace srdf::ctl
