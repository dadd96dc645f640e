#include "srdfctl/row_text.h"

#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

Column Named(const std::string& name, uint8_t type, uint16_t meta = 0, bool is_unsigned = false) {
  Column column;
  column.name = name;
  column.type = type;
  column.type_meta = meta;
  column.is_unsigned = is_unsigned;
  return column;
}

// INT, VARCHAR(20), BIGINT UNSIGNED: key over the first and the second.
TableSchema Orders() {
  TableSchema schema;
  schema.database = "shop";
  schema.table = "orders";
  schema.columns = {Named("id", 3), Named("code", 15, 20), Named("total", 8, 0, true)};
  schema.columns[1].collation = 45;  // utf8mb4_general_ci
  schema.key_kind = KeyKind::kPrimary;
  schema.key_columns = {0, 1};
  return schema;
}

TEST(RowText, AKeyIsTheValuesOfItsColumns) {
  const auto key = KeyOfText(Orders(), "-5,ab");
  ASSERT_TRUE(key.ok()) << key.status().ToString();
  EXPECT_EQ(*key, std::string("\xfb\xff\xff\xff\x02"
                              "ab",
                              7));
  EXPECT_EQ(KeyText(Orders(), *key), "id=-5, code=\"ab\"");
  EXPECT_EQ(KeyText(Orders(), "x"), "0x78") << "what does not fit is shown as it is";
}

TEST(RowText, ARowIsJson) {
  const std::string image("\0\x07\0\0\0\x01z\x09\0\0\0\0\0\0\0", 15);
  EXPECT_EQ(RowText(Orders(), image), R"({"id":7,"code":"z","total":9})");
}

TEST(RowText, AKeyMayBeWrittenAsItsImage) {
  EXPECT_EQ(*KeyOfText(Orders(), "0x0500000001"), std::string("\x05\0\0\0\x01", 5));
  EXPECT_FALSE(KeyOfText(Orders(), "0x050").ok());
}

TEST(RowText, ARangeOfIntegersIsReversedWhenItEndsBeforeItsBeginning) {
  TableSchema schema = Orders();
  const auto reversed = [&](const std::string& from, const std::string& to) {
    return IsReversed(schema, *KeyOfText(schema, from), *KeyOfText(schema, to));
  };
  schema.key_columns = {0};
  EXPECT_FALSE(reversed("-1", "1"));
  EXPECT_FALSE(reversed("7", "7"));
  EXPECT_FALSE(reversed("255", "256"));
  EXPECT_FALSE(reversed("", "1"));
  EXPECT_FALSE(reversed("1", ""));
  EXPECT_TRUE(reversed("1", "-1"));
  EXPECT_TRUE(reversed("100", "1"));
  schema.key_columns = {2};
  EXPECT_FALSE(reversed("0", "18446744073709551615"));
  EXPECT_TRUE(reversed("18446744073709551615", "0"));
}

TEST(RowText, WhatIsNotAKeyIsRefused) {
  TableSchema schema = Orders();
  schema.key_columns = {0};
  for (const char* text : {"abc", "1,2", "99999999999", "-99999999999", "1 ", "--1"}) {
    EXPECT_EQ(KeyOfText(schema, text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  schema.columns[0] = Named("at", 18);  // DATETIME
  EXPECT_FALSE(KeyOfText(schema, "2026-01-01").ok());
}

}  // namespace
}  // namespace srdf::ctl
