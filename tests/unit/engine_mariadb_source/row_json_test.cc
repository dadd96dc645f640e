// Corners of the JSON view that a server does not easily produce; ordinary values are compared with the
// server's own SELECT in tests/component/engine_mariadb_source.
#include "engine_mariadb/row_json.h"

#include <gtest/gtest.h>

#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {
namespace {

Column Make(const std::string& name, FieldType type, uint16_t meta, uint16_t collation = 0) {
  Column column;
  column.name = name;
  column.type = static_cast<uint8_t>(type);
  column.type_meta = meta;
  column.collation = collation;
  return column;
}

std::string Json(const std::vector<Column>& columns, ByteView bitmap, ByteView image) {
  TableSchema schema;
  schema.database = "d";
  schema.table = "t";
  schema.columns = columns;
  std::string json;
  const Status status = AppendRowJson(schema, bitmap, image, &json);
  return status.ok() ? json : status.ToString();
}

TEST(RowJson, AbsentColumnsAreLeftOut) {
  const std::vector<Column> columns = {Make("a", FieldType::kTiny, 0), Make("b", FieldType::kTiny, 0),
                                       Make("c", FieldType::kTiny, 0)};
  EXPECT_EQ(Json(columns, "\x05", std::string("\x00\x01\x02", 3)), R"({"a":1,"c":2})");
  EXPECT_EQ(Json(columns, "\x06", "\x01\x07"), R"({"b":null,"c":7})");
}

TEST(RowJson, AnImageThatDoesNotFitChangesNothing) {
  const std::vector<Column> columns = {Make("a", FieldType::kLong, 0)};
  TableSchema schema;
  schema.columns = columns;
  for (const std::string& image : {std::string(), std::string(4, '\0'), std::string(6, '\0')}) {
    std::string json = "kept";
    EXPECT_EQ(AppendRowJson(schema, "\x01", image, &json).code(), StatusCode::kDataLoss);
    EXPECT_EQ(json, "kept");
  }
}

TEST(RowJson, TextThatIsNotValidInItsCharacterSetIsHex) {
  const std::vector<Column> columns = {Make("a", FieldType::kVarchar, 20, 45)};
  EXPECT_EQ(Json(columns, "\x01", std::string("\x00\x02\xc3\x28", 4)), R"({"a":"0xC328"})");
  EXPECT_EQ(Json(columns, "\x01", std::string("\x00\x03\x00\x1f\"", 5)), R"({"a":"\u0000\u001f\""})");
}

TEST(RowJson, NamesAreEscapedAndMissingNamesNumbered) {
  EXPECT_EQ(Json({Make("a\"b", FieldType::kTiny, 0), Make("", FieldType::kTiny, 0)}, "\x03",
                 std::string("\x00\x01\x02", 3)),
            R"({"a\"b":1,"@2":2})");
}

TEST(RowJson, NumbersOfEnumAndSetWithoutLabelsStayNumbers) {
  EXPECT_EQ(Json({Make("e", FieldType::kEnum, 0x01f7)}, "\x01", std::string("\x00\x09", 2)), R"({"e":9})");
  EXPECT_EQ(Json({Make("s", FieldType::kSet, 0x01f8)}, "\x01", std::string("\x00\x05", 2)), R"({"s":5})");
  EXPECT_EQ(Json({Make("e", FieldType::kEnum, 0x01f7)}, "\x01", std::string("\x00\x00", 2)), R"({"e":""})");
}

TEST(RowJson, FloatsAreTheShortestTextThatReadsBack) {
  EXPECT_EQ(Json({Make("f", FieldType::kFloat, 4)}, "\x01", std::string("\x00\xcd\xcc\xcc\x3d", 5)),
            R"({"f":0.1})");
  EXPECT_EQ(Json({Make("d", FieldType::kDouble, 8)}, "\x01",
                 std::string("\x00\x9a\x99\x99\x99\x99\x99\xb9\x3f", 9)),
            R"({"d":0.1})");
}

TEST(CharacterText, Utf8IsCheckedStrictly) {
  EXPECT_TRUE(IsUtf8("plain"));
  EXPECT_TRUE(IsUtf8("\xf0\x9f\x98\x80"));
  EXPECT_FALSE(IsUtf8("\xc0\x80"));          // overlong
  EXPECT_FALSE(IsUtf8("\xe0\x80\x80"));      // overlong
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80"));  // beyond Unicode
  EXPECT_FALSE(IsUtf8("\xe2\x82"));          // torn
}

TEST(CharacterText, Latin1IsWindows1252) {
  EXPECT_EQ(TextAsUtf8("\x80\xe9\xff", 8), "€éÿ");
  EXPECT_EQ(TextAsUtf8("\xe9", 63), std::nullopt);
  EXPECT_EQ(TextAsUtf8(std::string("\x00\x41", 2), 54), std::nullopt);  // utf16
  EXPECT_EQ(TextAsUtf8("ascii", 1), "ascii");                           // big5
  EXPECT_EQ(TextAsUtf8("\xa4\xa4", 1), std::nullopt);
}

}  // namespace
}  // namespace srdf::engine_mariadb
