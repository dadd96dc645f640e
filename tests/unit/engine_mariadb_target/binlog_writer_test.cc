// The bytes of the events, read back by the rules of the binary log.
#include "engine_mariadb/binlog_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace srdf::engine_mariadb {
namespace {

std::string Decode(std::string_view base64) {
  static const std::string kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : base64) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(kAlphabet.find(c));
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return out;
}

struct Event {
  uint8_t type;
  std::string body;
};

std::vector<Event> Events(std::string_view statement) {
  EXPECT_EQ("BINLOG '", statement.substr(0, 8));
  EXPECT_EQ('\'', statement.back());
  const std::string bytes = Decode(statement.substr(8, statement.size() - 9));
  std::vector<Event> out;
  ByteReader r(bytes);
  while (!r.AtEnd() && r.ok()) {
    EXPECT_EQ(1700000000u, r.U32());
    const uint8_t type = r.U8();
    EXPECT_EQ(42u, r.U32());
    const uint32_t length = r.U32();
    r.Skip(6);
    out.push_back({type, std::string(r.Raw(length - 19))});
  }
  EXPECT_TRUE(r.ok());
  return out;
}

TEST(BinlogWriter, AGroupIsATableMapAndOneRowsEventWithItsFlags) {
  BinlogWriter writer;
  writer.SetOrigin(42, 1700000000);
  RowRunHeader header;
  header.op = RowOp::kUpdate;
  header.flags = kRunNoForeignKeyChecks | kRunNoCheckConstraints;
  header.bitmap_before = "\x01";
  header.bitmap_after = "\x03";
  writer.Begin(header, 2, "table map body");
  Row row;
  row.key = "never sent";
  row.before = "BEFORE";
  row.after = "AFTER";
  writer.AddRow(row);
  writer.AddRow(row);
  writer.End();
  const auto events = Events(writer.Statement());
  ASSERT_EQ(2u, events.size());
  EXPECT_EQ(19, events[0].type);
  EXPECT_EQ(std::string("\x01\0\0\0\0\0\x01\0", 8) + "table map body", events[0].body);
  EXPECT_EQ(24, events[1].type);
  EXPECT_EQ(std::string("\x01\0\0\0\0\0\x83\0\x02\x01\x03", 11) + "BEFOREAFTERBEFOREAFTER", events[1].body);
}

TEST(BinlogWriter, InsertsHaveAfterImagesAndDeletesBeforeImages) {
  for (const RowOp op : {RowOp::kInsert, RowOp::kDelete}) {
    BinlogWriter writer;
    writer.SetOrigin(42, 1700000000);
    RowRunHeader header;
    header.op = op;
    header.bitmap_before = "\x01";
    header.bitmap_after = "\x03";
    writer.Begin(header, 2, "m");
    Row row;
    row.before = "B";
    row.after = "A";
    writer.AddRow(row);
    writer.End();
    const auto events = Events(writer.Statement());
    ASSERT_EQ(2u, events.size());
    EXPECT_EQ(op == RowOp::kInsert ? 23 : 25, events[1].type);
    EXPECT_EQ(std::string("\x01\0\0\0\0\0\x01\0\x02", 9) + (op == RowOp::kInsert ? "\x03"
                                                                                   "A"
                                                                                 : "\x01"
                                                                                   "B"),
              events[1].body);
  }
}

TEST(BinlogWriter, BuffersAreUsedAgainAndLengthsArePredicted) {
  BinlogWriter writer;
  writer.SetOrigin(42, 1700000000);
  RowRunHeader header;
  header.op = RowOp::kInsert;
  const std::string bitmap(40, '\xff');
  header.bitmap_after = bitmap;
  const std::string image(5000, 'x');
  for (int i = 0; i < 3; ++i) {
    writer.Clear();
    EXPECT_TRUE(writer.empty());
    writer.Begin(header, 320, "table map");
    EXPECT_LE(writer.event_bytes(), BinlogWriter::GroupOverheadBytes(320, "table map"));
    Row row;
    row.after = image;
    for (int n = 0; n <= i; ++n) writer.AddRow(row);
    writer.End();
    const std::string statement(writer.Statement());
    EXPECT_LE(statement.size(), BinlogWriter::StatementBytes(writer.event_bytes()));
    const auto events = Events(statement);
    ASSERT_EQ(2u, events.size());
    EXPECT_EQ(std::string("\xfc\x40\x01", 3), events[1].body.substr(8, 3));  // 320 columns
    EXPECT_EQ(static_cast<size_t>(8 + 3 + 40 + 5000 * (i + 1)), events[1].body.size());
    EXPECT_EQ("BINLOG '" + std::string(writer.Base64()) + "'", statement);
  }
}

TEST(BinlogWriter, TheFormatDescriptionSaysThatEventsHaveNoChecksum) {
  BinlogWriter writer;
  writer.SetOrigin(42, 1700000000);
  writer.AddFormatDescription();
  const auto events = Events(writer.Statement());
  ASSERT_EQ(1u, events.size());
  EXPECT_EQ(15, events[0].type);
  const std::string& body = events[0].body;
  EXPECT_EQ(4, body[0]);
  EXPECT_EQ(19, body[2 + 50 + 4]);
  EXPECT_EQ(8, body[2 + 50 + 4 + 1 + 18]);  // table map's fixed part
  EXPECT_EQ(0, body[body.size() - 5]);      // checksum algorithm: none
}

}  // namespace
}  // namespace srdf::engine_mariadb
