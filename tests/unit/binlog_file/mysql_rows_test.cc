// Rows of MySQL logs: every column type with its corners, every form of rows event, partial JSON.
#include <gtest/gtest.h>

#include "support/mysql_file.h"
#include "unit/binlog_file/dump_fixture.h"

namespace srdf::test {
namespace {

using namespace std::string_literals;

constexpr uint64_t kTable = 17;

// One row of all the columns, as WRITE_ROWS; a transaction around it.
nlohmann::json InsertedRow(const std::vector<MySqlColumn>& columns, const std::string& values,
                           const std::string& metadata = "") {
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("BEGIN");
  file.Add(19, TableMapBody(kTable, "db", "t", columns, metadata));
  const std::string all((columns.size() + 7) / 8, '\xff');
  const std::string no_nulls((columns.size() + 7) / 8, '\0');
  file.Add(30, RowsBody(kTable, columns.size(), all, no_nulls + values));
  file.AddXid(1);
  const auto changes = OnlyChanges(DumpBytes(file.bytes()));
  return changes.is_array() && changes.size() == 1 ? changes[0]["after"] : changes;
}

TEST(MySqlRows, Trap27NumbersAreSignedOrNotAsTheLogSays) {
  const std::vector<MySqlColumn> columns = {
      {"t", 1, ""},  {"ut", 1, ""},    {"m", 9, ""},     {"um", 9, ""}, {"b", 8, ""},
      {"ub", 8, ""}, {"f", 4, "\x04"}, {"d", 5, "\x08"}, {"y", 13, ""}, {"n", 246, "\x0a\x03"}};
  // Unsigned: the second, fourth and sixth of the numeric columns, most significant bit first.
  const std::string signedness = MetadataField(1, std::string("\x54\x00", 2));
  const std::string values =
      "\xff\xff"
      "\xff\xff\xff"
      "\xff\xff\xff" +
      Le(~0ull, 8) + Le(~0ull, 8) + std::string("\x00\x00\x20\x40", 4) +
      std::string("\x00\x00\x00\x00\x00\x00\x04\x40", 8) + "\x7c" + Be(0x80000000 | 1234567, 4) + Be(89, 2);
  EXPECT_EQ(InsertedRow(columns, values, signedness),
            nlohmann::json::parse(R"({"t":-1,"ut":255,"m":-1,"um":16777215,
      "b":-1,"ub":18446744073709551615,"f":2.5,"d":2.5,"y":2024,"n":"1234567.089"})"));
}

TEST(MySqlRows, Trap27TemporalTypesWithFractionsAndCorners) {
  const std::vector<MySqlColumn> columns = {{"d", 10, ""},
                                            {"zero", 10, ""},
                                            {"t0", 19, std::string(1, '\0')},
                                            {"t3", 19, "\x03"},
                                            {"neg", 19, "\x06"},
                                            {"dt0", 18, std::string(1, '\0')},
                                            {"dt6", 18, "\x06"},
                                            {"ts0", 17, std::string(1, '\0')},
                                            {"ts2", 17, "\x02"}};
  const uint64_t time = 838u << 12 | 59u << 6 | 59u;
  const uint64_t datetime =
      0x8000000000 + ((((uint64_t{2024} * 13 + 2) << 5 | 29) << 17) | (23u << 12 | 59u << 6 | 58u));
  const std::string values = Le(2024 << 9 | 2 << 5 | 29, 3) + Le(0, 3) + Be(0x800000 + time, 3) +
                             Be(((0x800000 + time) << 16) + 1230, 5) +
                             Be((0x800000ull << 24) - ((1ull << 12 << 24) + 5), 6) + Be(datetime, 5) +
                             Be(datetime, 5) + Be(123456, 3) + Be(1'700'000'000, 4) + Be(0, 4) + Be(7, 1);
  EXPECT_EQ(InsertedRow(columns, values),
            nlohmann::json::parse(R"({"d":"2024-02-29","zero":"0000-00-00","t0":"838:59:59",
      "t3":"838:59:59.123","neg":"-01:00:00.000005","dt0":"2024-02-29 23:59:58","dt6":"2024-02-29 23:59:58.123456",
      "ts0":"2023-11-14 22:13:20","ts2":"0000-00-00 00:00:00.07"})"));
}

TEST(MySqlRows, Trap27TextBinaryBitEnumSetGeometryVector) {
  const std::vector<MySqlColumn> columns = {
      {"c", 254, "\xfe\x28"},  {"long_char", 254, std::string("\xee\xfc", 2)},
      {"v", 15, Le(300, 2)},   {"bin", 254, "\xfe\x04"},
      {"text", 252, "\x02"},   {"blob", 252, "\x02"},
      {"geo", 255, "\x04"},    {"vec", 242, "\x04"},
      {"late", 15, Le(20, 2)}, {"bit", 16, "\x03\x00"s},
      {"e", 254, "\xf7\x01"},  {"s", 254, "\xf8\x01"}};
  // Character columns in order: c, long_char, v, bin, text, blob, vec, late; geometry is none of them in
  // MySQL.
  const std::string charsets = MetadataField(3, Packed(255) + Packed(8) + Packed(45) + Packed(63) +
                                                    Packed(255) + Packed(63) + Packed(63) + Packed(8));
  const std::string labels =
      MetadataField(6, Packed(2) + PackedText("one") + PackedText("zwölf")) +
      MetadataField(5, Packed(3) + PackedText("r") + PackedText("g") + PackedText("b")) +
      MetadataField(10, Packed(255)) + MetadataField(7, Packed(1)) + MetadataField(13, Packed(1)) +
      MetadataField(12, std::string("\xff\xf0", 2));
  const std::string values = PackedText("ü") + Le(2, 2) + "\xfc!" + Le(3, 2) + "abc" +
                             PackedText("\x01\x02") + Le(2, 2) + "ß" + Le(2, 2) + "\xff\x00"s + Le(3, 4) +
                             "geo" + Le(4, 4) + Le(0x3f800000, 4) + PackedText("\xe4") + "\x05" + "\x02" +
                             "\x05";
  EXPECT_EQ(InsertedRow(columns, values, charsets + labels),
            nlohmann::json::parse(R"({"c":"ü","long_char":"ü!","v":"abc",
      "bin":"0x01020000","text":"ß","blob":"0xFF00","geo":"0x67656F","vec":"0x0000803F","late":"ä","bit":"0x05",
      "e":"zwölf","s":"r,b"})"));
}

TEST(MySqlRows, JsonColumnsAreStringsOfTheirText) {
  const std::string document = JsonDocument(JsonObject({{"a", JsonArray({JsonInt16(1), JsonLiteral(0)})}}));
  EXPECT_EQ(
      InsertedRow({{"j", 245, "\x04"}, {"null", 245, "\x04"}}, Le(document.size(), 4) + document + Le(0, 4)),
      nlohmann::json::parse(R"({"j":"{\"a\": [1, null]}","null":"null"})"));
}

TEST(MySqlRows, Trap10MinimalImagesAndMissingNames) {
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("BEGIN");
  file.Add(19,
           TableMapBody(kTable, "db", "t", {{"a", 3, ""}, {"b", 3, ""}, {"c", 15, Le(10, 2)}}, "", false));
  // Update: key before, the changed column after; two rows. Then a delete by its key, and a NULL.
  file.Add(31, RowsBody(kTable, 3, "\x01\x04",
                        std::string(1, '\0') + Le(1, 4) + std::string(1, '\0') + PackedText("x") +
                            std::string(1, '\0') + Le(2, 4) + "\x01",
                        "", 0));
  file.Add(32, RowsBody(kTable, 3, "\x01", std::string(1, '\0') + Le(3, 4)));
  file.AddXid(1);
  const DumpResult result = DumpBytes(file.bytes());
  EXPECT_EQ(OnlyChanges(result), nlohmann::json::parse(R"([
      {"table":"db.t","op":"update","before":{"@1":1},"after":{"@3":"x"}},
      {"table":"db.t","op":"update","before":{"@1":2},"after":{"@3":null}},
      {"table":"db.t","op":"delete","before":{"@1":3}}])"));
  EXPECT_TRUE(result.summary.signedness_missing);
}

TEST(MySqlRows, OldRowsEventsAndExtraRowInfo) {
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("BEGIN");
  const std::string map = TableMapBody(kTable, "db", "t", {{"a", 3, ""}});
  const std::string row = std::string(1, '\0') + Le(5, 4);
  file.Add(19, map);
  file.Add(23, RowsV1Body(kTable, 1, "\x01", row));
  file.Add(19, map);
  file.Add(24, RowsV1Body(kTable, 1, "\x01\x01", row + row));
  file.Add(19, map);
  file.Add(25, RowsV1Body(kTable, 1, "\x01", row));
  file.Add(19, map);
  // Partition 3 of a partitioned table, and what NDB adds.
  file.Add(30, RowsBody(kTable, 1, "\x01", row, Le(1, 1) + Le(3, 2)));
  file.Add(19, map);
  file.Add(31, RowsBody(kTable, 1, "\x01\x01", row + row,
                        Le(0, 1) + Le(4, 1) + Le(0, 1) + "xx" + Le(1, 1) + Le(3, 2) + Le(4, 2)));
  // A statement that ended without a change.
  file.Add(30, RowsBody(0xffffff, 0, "", "", "", 1));
  file.AddXid(1);
  const DumpResult result = DumpBytes(file.bytes());
  EXPECT_EQ(OnlyChanges(result).size(), 5u) << result.text;
  EXPECT_EQ(result.summary.updates, 2u);
}

TEST(MySqlRows, PartialJsonUpdatesShowWhatChanged) {
  const std::string whole = JsonDocument(JsonObject({{"a", JsonInt16(1)}}));
  const std::string diff =
      Le(0, 1) + PackedText("$.a") + PackedText(JsonDocument(JsonInt16(2))) + Le(2, 1) + PackedText("$.b");
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("BEGIN");
  file.Add(19,
           TableMapBody(kTable, "db", "t",
                        {{"id", 3, ""}, {"left_out", 245, "\x04"}, {"j", 245, "\x04"}, {"k", 245, "\x04"}}));
  // The bitmap of partial columns counts every JSON column of the table, also the one that the image leaves
  // out.
  const std::string before = std::string(1, '\0') + Le(1, 4);
  const std::string partial =
      Packed(1) + "\x02" + std::string(1, '\0') + Le(diff.size(), 4) + diff + Le(whole.size(), 4) + whole;
  const std::string full =
      Packed(0) + std::string(1, '\0') + Le(whole.size(), 4) + whole + Le(whole.size(), 4) + whole;
  file.Add(39, RowsBody(kTable, 4, "\x01\x0c", before + partial + before + full));
  file.AddXid(1);
  EXPECT_EQ(OnlyChanges(DumpBytes(file.bytes())), nlohmann::json::parse(R"([
      {"table":"db.t","op":"update","before":{"id":1},"after":{
        "j":[{"op":"replace","path":"$.a","value":"2"},{"op":"remove","path":"$.b"}],"k":"{\"a\": 1}"}},
      {"table":"db.t","op":"update","before":{"id":1},"after":{"j":"{\"a\": 1}","k":"{\"a\": 1}"}}])"));
}

TEST(MySqlRows, HiddenArraysOfMultiValuedIndexesAreWalked) {
  const std::string array = JsonDocument(JsonArray({JsonInt16(1)}));
  EXPECT_EQ(InsertedRow({{"@a", 20, "\x0f" + Le(40, 3)}, {"@b", 20, "\x08"}, {"c", 15, Le(9, 2)}},
                        Le(array.size(), 4) + array + Le(array.size(), 4) + array + PackedText("x")),
            nlohmann::json::parse(R"({"@a":"[1]","@b":"[1]","c":"x"})"));
}

TEST(MySqlRows, RowsThatDoNotFitTheirTableAreDataLossInASoundLine) {
  const std::string map = TableMapBody(kTable, "db", "t", {{"a", 3, ""}, {"b", 15, Le(10, 2)}});
  const std::string row = std::string(1, '\0') + Le(5, 4) + PackedText("x");
  for (const std::string& rows :
       {RowsBody(kTable, 2, "\x03", row + "\x00"s), RowsBody(kTable, 2, "\x03", row + row.substr(0, 6)),
        RowsBody(kTable, 3, "\x03", row), RowsBody(kTable, 2, std::string(1, '\0'), row)}) {
    MySqlFile file;
    file.AddGtid(1);
    file.AddQuery("BEGIN");
    file.Add(19, map);
    file.Add(30, rows);
    file.AddXid(1);
    const DumpResult result = DumpBytes(file.bytes());
    EXPECT_EQ(result.status.code(), StatusCode::kDataLoss) << result.text;
    EXPECT_NE(result.status.message().find("db.t"), std::string::npos) << result.status.message();
    ASSERT_EQ(result.lines.size(), 1u);
    EXPECT_EQ(result.lines[0]["end"], "incomplete");
  }
}

}  // namespace
}  // namespace srdf::test
