#include "srdfctl/wagon_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/mark.h"
#include "model/prepared.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/statement.h"
#include "wire/wagon_frame.h"

namespace srdf::ctl {
namespace {

using ::testing::ElementsAre;

// A frame with one schema, one statement, and one run of each operation.
std::string Frame() {
  std::string payload;
  std::string body;
  TableSchema schema;
  schema.table_ref = 3;
  schema.database = "shop";
  schema.table = "or\"ders";
  EncodeTableSchema(schema, &body);
  AppendRecord(RecordType::kTableSchema, body, &payload);
  body.clear();
  Statement statement;
  statement.database = "shop";
  statement.sql = "ALTER TABLE t COMMENT 'caf\xe9'";
  EncodeStatement(statement, &body);
  AppendRecord(RecordType::kStatement, body, &payload);
  RowRunWriter writer(&payload);
  writer.Begin({.table_ref = 3, .op = RowOp::kInsert, .flags = 0, .bitmap_before = {}, .bitmap_after = "B"});
  writer.Add({.flags = 0, .key = {}, .new_key = {}, .before = {}, .after = "i1"});
  writer.Add({.flags = 0, .key = {}, .new_key = {}, .before = {}, .after = "i2"});
  writer.End();
  writer.Begin({.table_ref = 3, .op = RowOp::kUpdate, .flags = 0, .bitmap_before = "A", .bitmap_after = "B"});
  writer.Add({.flags = 0, .key = {}, .new_key = {}, .before = "u1", .after = "u2"});
  writer.End();
  writer.Begin({.table_ref = 3, .op = RowOp::kDelete, .flags = 0, .bitmap_before = "A", .bitmap_after = {}});
  writer.Add({.flags = 0, .key = {}, .new_key = {}, .before = "d1", .after = {}});
  writer.End();
  PreparedPart part;
  part.xid = "X'61',X'',1";
  part.last = true;
  part.rows = 1;
  body.clear();
  EncodePreparedPartFront(part, &body);
  std::string schema_body;
  schema.table = "held";  // under the same table_ref: it means nothing outside
  EncodeTableSchema(schema, &schema_body);
  AppendRecord(RecordType::kTableSchema, schema_body, &body);
  RowRunWriter held(&body);
  held.Begin({.table_ref = 3, .op = RowOp::kInsert, .flags = 0, .bitmap_before = {}, .bitmap_after = "B"});
  held.Add({.flags = 0, .key = {}, .new_key = {}, .before = {}, .after = "h1"});
  held.End();
  AppendRecord(RecordType::kPreparedPart, body, &payload);
  body.clear();
  EncodePreparedOutcome({"X'61',X'',1", true}, &body);
  AppendRecord(RecordType::kPreparedOutcome, body, &payload);
  writer.Begin({.table_ref = 3, .op = RowOp::kInsert, .flags = 0, .bitmap_before = {}, .bitmap_after = "B"});
  writer.Add({.flags = 0, .key = {}, .new_key = {}, .before = {}, .after = "i3"});
  writer.End();

  body.clear();
  EncodeMark({"verify \"7\""}, &body);
  AppendRecord(RecordType::kMark, body, &payload);
  for (const RangeCopy& copy :
       {RangeCopy{3, RangeCopyKind::kRange, {}, "\x01z", 0}, RangeCopy{3, RangeCopyKind::kKey, {}, "k", 0},
        RangeCopy{3, RangeCopyKind::kCopies, {}, "r", 2}, RangeCopy{3, RangeCopyKind::kMore, {}, {}, 0}}) {
    body.clear();
    EncodeRangeCopy(copy, &body);
    AppendRecord(RecordType::kRangeCopy, body, &payload);
  }

  auto builder = wire::NewWagonBuilder(
      {.codec = Codec::kZstd, .level = 3, .spill_dir = ::testing::TempDir(), .key = nullptr});
  EXPECT_TRUE(builder.ok());
  EXPECT_TRUE((*builder)->Append(payload).ok());
  WagonHeader header;
  header.uid = std::string(32, 'a');
  header.flow = "shop";
  header.sequence = 1;
  header.previous_hash = ZeroHash();
  header.first.gtid = "0-1-1";
  header.last.gtid = "0-1-2";
  std::string frame;
  std::string hash;
  const Status status = (*builder)->Finish(
      &header, 1000,
      [&](std::string_view piece) {
        frame += piece;
        return Status();
      },
      &hash);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return frame;
}

Status FakeRow(const TableSchema& schema, ByteView bitmap, ByteView image, std::string* out) {
  EXPECT_EQ(schema.table_ref, 3u);
  *out += "{\"" + std::string(bitmap) + "\":\"" + std::string(image) + "\"}";
  return {};
}

std::unique_ptr<wire::WagonReader> Open(std::string frame) {
  auto reader = wire::WagonReader::Open([rest = std::move(frame)]() mutable -> Result<std::string> {
    std::string piece = rest.substr(0, 7);  // awkward pieces
    rest.erase(0, piece.size());
    return piece;
  });
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  return std::move(*reader);
}

TEST(WagonRows, EveryRowAndStatementIsALineOfJson) {
  auto reader = Open(Frame());
  std::vector<std::string> lines;
  const Status status =
      PrintRows(reader.get(), &FakeRow, [&](const std::string& line) { lines.push_back(line); });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(
      lines,
      ElementsAre(
          "{\"statement\":\"ALTER TABLE t COMMENT 'caf\xEF\xBF\xBD'\",\"database\":\"shop\"}",
          R"({"table":"shop.or\"ders","op":"insert","after":{"B":"i1"}})",
          R"({"table":"shop.or\"ders","op":"insert","after":{"B":"i2"}})",
          R"({"table":"shop.or\"ders","op":"update","before":{"A":"u1"},"after":{"B":"u2"}})",
          R"({"table":"shop.or\"ders","op":"delete","before":{"A":"d1"}})",
          R"({"xa_prepare":"X'61',X'',1","part":1,"last":true,"rows":1})",
          R"({"xa_prepare":"X'61',X'',1","table":"shop.held","op":"insert","after":{"B":"h1"}})",
          R"({"xa_commit":"X'61',X'',1"})", R"({"table":"shop.or\"ders","op":"insert","after":{"B":"i3"}})",
          R"({"mark":"verify \"7\""})", R"({"copy_of":"shop.or\"ders","after":"","until":"017a"})",
          R"({"copy_of":"shop.or\"ders","key":"6b"})", R"({"copy_of":"shop.or\"ders","row":"72","copies":2})",
          R"({"copy_of":"shop.or\"ders","more":true})"));
  for (const std::string& line : lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(WagonRows, ARowThatCannotBeReadEndsWithItsError) {
  auto reader = Open(Frame());
  const Status status = PrintRows(
      reader.get(),
      [](const TableSchema&, ByteView, ByteView, std::string*) {
        return Status(StatusCode::kDataLoss, "image too short");
      },
      [](const std::string&) {});
  EXPECT_EQ(status.message(), "image too short");
}

}  // namespace
}  // namespace srdf::ctl
