// What `srdfctl explain` says of what it has found.
#include "srdfctl/explain_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ExplainedChange Update() {
  ExplainedChange found;
  found.change.what = "update";
  found.change.row = {true, true, R"({"id":7})", R"({"total":"12.50"})", {"total"}, {}, {}};
  model::v1::WagonInfo info;
  model::v1::WagonHeader* header = info.mutable_header();
  header->set_uid("3f9c2a1b77aa00000000000000000000");
  header->set_epoch(1);
  header->set_sequence(812);
  header->set_transactions(10);
  header->set_first_gtid("0-1-5001");
  header->set_last_gtid("0-1-5010");
  header->set_seal_reason(model::v1::SEAL_REASON_ADAPTIVE);
  model::v1::TableManifest* table = header->add_tables();
  table->set_database("shop");
  table->set_table("orders");
  table->set_updates_before(20);
  table->set_updates_after(11);
  info.set_status("applied");
  info.set_applied_at_ms(5000);
  found.wagon.outbox = info;
  return found;
}

Explanation Found(std::vector<ExplainedChange> changes) {
  Explanation explanation;
  explanation.flow = "shop";
  explanation.key = "shop.orders:7";
  explanation.row = *RowName::Parse("shop.orders:7");
  explanation.changes = std::move(changes);
  explanation.wagons = 812;
  explanation.first_sequence = 1;
  explanation.last_sequence = 812;
  explanation.wagons_read = 97;
  return explanation;
}

TEST(ExplainView, AChangeIsToldWithItsWagonAndWithValuesOnlyWhenAskedFor) {
  const std::string text = RenderExplanation(Found({Update()}), false);
  EXPECT_THAT(text, HasSubstr("update of total\n"));
  EXPECT_THAT(text, HasSubstr("812 (3f9c2a1b77aa), epoch 1, applied\n"));
  EXPECT_THAT(text, HasSubstr("0-1-5001"));
  EXPECT_THAT(text, HasSubstr("0-1-5010"));
  EXPECT_THAT(text, HasSubstr("20 changes of the table -> 11 sent; several changes of one row are one here"));
  EXPECT_THAT(text, HasSubstr("1 change of shop.orders:7 found in 812 wagons (1 to 812)"));
  EXPECT_THAT(text, Not(HasSubstr("12.50")));
  EXPECT_THAT(RenderExplanation(Found({Update()}), true), HasSubstr(R"({"total":"12.50"})"));
}

TEST(ExplainView, WhatTheTargetLacksIsSaidPlainly) {
  ExplainedChange skipped = Update();
  skipped.wagon.outbox->set_status("skipped");
  EXPECT_THAT(RenderExplanation(Found({skipped}), false), HasSubstr("the target does not have this change"));
  ExplainedChange superseded = Update();
  superseded.wagon.outbox->set_status("superseded");
  EXPECT_THAT(RenderExplanation(Found({superseded}), false), HasSubstr("captured again, in another wagon"));
}

TEST(ExplainView, WhatWasNotLookedAtIsNamed) {
  Explanation nothing = Found({});
  nothing.unread.assign(12, "wagon 7 (3f9c): its rows are in neither queue any more");
  nothing.not_asked = {"shipper cannot be reached"};
  nothing.limited = true;
  const std::string text = RenderExplanation(nothing, false);
  EXPECT_THAT(text, HasSubstr("0 changes of shop.orders:7 found"));
  EXPECT_THAT(text, HasSubstr("not read: wagon 7"));
  EXPECT_THAT(text, HasSubstr("not read: 2 more"));
  EXPECT_THAT(text, HasSubstr("not asked: shipper cannot be reached"));
  EXPECT_THAT(text, HasSubstr("--limit"));
}

TEST(ExplainView, TheDocumentHasWhatTheTextHas) {
  ExplainedChange merged = Update();
  merged.merged_from.push_back(*Update().wagon.outbox);
  const auto document = ExplanationToJson(Found({merged}), true);
  const auto& change = document["changes"][0];
  EXPECT_EQ(change["after"]["total"], "12.50");
  EXPECT_EQ(change["wagon"]["table_changes_before"], 20);
  EXPECT_EQ(change["wagon"]["merged_from"][0]["sequence"], 812);
  EXPECT_FALSE(ExplanationToJson(Found({merged}), false)["changes"][0].contains("after"));
}

}  // namespace
}  // namespace srdf::ctl
