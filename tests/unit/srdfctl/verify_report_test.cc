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
