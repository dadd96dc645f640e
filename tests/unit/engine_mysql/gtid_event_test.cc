#include "engine_mysql/gtid_event.h"

#include <gtest/gtest.h>

#include "engine_mysql/mysql_event.h"
#include "support/mysql_file.h"

namespace srdf::engine_mysql {
namespace {

using test::Le;
using test::Packed;
using test::Serialized;
using test::SerializedSigned;
using test::UuidBytes;

Result<GtidEvent> Decode(uint8_t type, const std::string& body) {
  engine_mariadb::EventView event;
  event.header.type = type;
  event.body = body;
  return engine_mysql::DecodeGtidEvent(event);
}

const std::string kStart56 = Le(1, 1) + UuidBytes() + Le(42, 8);
const std::string kClock57 = Le(2, 1) + Le(40, 8) + Le(41, 8);

TEST(GtidEvent, EveryVersionAppendsItsFields) {
  auto event = Decode(33, kStart56);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->gtid->ToString(), std::string(test::kUuidText) + ":42");
  EXPECT_EQ(event->flags, 1);
  EXPECT_FALSE(event->last_committed);

  event = Decode(33, kStart56 + kClock57);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(*event->last_committed, 40);
  EXPECT_EQ(*event->sequence_number, 41);
  EXPECT_EQ(event->immediate_commit_us, 0u);

  event = Decode(
      33, kStart56 + kClock57 + Le(1'600'000'000'000'001, 7) + Packed(70000) + Le(80036, 4) + Le(5, 8));
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->immediate_commit_us, 1'600'000'000'000'001u);
  EXPECT_EQ(event->original_commit_us, 1'600'000'000'000'001u);
  EXPECT_EQ(event->transaction_bytes, 70000u);
  EXPECT_EQ(event->original_server_version, 80036u);

  // A replica's log: times and versions of both servers.
  event = Decode(33, kStart56 + kClock57 + Le(1'600'000'000'000'001 | 1ull << 55, 7) +
                         Le(1'500'000'000'000'002, 7) + Packed(10) + Le(80036u | 1u << 31, 4) + Le(50744, 4));
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->immediate_commit_us, 1'600'000'000'000'001u);
  EXPECT_EQ(event->original_commit_us, 1'500'000'000'000'002u);
  EXPECT_EQ(event->immediate_server_version, 80036u);
  EXPECT_EQ(event->original_server_version, 50744u);
}

TEST(GtidEvent, AnAnonymousOneHasNoNumber) {
  const auto event = Decode(34, Le(0, 1) + std::string(16, '\0') + Le(0, 8) + kClock57);
  ASSERT_TRUE(event.ok());
  EXPECT_FALSE(event->gtid);
  EXPECT_EQ(Decode(34, kStart56).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(Decode(33, Le(0, 1) + UuidBytes() + Le(0, 8)).status().code(), StatusCode::kDataLoss);
}

std::string TaggedFields() {
  std::string uuid;
  for (const char c : UuidBytes()) uuid += Serialized(static_cast<uint8_t>(c));
  return Serialized(0) + Serialized(0) + Serialized(1) + uuid + Serialized(2) + SerializedSigned(3) +
         Serialized(3) + Serialized(5) + "mytag" + Serialized(4) + SerializedSigned(-1) + Serialized(5) +
         SerializedSigned(8) + Serialized(6) + Serialized(1'700'000'000'000'003) + Serialized(8) +
         Serialized(300) + Serialized(9) + Serialized(90600);
}

std::string TaggedBody(const std::string& fields, uint64_t last_field_needed, uint64_t version = 1) {
  return Serialized(version) + Serialized(fields.size() + 3) + Serialized(last_field_needed) + fields;
}

TEST(GtidEvent, ATaggedOneIsASerializedMessage) {
  const auto event = Decode(42, TaggedBody(TaggedFields(), 9));
  ASSERT_TRUE(event.ok()) << event.status().ToString();
  EXPECT_EQ(event->gtid->ToString(), std::string(test::kUuidText) + ":mytag:3");
  EXPECT_EQ(*event->last_committed, -1);
  EXPECT_EQ(*event->sequence_number, 8);
  EXPECT_EQ(event->original_commit_us, 1'700'000'000'000'003u);
  EXPECT_EQ(event->transaction_bytes, 300u);
  EXPECT_EQ(event->original_server_version, 90600u);
}

TEST(GtidEvent, AnUnknownFieldOfATaggedOneIsSkippedOnlyWhenItMayBe) {
  const std::string with_unknown = TaggedFields() + Serialized(30) + Serialized(1);
  EXPECT_TRUE(Decode(42, TaggedBody(with_unknown, 9)).ok());
  const auto refused = Decode(42, TaggedBody(with_unknown, 30));
  EXPECT_EQ(refused.status().code(), StatusCode::kUnimplemented);
  EXPECT_NE(refused.status().message().find("field 30"), std::string::npos);
  EXPECT_EQ(Decode(42, TaggedBody(TaggedFields(), 9, 2)).status().code(), StatusCode::kUnimplemented);
}

TEST(GtidEvent, ATornOneIsDataLoss) {
  const std::string body = TaggedBody(TaggedFields(), 9);
  for (size_t bytes = 0; bytes < 30; ++bytes) {
    EXPECT_EQ(Decode(42, body.substr(0, bytes)).status().code(), StatusCode::kDataLoss) << bytes;
    EXPECT_EQ(Decode(33, (kStart56 + kClock57).substr(0, std::min<size_t>(bytes, 24))).status().code(),
              StatusCode::kDataLoss);
  }
}

TEST(MysqlEvent, XaPrepareNamesTheTransactionAsStatementsDo) {
  const std::string body = Le(0, 1) + Le(1, 4) + Le(2, 4) + Le(1, 4) + "abc";
  const auto xa = DecodeXaPrepare(body);
  ASSERT_TRUE(xa.ok());
  EXPECT_EQ(xa->Xid(), "X'6162',X'63',1");
  EXPECT_FALSE(xa->one_phase);
  EXPECT_FALSE(DecodeXaPrepare(Le(0, 1) + Le(1, 4) + Le(65, 4) + Le(0, 4) + std::string(65, 'a')).ok());
  EXPECT_FALSE(DecodeXaPrepare(body.substr(0, body.size() - 1)).ok());
}

TEST(MysqlEvent, HeartbeatV2AndViewChange) {
  const std::string body = Packed(1) + test::PackedText("binlog.000009") + Packed(2) + Packed(9) + "\xfe" +
                           Le(5'000'000'000, 8) + Packed(0);
  const auto heartbeat = DecodeHeartbeatV2(body);
  ASSERT_TRUE(heartbeat.ok());
  EXPECT_EQ(heartbeat->file, "binlog.000009");
  EXPECT_EQ(heartbeat->position, 5'000'000'000u);
  EXPECT_FALSE(DecodeHeartbeatV2(body.substr(0, 10)).ok());
  std::string view = "17000:3";
  view.resize(52, '\0');
  EXPECT_EQ(*DecodeViewChangeId(view), "17000:3");
  EXPECT_FALSE(DecodeViewChangeId("17000:3").ok());
}

}  // namespace
}  // namespace srdf::engine_mysql
