#include "engine_mysql/json_value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "engine_mysql/json_diff.h"
#include "support/mysql_file.h"

namespace srdf::engine_mysql {
namespace {

using test::JsonArray;
using test::JsonDocument;
using test::JsonDouble;
using test::JsonInt16;
using test::JsonInt32;
using test::JsonInt64;
using test::JsonLiteral;
using test::JsonObject;
using test::JsonOpaque;
using test::JsonString;
using test::JsonUint64;
using test::JsonValue;
using test::Le;
using test::Packed;
using test::PackedText;

std::string Text(const std::string& document) {
  std::string out;
  const Status status = AppendJsonText(document, &out);
  return status.ok() ? out : status.ToString();
}
std::string Text(const JsonValue& value) { return Text(JsonDocument(value)); }

TEST(JsonValue, EveryTypeOfScalar) {
  EXPECT_EQ(Text(JsonLiteral(0)), "null");
  EXPECT_EQ(Text(JsonLiteral(1)), "true");
  EXPECT_EQ(Text(JsonLiteral(2)), "false");
  EXPECT_EQ(Text(JsonInt16(-5)), "-5");
  EXPECT_EQ(Text(JsonValue{0x06, Le(65535, 2)}), "65535");
  EXPECT_EQ(Text(JsonInt32(-70000)), "-70000");
  EXPECT_EQ(Text(JsonValue{0x08, Le(4000000000, 4)}), "4000000000");
  EXPECT_EQ(Text(JsonInt64(std::numeric_limits<int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(Text(JsonUint64(~0ull)), "18446744073709551615");
  EXPECT_EQ(Text(JsonString("a\"b\\\n\x01ü")), R"("a\"b\\\n\u0001ü")");
  EXPECT_EQ(Text(JsonString(std::string(300, 'x'))), "\"" + std::string(300, 'x') + "\"");
  EXPECT_EQ(Text(std::string()), "null");
}

TEST(JsonValue, DoublesReadBackAndAlwaysLookLikeDoubles) {
  EXPECT_EQ(Text(JsonDouble(0)), "0.0");
  EXPECT_EQ(Text(JsonDouble(-1)), "-1.0");
  EXPECT_EQ(Text(JsonDouble(3.14)), "3.14");
  EXPECT_EQ(Text(JsonDouble(1.5e-5)), "0.000015");
  EXPECT_EQ(Text(JsonDouble(1e14)), "100000000000000.0");
  EXPECT_EQ(Text(JsonDouble(1e15)), "1e15");
  EXPECT_EQ(Text(JsonDouble(1e16)), "1e16");
  EXPECT_EQ(Text(JsonDouble(1234567890123456.7)), "1234567890123456.8");
  EXPECT_EQ(Text(JsonDouble(6.02214076e23)), "6.02214076e23");
  EXPECT_EQ(Text(JsonDouble(-2.5e-300)), "-2.5e-300");
  EXPECT_EQ(Text(JsonDouble(std::numeric_limits<double>::max())), "1.7976931348623157e308");
}

TEST(JsonValue, ObjectsAndArraysSmallAndLargeNested) {
  for (const bool large : {false, true}) {
    const JsonValue inner =
        JsonArray({JsonInt16(1), JsonInt32(100000), JsonLiteral(1), JsonString("x")}, large);
    const JsonValue value = JsonObject({{"", JsonLiteral(0)},
                                        {"a", inner},
                                        {"bb", JsonObject({}, large)},
                                        {"cc", JsonArray({}, large)},
                                        {"ddd", JsonDouble(1)}},
                                       large);
    EXPECT_EQ(Text(value), R"({"": null, "a": [1, 100000, true, "x"], "bb": {}, "cc": [], "ddd": 1.0})")
        << large;
  }
}

TEST(JsonValue, OpaqueDecimalsAndTimesAreShownAsTheServerDoes) {
  // precision, scale, packed digits: 123.456 in DECIMAL(6,3)
  EXPECT_EQ(Text(JsonOpaque(246, "\x06\x03" + test::Be(0x8000 + 123, 2) + test::Be(456, 2))), "123.456");
  const auto packed = [](int64_t ymd, int64_t hms, int64_t micros) {
    return Le((ymd << 17 | hms) << 24 | micros, 8);
  };
  const int64_t ymd = (2024 * 13 + 2) << 5 | 29, hms = 23 << 12 | 59 << 6 | 58;
  EXPECT_EQ(Text(JsonOpaque(10, packed(ymd, 0, 0))), R"("2024-02-29")");
  EXPECT_EQ(Text(JsonOpaque(12, packed(ymd, hms, 120000))), R"("2024-02-29 23:59:58.120000")");
  EXPECT_EQ(Text(JsonOpaque(7, packed(ymd, hms, 1))), R"("2024-02-29 23:59:58.000001")");
  const int64_t time = (int64_t{838} << 12 | 59 << 6 | 58) << 24 | 5;
  EXPECT_EQ(Text(JsonOpaque(11, Le(static_cast<uint64_t>(time), 8))), R"("838:59:58.000005")");
  EXPECT_EQ(Text(JsonOpaque(11, Le(static_cast<uint64_t>(-time), 8))), R"("-838:59:58.000005")");
  EXPECT_EQ(Text(JsonOpaque(15, "U")), R"("base64:type15:VQ==")");
  EXPECT_EQ(Text(JsonOpaque(252, "abcd")), R"("base64:type252:YWJjZA==")");
}

TEST(JsonValue, AFewBytesCannotDescribeAnEnormousText) {
  // Arrays whose two elements are the same array behind them: 2^depth values for 17 bytes each.
  std::string document = "\x02";
  constexpr size_t kLevels = 90, kBytes = 10;
  for (size_t level = 0; level < kLevels; ++level) {
    const size_t rest = (kLevels - level) * kBytes + 2;
    document += Le(2, 2) + Le(rest, 2) + "\x02" + Le(kBytes, 2) + "\x02" + Le(kBytes, 2);
  }
  document += Le(0, 2) + Le(4, 2);
  const auto start = std::chrono::steady_clock::now();
  std::string out;
  EXPECT_EQ(AppendJsonText(document, &out).code(), StatusCode::kDataLoss);
  EXPECT_LT(out.size(), 10 * document.size());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(JsonValue, NestingIsBounded) {
  JsonValue value = JsonArray({});
  for (int i = 0; i < kJsonDepthMax - 1; ++i) value = JsonArray({value});
  EXPECT_EQ(Text(value).substr(0, 3), "[[[");
  EXPECT_NE(Text(JsonArray({value})).find("nested too deeply"), std::string::npos);
}

TEST(JsonValue, TornDocumentsAreDataLoss) {
  const std::string document = JsonDocument(JsonObject({{"a", JsonString("text")}, {"b", JsonDouble(1)}}));
  for (size_t bytes = 1; bytes < document.size(); ++bytes) {
    std::string out;
    EXPECT_EQ(AppendJsonText(document.substr(0, bytes), &out).code(), StatusCode::kDataLoss) << bytes;
  }
}

TEST(JsonDiff, ReplaceInsertRemoveInOrder) {
  const std::string replace = Le(0, 1) + PackedText("$.a[3]") + PackedText(JsonDocument(JsonString("x\"y")));
  const std::string insert =
      Le(1, 1) + PackedText("$.b") + PackedText(JsonDocument(JsonArray({JsonInt16(1)})));
  const std::string diffs = replace + insert + Le(2, 1) + PackedText("$.\"ü\"");
  std::string out;
  ASSERT_TRUE(AppendJsonDiffs(diffs, &out).ok());
  EXPECT_EQ(
      out,
      R"([{"op":"replace","path":"$.a[3]","value":"\"x\\\"y\""},{"op":"insert","path":"$.b","value":"[1]"},)"
      R"({"op":"remove","path":"$.\"ü\""}])");
  out.clear();
  ASSERT_TRUE(AppendJsonDiffs("", &out).ok());
  EXPECT_EQ(out, "[]");
  for (size_t bytes = 1; bytes < diffs.size(); ++bytes) {
    const bool between = bytes == replace.size() || bytes == replace.size() + insert.size();
    out.clear();
    EXPECT_EQ(AppendJsonDiffs(diffs.substr(0, bytes), &out).ok(), between) << bytes;
  }
  EXPECT_EQ(AppendJsonDiffs(Le(3, 1) + PackedText("$"), &out).code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace srdf::engine_mysql
