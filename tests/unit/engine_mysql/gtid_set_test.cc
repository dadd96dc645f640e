#include "engine_mysql/gtid_set.h"

#include <gtest/gtest.h>

#include "engine_mysql/serialized_message.h"
#include "support/mysql_file.h"

namespace srdf::engine_mysql {
namespace {

using test::Le;
using test::Serialized;
using test::SerializedSigned;
using test::UuidBytes;

const std::string kUuid(test::kUuidText);

std::string Text(std::string_view text) {
  const auto set = GtidSet::Parse(text);
  return set.ok() ? set->ToString() : set.status().ToString();
}

TEST(GtidSet, TextIsSortedJoinedAndLowerCase) {
  EXPECT_EQ(Text(""), "");
  EXPECT_EQ(Text(kUuid + ":7:1-3:4-5:9"), kUuid + ":1-5:7:9");
  EXPECT_EQ(Text(" 4E11FA47-71CA-11E1-9E33-C80AA9429562:2 ,\n" + kUuid + ":1"),
            kUuid + ":1,4e11fa47-71ca-11e1-9e33-c80aa9429562:2");
  EXPECT_EQ(Text(kUuid + ":5-9:6-7:1-20"), kUuid + ":1-20");
}

TEST(GtidSet, TaggedOriginsStandBehindTheirUuid) {
  EXPECT_EQ(Text(kUuid + ":Tag_2:3:1-5:aa:7"), kUuid + ":aa:7:tag_2:1-5");
  EXPECT_EQ(Text(kUuid + ":1-2:aa:7," + kUuid + ":3"), kUuid + ":1-3:aa:7");
}

TEST(GtidSet, RubbishIsRefusedWithTheForm) {
  for (const std::string& text : {std::string("x"), std::string("0-1-5"), kUuid, kUuid + ":", kUuid + ":0",
                                  kUuid + ":5-3", kUuid + ":1-", kUuid + ":1x", kUuid + ":tag",
                                  kUuid + ":9223372036854775807", kUuid + ":1,", kUuid + " 1"}) {
    const auto set = GtidSet::Parse(text);
    ASSERT_FALSE(set.ok()) << text;
    EXPECT_EQ(set.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(set.status().remedy().find("uuid:first-last"), std::string::npos);
  }
}

TEST(GtidSet, ContainsLooksAtOriginTagAndInterval) {
  const auto set = GtidSet::Parse(kUuid + ":5-9:tag:1");
  ASSERT_TRUE(set.ok());
  Gtid gtid;
  std::copy(std::begin(test::kUuidBytes), std::end(test::kUuidBytes), gtid.origin.uuid.begin());
  gtid.sequence = 5;
  EXPECT_TRUE(set->Contains(gtid));
  gtid.sequence = 10;
  EXPECT_FALSE(set->Contains(gtid));
  gtid.sequence = 1;
  EXPECT_FALSE(set->Contains(gtid));
  gtid.origin.tag = "tag";
  EXPECT_TRUE(set->Contains(gtid));
  EXPECT_EQ(gtid.ToString(), kUuid + ":tag:1");
}

TEST(GtidSet, BinaryFormOfBothFormats) {
  const std::string plain = Le(1, 8) + UuidBytes() + Le(2, 8) + Le(1, 8) + Le(4, 8) + Le(7, 8) + Le(8, 8);
  auto set = GtidSet::Decode(plain);
  ASSERT_TRUE(set.ok()) << set.status().ToString();
  EXPECT_EQ(set->ToString(), kUuid + ":1-3:7");
  const std::string tagged = Le((1ull << 56) | (2ull << 8), 8) + UuidBytes() + Serialized(0) + Le(1, 8) +
                             Le(1, 8) + Le(14, 8) + UuidBytes() + Serialized(5) + "mytag" + Le(1, 8) +
                             Le(1, 8) + Le(3, 8);
  set = GtidSet::Decode(tagged);
  ASSERT_TRUE(set.ok()) << set.status().ToString();
  EXPECT_EQ(set->ToString(), kUuid + ":1-13:mytag:1-2");
  EXPECT_TRUE(GtidSet::Decode(Le(0, 8))->empty());
}

TEST(GtidSet, BinaryRubbishIsDataLoss) {
  const std::string head = Le(1, 8) + UuidBytes();
  for (const std::string& binary :
       {std::string(), Le(1, 8), head + Le(1, 8) + Le(5, 8) + Le(5, 8), head + Le(1, 8) + Le(0, 8) + Le(5, 8),
        head + Le(2, 8) + Le(5, 8) + Le(7, 8) + Le(6, 8) + Le(9, 8),
        head + Le(1ull << 60, 8) + Le(1, 8) + Le(2, 8), head + Le(1, 8) + Le(1, 8) + Le(2, 8) + "x",
        Le(2ull << 56 | 1, 8) + UuidBytes()}) {
    EXPECT_EQ(GtidSet::Decode(binary).status().code(), StatusCode::kDataLoss);
  }
}

TEST(SerializedMessage, NumbersOfEveryLengthComeBack) {
  for (int bits = 0; bits < 64; ++bits) {
    for (const uint64_t value : {1ull << bits, (1ull << bits) - 1, ~0ull >> bits}) {
      const std::string bytes = Serialized(value);
      ByteReader r(bytes);
      EXPECT_EQ(ReadSerializedUnsigned(&r), value);
      EXPECT_TRUE(r.ok() && r.AtEnd());
      const auto number = static_cast<int64_t>(value);
      const std::string signed_bytes = SerializedSigned(number);
      ByteReader s(signed_bytes);
      EXPECT_EQ(ReadSerializedSigned(&s), number);
      EXPECT_TRUE(s.ok() && s.AtEnd());
    }
  }
}

TEST(SerializedMessage, TheExamplesOfItsDocumentation) {
  ByteReader r("\xfb\xff\x07");
  EXPECT_EQ(ReadSerializedUnsigned(&r), 65535u);
  ByteReader positive("\xf3\xff\x0f");
  EXPECT_EQ(ReadSerializedSigned(&positive), 65535);
  ByteReader negative("\xfb\xff\x0f");
  EXPECT_EQ(ReadSerializedSigned(&negative), -65536);
  ByteReader torn("\xfb\xff");
  ReadSerializedUnsigned(&torn);
  EXPECT_FALSE(torn.ok());
}

}  // namespace
}  // namespace srdf::engine_mysql
