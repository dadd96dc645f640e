// The decoders of events on what a server wrote, and on everything that is left of it after damage.
#include <gtest/gtest.h>

#include <random>

#include "engine_mariadb/binlog_compression.h"
#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/query_event.h"
#include "engine_mariadb/row_json.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/rows_event.h"
#include "engine_mariadb/table_map.h"
#include "sample_events.h"

namespace srdf::engine_mariadb {
namespace {

using namespace srdf::test;  // NOLINT: samples

// The event without its checksum; the header's length is made to fit.
std::string Event(std::string_view hex) {
  std::string bytes = FromHex(hex);
  bytes.resize(bytes.size() - kChecksumBytes);
  for (int i = 0; i < 4; ++i) bytes[9 + i] = static_cast<char>(bytes.size() >> (8 * i));
  return bytes;
}

EventView View(const std::string& bytes) {
  const auto view = DecodeEvent(bytes);
  EXPECT_TRUE(view.ok());
  return view.ok() ? *view : EventView();
}

TableMap SampleMap() {
  static const std::string bytes = Event(kTableMapEvent);
  const auto parts = SplitTableMap(View(bytes).body);
  EXPECT_TRUE(parts.ok());
  auto map = DecodeTableMap(parts->description);
  EXPECT_TRUE(map.ok()) << map.status().ToString();
  return map.ok() ? *map : TableMap();
}

// The rows of an event as JSON, before and after images in turn.
Result<std::vector<std::string>> Rows(const EventView& event, const TableMap& map) {
  std::string scratch;
  SRDF_ASSIGN_OR_RETURN(const RowsEvent rows, DecodeRowsEvent(event, &scratch));
  SRDF_ASSIGN_OR_RETURN(const RowLayout layout, RowLayout::Build(map.columns));
  if (rows.column_count != layout.column_count()) return Status(StatusCode::kDataLoss, "column count");
  TableSchema schema;
  schema.columns = map.columns;
  std::vector<std::string> out;
  ByteView rest = rows.rows;
  PresentColumns present;
  RowSlices slices;
  while (!rest.empty()) {
    for (const ByteView bitmap : {rows.bitmap_before, rows.bitmap_after}) {
      if (bitmap.empty()) continue;
      present.Set(bitmap, layout.column_count());
      ByteView image;
      if (!layout.Take(&rest, present, &image, &slices) || image.empty())
        return Status(StatusCode::kDataLoss, "rows");
      SRDF_RETURN_IF_ERROR(AppendRowJson(schema, bitmap, image, &out.emplace_back()));
    }
  }
  return out;
}

TEST(BinlogEvent, HeaderAndGtid) {
  const std::string bytes = Event(kGtidEvent);
  const EventView view = View(bytes);
  EXPECT_EQ(view.header.event_type(), EventType::kGtid);
  EXPECT_FALSE(view.header.artificial());
  const auto gtid = DecodeGtidEvent(view);
  ASSERT_TRUE(gtid.ok());
  EXPECT_EQ(gtid->gtid.ToString(), "0-11-7");
  EXPECT_EQ(gtid->flags & kGtidStandalone, kGtidStandalone);
  EXPECT_EQ(gtid->flags & kGtidDdl, kGtidDdl);
}

TEST(BinlogEvent, AHeaderThatDoesNotFitItsBytesIsRefused) {
  std::string bytes = Event(kGtidEvent);
  bytes.push_back('x');
  EXPECT_EQ(DecodeEvent(bytes).status().code(), StatusCode::kDataLoss);
  bytes.resize(18);
  EXPECT_EQ(DecodeEvent(bytes).status().code(), StatusCode::kDataLoss);
}

TEST(BinlogEvent, FormatDescriptionNamesServerAndChecksum) {
  const std::string bytes = FromHex(kFormatEvent);
  const auto format = DecodeFormatDescription(View(bytes).body);
  ASSERT_TRUE(format.ok()) << format.status().ToString();
  EXPECT_EQ(format->binlog_version, 4);
  EXPECT_EQ(format->server_version.find("10.11.19-MariaDB"), 0u);
  EXPECT_EQ(format->checksum, ChecksumAlgorithm::kCrc32);
}

TEST(BinlogEvent, EveryFieldOfATableMapIsRead) {
  const TableMap map = SampleMap();
  EXPECT_EQ(map.database, "u");
  EXPECT_EQ(map.table, "k");
  ASSERT_EQ(map.columns.size(), 21u);
  EXPECT_TRUE(map.has_names);
  EXPECT_EQ(map.primary_key, (std::vector<uint16_t>{2, 9}));
  EXPECT_EQ(map.columns[0].name, "i1");
  EXPECT_TRUE(map.columns[0].is_unsigned);
  EXPECT_FALSE(map.columns[2].is_unsigned);
  EXPECT_FALSE(map.columns[2].nullable);
  EXPECT_TRUE(map.columns[3].is_unsigned);
  EXPECT_TRUE(map.columns[3].nullable);
  EXPECT_EQ(map.columns[7].labels, (std::vector<std::string>{"x", "yy"}));
  EXPECT_EQ(map.columns[7].collation, 8);
  EXPECT_EQ(map.columns[8].labels, (std::vector<std::string>{"p", "q", "r"}));
  EXPECT_EQ(map.columns[9].collation, 45);
  EXPECT_EQ(map.columns[10].collation, 8);
  EXPECT_EQ(map.columns[11].collation, 63);
  EXPECT_TRUE(map.columns[19].is_unsigned);
  EXPECT_EQ(map.columns[20].name, "cc");
}

TEST(BinlogEvent, RowsOfMostTypes) {
  const std::string bytes = Event(kWriteRowsEvent);
  const auto rows = Rows(View(bytes), SampleMap());
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(
      (*rows)[0],
      R"({"i1":200,"y":2024,"i2":-5,"f":1.5,"dbl":-2.25,"d":"-123456.78900","b":"0x0401","e":"yy","s":"p,r",)"
      R"("c":"key","vc":"cafxe9","bl":"0x00FF","js":"{\"a\":1}","bi":"0x01020304",)"
      R"("g":"0x000000000101000000000000000000F03F0000000000000040","t":"-01:02:03.456",)"
      R"("dt":"2024-02-29 12:34:56.789012","ts":"2024-02-29 12:34:56.78","da":"2024-02-29",)"
      R"("big":18446744073709551615,"cc":")" +
          std::string(200, 'z') + "\"}");
  EXPECT_EQ((*rows)[1].find(R"({"i1":null,"y":null,"i2":7,)"), 0u);
}

TEST(BinlogEvent, CompressedRowsSayTheSameAsPlainOnes) {
  const std::string plain = Event(kUpdateRowsEvent);
  const std::string compressed = Event(kUpdateRowsCompressedEvent);
  const auto first = Rows(View(plain), SampleMap());
  const auto second = Rows(View(compressed), SampleMap());
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_EQ(first->size(), 2u);
  ASSERT_EQ(second->size(), 4u);
  EXPECT_EQ((*first)[1], (*second)[0]);  // the second update begins where the first ended
  EXPECT_NE((*second)[1].find("abcabcabc"), std::string::npos);
}

TEST(BinlogEvent, CompressedStatementsAreInflated) {
  const std::string bytes = Event(kQueryCompressedEvent);
  const auto statement = DecodeQueryEvent(View(bytes));
  ASSERT_TRUE(statement.ok()) << statement.status().ToString();
  EXPECT_EQ(statement->database, "u");
  EXPECT_EQ(statement->sql.find("alter table k comment 'a rather long"), 0u);
  EXPECT_TRUE(statement->has_charset);
  EXPECT_TRUE(statement->has_sql_mode);
}

TEST(BinlogCompression, AClaimedLengthBeyondTheBoundTakesNoMemory) {
  std::string out;
  const std::string huge(
      "\x84\xff\xff\xff\xff"
      "x",
      6);
  EXPECT_EQ(InflateEventPayload(huge, &out).code(), StatusCode::kDataLoss);
  EXPECT_LT(out.capacity(), 1u << 20);
  EXPECT_EQ(InflateColumnValue(std::string("\x8f\xff\xff\xff\xff\xff\xff\xff"
                                           "x",
                                           9),
                               &out)
                .code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(InflateEventPayload("", &out).code(), StatusCode::kDataLoss);
}

// Everything that can decode an event, on one event. What counts is that it returns.
void DecodeAnything(const std::string& bytes, const TableMap& map) {
  const auto view = DecodeEvent(bytes);
  if (!view.ok()) return;
  std::string scratch;
  (void)DecodeFormatDescription(view->body).ok();
  (void)DecodeRotate(view->body).ok();
  (void)DecodeGtidEvent(*view).ok();
  (void)DecodeGtidList(view->body).ok();
  (void)DecodeHeartbeat(view->body).ok();
  (void)DecodeIncident(view->body).ok();
  (void)DecodeQueryEvent(*view).ok();
  (void)DecodeQueryText(*view, &scratch).ok();
  (void)Rows(*view, map).ok();
  const auto parts = SplitTableMap(view->body);
  if (!parts.ok()) return;
  const auto other = DecodeTableMap(parts->description);
  if (!other.ok()) return;
  const std::string rows = Event(kUpdateRowsEvent);
  (void)Rows(View(rows), *other).ok();
}

constexpr std::string_view kSamples[] = {kFormatEvent,    kGtidListEvent,        kGtidEvent,
                                         kQueryEvent,     kQueryCompressedEvent, kTableMapEvent,
                                         kWriteRowsEvent, kUpdateRowsEvent,      kUpdateRowsCompressedEvent};

TEST(BinlogEvent, TruncatedEventsAreErrorsNotCrashes) {
  const TableMap map = SampleMap();
  for (const std::string_view hex : kSamples) {
    const std::string whole = Event(hex);
    for (size_t n = kEventHeaderBytes; n < whole.size(); ++n) {
      std::string bytes = whole.substr(0, n);
      for (int i = 0; i < 4; ++i) bytes[9 + i] = static_cast<char>(n >> (8 * i));
      DecodeAnything(bytes, map);
    }
  }
  // Rows cut anywhere but between two rows are refused.
  const std::string whole = Event(kUpdateRowsEvent);
  size_t accepted = 0;
  for (size_t n = kEventHeaderBytes; n < whole.size(); ++n) {
    std::string bytes = whole.substr(0, n);
    for (int i = 0; i < 4; ++i) bytes[9 + i] = static_cast<char>(n >> (8 * i));
    const auto rows = Rows(View(bytes), map);
    if (rows.ok()) {
      EXPECT_TRUE(rows->empty());
      ++accepted;
    }
  }
  EXPECT_EQ(accepted, 1u);
}

TEST(BinlogEvent, MutatedEventsAreErrorsNotCrashes) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const TableMap map = SampleMap();
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = Event(kSamples[random() % std::size(kSamples)]);
    const unsigned changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i) {
      const size_t at = 4 + random() % (bytes.size() - 4);
      if (at >= 9 && at < 13) continue;  // the length is checked at the door
      bytes[at] = static_cast<char>(random());
    }
    DecodeAnything(bytes, map);
  }
}

}  // namespace
}  // namespace srdf::engine_mariadb
