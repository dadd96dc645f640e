// Keys as people write them, in every type of column that can be part of one.
#include "engine_mariadb/key_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using enum KeyValue::Form;

constexpr uint16_t kUtf8mb4 = 45;
constexpr uint16_t kLatin1 = 8;
constexpr uint16_t kBinary = 63;

Column Make(FieldType type, uint16_t meta, uint16_t collation = 0) {
  Column column;
  column.name = "k";
  column.type = static_cast<uint8_t>(type);
  column.type_meta = meta;
  column.collation = collation;
  return column;
}

std::vector<std::string> Forms(const Column& column, const std::string& text) {
  const auto values = ParseKeyText(text);
  if (!values.ok() || values->size() != 1) return {"not one value"};
  const auto forms = PrintedForms(column, values->front());
  return forms.ok() ? *forms : std::vector<std::string>{forms.status().message()};
}

TEST(KeyText, ValuesAreSeparatedByCommasOutsideOfQuotes) {
  const auto values = ParseKeyText("7, 'a,b''c' ,x'00fF',bare text");
  ASSERT_TRUE(values.ok()) << values.status().ToString();
  EXPECT_THAT(*values,
              ElementsAre(KeyValue{kBare, "7"}, KeyValue{kQuoted, "a,b'c"},
                          KeyValue{kBytes, std::string("\x00\xff", 2)}, KeyValue{kBare, "bare text"}));
  EXPECT_THAT(*ParseKeyText("''"), ElementsAre(KeyValue{kQuoted, ""}));
}

TEST(KeyText, WhatCannotBeReadIsRefused) {
  for (const char* text : {"", "1,", ",1", "'open", "x'0'", "x'0g'", "'a'b", "x'00'1"})
    EXPECT_EQ(ParseKeyText(text).status().code(), StatusCode::kInvalidArgument) << text;
}

TEST(KeyText, NumbersAreComparedAsNumbers) {
  EXPECT_THAT(Forms(Make(FieldType::kLong, 0), "007"), ElementsAre("7"));
  EXPECT_THAT(Forms(Make(FieldType::kLong, 0), "-0"), ElementsAre("0"));
  EXPECT_THAT(Forms(Make(FieldType::kLongLong, 0), "'-18'"), ElementsAre("-18"));
  EXPECT_THAT(Forms(Make(FieldType::kYear, 0), "2026"), ElementsAre("2026"));
  EXPECT_THAT(Forms(Make(FieldType::kLong, 0), "7a"), ElementsAre("'7a' is no whole number"));
  EXPECT_THAT(Forms(Make(FieldType::kLong, 0), "x'07'"), ElementsAre(Not("7")));
  EXPECT_THAT(Forms(Make(FieldType::kDouble, 8), "1e-1"), ElementsAre("0.1"));
  EXPECT_THAT(Forms(Make(FieldType::kFloat, 4), "0.1"), ElementsAre("0.1"));
  const Column decimal = Make(FieldType::kNewDecimal, 2 << 8 | 10);
  EXPECT_THAT(Forms(decimal, "+012.5"), ElementsAre("\"12.50\""));
  EXPECT_THAT(Forms(decimal, "-.5"), ElementsAre("\"-0.50\""));
  EXPECT_THAT(Forms(decimal, "-0"), ElementsAre("\"0.00\""));
  EXPECT_THAT(Forms(decimal, "1.500"), ElementsAre("\"1.50\""));
  EXPECT_THAT(Forms(decimal, "1.505"), ElementsAre("'1.505' has more than the 2 decimals of the column"));
  EXPECT_THAT(Forms(decimal, "1.5.5"), ElementsAre("'1.5.5' is no decimal number"));
  EXPECT_THAT(Forms(Make(FieldType::kBit, 1 << 8 | 2), "513"), ElementsAre("\"0x0201\""));
}

TEST(KeyText, TimesHaveTheDecimalsOfTheirColumn) {
  EXPECT_THAT(Forms(Make(FieldType::kDate, 0), "2026-01-31"), ElementsAre("\"2026-01-31\""));
  EXPECT_THAT(Forms(Make(FieldType::kDateTime2, 3), "2026-01-31T12:00:05.5"),
              ElementsAre("\"2026-01-31 12:00:05.500\""));
  EXPECT_THAT(Forms(Make(FieldType::kTimestamp2, 0), "2026-01-31"), ElementsAre("\"2026-01-31 00:00:00\""));
  EXPECT_THAT(Forms(Make(FieldType::kTime2, 0), "-01:02:03.0"), ElementsAre("\"-01:02:03\""));
}

TEST(KeyText, TextIsExact) {
  const Column varchar = Make(FieldType::kVarchar, 80, kUtf8mb4);
  EXPECT_THAT(Forms(varchar, "'A b '"), Contains("\"A b \""));
  EXPECT_THAT(Forms(varchar, "42"), Contains("\"42\""));
  EXPECT_THAT(Forms(Make(FieldType::kString, 0x50fe, kUtf8mb4), "'ab  '"), Contains("\"ab\""))
      << "CHAR travels without the spaces at its end";
  EXPECT_THAT(Forms(Make(FieldType::kVarchar, 80, kLatin1), "x'e9'"), Contains("\"\xc3\xa9\""));
  EXPECT_THAT(Forms(Make(FieldType::kEnum, 0x01f7, kUtf8mb4), "'new'"), ElementsAre("\"new\""));
}

TEST(KeyText, BytesMayBeWrittenAsTextHexUuidOrAddress) {
  const Column varbinary = Make(FieldType::kVarchar, 16, kBinary);
  EXPECT_THAT(Forms(varbinary, "x'00ff'"), ElementsAre("\"0x00FF\""));
  EXPECT_THAT(Forms(varbinary, "ab"), ElementsAre("\"0x6162\""));
  EXPECT_THAT(Forms(varbinary, "0x00ff"), Contains("\"0x00FF\""));
  EXPECT_THAT(Forms(varbinary, "'0x00ff'"), Not(Contains("\"0x00FF\""))) << "a text in quotes is that text";
  const Column sixteen = Make(FieldType::kString, 0x10fe, kBinary);
  EXPECT_THAT(Forms(sixteen, "x'01'"), ElementsAre("\"0x01000000000000000000000000000000\""));
  EXPECT_THAT(Forms(sixteen, "550e8400-e29b-41d4-a716-446655440000"),
              Contains("\"0x550E8400E29B41D4A716446655440000\""));
  EXPECT_THAT(Forms(sixteen, "::1"), Contains("\"0x00000000000000000000000000000001\""));
  EXPECT_THAT(Forms(Make(FieldType::kString, 0x04fe, kBinary), "10.0.0.255"), Contains("\"0x0A0000FF\""));
}

}  // namespace
}  // namespace srdf::engine_mariadb
