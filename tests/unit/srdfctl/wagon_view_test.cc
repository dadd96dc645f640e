#include "srdfctl/wagon_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

model::v1::WagonInfo Info() {
  model::v1::WagonInfo info;
  model::v1::WagonHeader* header = info.mutable_header();
  header->set_uid("0123456789abcdef0123456789abcdef");
  header->set_flow("shop");
  header->set_epoch(1);
  header->set_sequence(42);
  header->set_transactions(10);
  header->set_rows_before(1000);
  header->set_rows_after(100);
  header->set_seal_reason(model::v1::SEAL_REASON_ADAPTIVE);
  header->set_codec(model::v1::CODEC_ZSTD);
  header->mutable_last()->set_gtid("0-1-100");
  header->set_previous_hash(std::string(32, '\0'));
  model::v1::TableManifest* table = header->add_tables();
  table->set_database("shop");
  table->set_table("orders");
  table->set_updates_before(1000);
  table->set_updates_after(100);
  info.set_hash(std::string(32, '\xab'));
  info.set_status("applied");
  info.set_attempts(2);
  info.set_frame_bytes(2048);
  info.set_payload_present(true);
  return info;
}

TEST(WagonView, TheListHasALinePerWagon) {
  EXPECT_EQ(RenderWagonList({}), "no wagons\n");
  const std::string list = RenderWagonList({Info()});
  EXPECT_THAT(list, HasSubstr("FLOW  SEQ  UID"));
  EXPECT_THAT(list, HasSubstr("shop   42  0123456789ab  applied"));
  EXPECT_THAT(list, HasSubstr("adaptive"));
}

TEST(WagonView, HowFarACopyHasComeIsToldWhereThereIsOne) {
  model::v1::WagonInfo info = Info();
  EXPECT_THAT(RenderWagon({info, {}}), Not(HasSubstr("\ncopy ")));
  EXPECT_EQ(WagonToJson(info)["copy"], "");
  info.set_copy("copy 37 % (3 of 12 tables)");
  EXPECT_THAT(RenderWagonList({info}), Not(HasSubstr("copy 37 %"))) << "a wagon of changes";
  info.mutable_header()->set_seal_reason(model::v1::SEAL_REASON_COPY);
  EXPECT_THAT(RenderWagonList({info}), HasSubstr("copy 37 % (3 of 12 tables)"));
  EXPECT_THAT(RenderWagon({info, {}}), HasSubstr("\ncopy          copy 37 % (3 of 12 tables)\n"));
  EXPECT_EQ(WagonToJson(info)["copy"], "copy 37 % (3 of 12 tables)");
  EXPECT_THAT(RenderWagon({info, {}}), HasSubstr("it stands between two transactions of the source"));
  info.mutable_header()->set_first_gtid("0-1-100");
  EXPECT_THAT(RenderWagon({info, {}}), Not(HasSubstr("it stands between")));
}

TEST(WagonView, OneWagonShowsItsManifestAndItsAttempts) {
  WagonDetails wagon{Info(), {}};
  shipper::v1::DeliveryAttempt attempt;
  attempt.set_attempt(1);
  attempt.set_started_at_ms(1'700'000'000'000);
  attempt.set_outcome("network: connection refused");
  wagon.attempts.push_back(attempt);
  const std::string text = RenderWagon(wagon);
  EXPECT_THAT(text, HasSubstr("shop, epoch 1, sequence 42"));
  EXPECT_THAT(text, HasSubstr("shop.orders   0 -> 0  1 000 -> 100   0 -> 0"));
  EXPECT_THAT(text, HasSubstr("under way  network: connection refused"));
  EXPECT_THAT(text, HasSubstr("abababab"));
}

TEST(WagonView, TheJsonHasTheSameFacts) {
  WagonDetails wagon{Info(), {}};
  const auto json = WagonToJson(wagon);
  EXPECT_EQ(json["sequence"], 42);
  EXPECT_EQ(json["seal_reason"], "adaptive");
  EXPECT_EQ(json["codec"], "zstd");
  EXPECT_EQ(json["tables"][0]["before"]["updates"], 1000);
  EXPECT_EQ(json["tables"][0]["after"]["updates"], 100);
  EXPECT_EQ(json["delivery_attempts"].size(), 0u);
  EXPECT_EQ(json["previous_hash"], std::string(64, '0'));
}

}  // namespace
}  // namespace srdf::ctl
