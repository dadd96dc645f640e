#include "model/record.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "model/copy_state.h"

namespace srdf {
namespace {

std::string SomeRun() {
  std::string out;
  RowRunWriter writer(&out);
  writer.Begin({7, RowOp::kUpdate, kRunInPlace, "\x01", "\x03"});
  writer.Add({kRowUniqueChanged, "key", "new key", "before", "after"});
  writer.Add({0, "k", {}, std::string(300, 'b'), {}});
  writer.End();
  return out;
}

TEST(Record, ABufferIsReadRecordByRecord) {
  std::string out;
  AppendRecord(RecordType::kStatement, "body", &out);
  AppendRecord(RecordType::kTransactionEnd, "", &out);
  RecordCursor cursor(out);
  Record record;
  ASSERT_TRUE(*cursor.Next(&record));
  EXPECT_EQ(record.type, RecordType::kStatement);
  EXPECT_EQ(record.body, "body");
  EXPECT_EQ(record.whole.size(), kRecordHeaderBytes + 4);
  ASSERT_TRUE(*cursor.Next(&record));
  EXPECT_EQ(record.type, RecordType::kTransactionEnd);
  EXPECT_TRUE(record.body.empty());
  EXPECT_FALSE(*cursor.Next(&record));
}

// The format is on disk and in other versions' hands: its bytes may not move.
TEST(Record, TheBytesOfARunAreThoseOfTheFormatPage) {
  std::string out;
  RowRunWriter writer(&out);
  writer.Begin({0x01020304, RowOp::kUpdate, kRunNoForeignKeyChecks, "\x01", "\x03"});
  writer.Add({kRowUniqueChanged, "k", "n", "b", "aa"});
  writer.End();
  const std::string expected(
      "\x03\x18\x00\x00\x00"              // type, body length 24
      "\x04\x03\x02\x01\x02\x01"          // table_ref, op, flags
      "\x01\x01\x01\x03\x01\x00\x00\x00"  // bitmaps, row count
      "\x01\x01k\x01n\x01"
      "b\x02"
      "aa",  // the row
      5 + 24);
  EXPECT_EQ(out, expected);
}

TEST(Record, ARunIsReadBackRowByRow) {
  const std::string out = SomeRun();
  Record record;
  RecordCursor cursor(out);
  ASSERT_TRUE(*cursor.Next(&record));
  auto run = RowRunReader::Open(record.body);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->header(), (RowRunHeader{7, RowOp::kUpdate, kRunInPlace, "\x01", "\x03"}));
  EXPECT_EQ(run->row_count(), 2u);
  Row row;
  ASSERT_TRUE(*run->Next(&row));
  EXPECT_EQ(row.flags, kRowUniqueChanged);
  EXPECT_EQ(row.key, "key");
  EXPECT_EQ(row.new_key, "new key");
  EXPECT_EQ(row.before, "before");
  EXPECT_EQ(row.after, "after");
  ASSERT_TRUE(*run->Next(&row));
  EXPECT_EQ(row.before.size(), 300u);
  EXPECT_FALSE(*run->Next(&row));
}

TEST(Record, UnknownTypesAndOversizedBodiesAreErrors) {
  Record record;
  const std::string unknown("\x0a\0\0\0\0", 5);
  EXPECT_EQ(RecordCursor(unknown).Next(&record).status().code(), StatusCode::kDataLoss);
  const std::string zero("\0\0\0\0\0", 5);
  EXPECT_FALSE(RecordCursor(zero).Next(&record).ok());
  const std::string huge("\x03\xff\xff\xff\xff", 5);
  EXPECT_FALSE(RecordCursor(huge).Next(&record).ok());
}

// Walks everything a buffer may hold; true when all of it was well-formed.
bool Walk(ByteView bytes) {
  RecordCursor cursor(bytes);
  Record record;
  for (;;) {
    auto more = cursor.Next(&record);
    if (!more.ok()) return false;
    if (!*more) return true;
    if (record.type == RecordType::kTransactionBegin && !DecodeTransactionBegin(record.body).ok())
      return false;
    if (record.type == RecordType::kTransactionEnd && !DecodeTransactionEnd(record.body).ok()) return false;
    if (record.type != RecordType::kRowRun) continue;
    auto run = RowRunReader::Open(record.body);
    if (!run.ok()) return false;
    Row row;
    size_t bytes_read = 0;
    for (;;) {
      auto next = run->Next(&row);
      if (!next.ok()) return false;
      if (!*next) break;
      bytes_read += 1 + row.key.size() + row.new_key.size() + row.before.size() + row.after.size();
    }
    EXPECT_LE(bytes_read, record.body.size());
  }
}

TEST(Record, EveryTornBufferIsAnError) {
  std::string out = SomeRun();
  const size_t first = out.size();
  std::string end;
  EncodeTransactionEnd({{"0-1-5", "bin.000001", 99}, 1234}, &end);
  AppendRecord(RecordType::kTransactionEnd, end, &out);
  ASSERT_TRUE(Walk(out));
  for (size_t n = 1; n < out.size(); ++n) {
    EXPECT_EQ(Walk(ByteView(out).substr(0, n)), n == first) << n;
  }
}

TEST(Record, MutatedBuffersNeverCrash) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string run = SomeRun();
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = run;
    for (uint64_t k = random() % 4 + 1; k > 0; --k) bad[random() % bad.size()] = static_cast<char>(random());
    refused += Walk(bad) ? 0 : 1;
  }
  EXPECT_GT(refused, 1'000u);
}

TEST(Record, TransactionMarksAreReadBack) {
  std::string begin, end;
  EncodeTransactionBegin({"0-1-101", 1'700'000'000'123}, &begin);
  const auto b = DecodeTransactionBegin(begin);
  ASSERT_TRUE(b.ok());
  EXPECT_EQ(b->gtid, "0-1-101");
  EXPECT_EQ(b->commit_time_ms, 1'700'000'000'123);
  EncodeTransactionEnd({{"0-1-101,5-2-7", "bin.000009", uint64_t{5} << 32}, 777}, &end);
  const auto e = DecodeTransactionEnd(end);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->position, (SourcePosition{"0-1-101,5-2-7", "bin.000009", uint64_t{5} << 32}));
  EXPECT_EQ(e->source_end_bytes, 777u);
  EXPECT_FALSE(DecodeTransactionBegin(begin + "x").ok());
  EXPECT_FALSE(DecodeTransactionEnd(end.substr(1)).ok());
}

TEST(Record, AnEndSaysTheStateOfACopyWhereItChangesAndNothingElsewhere) {
  const SourcePosition place{"0-1-101", "bin.000009", 4};
  SourcePosition with_copy = place;
  with_copy.copy = "state";
  std::string plain, kept, set, ended;
  EncodeTransactionEnd({place, 777}, &plain);
  EncodeTransactionEnd({with_copy, 777}, &kept);
  EncodeTransactionEnd({with_copy, 777, true}, &set);
  EncodeTransactionEnd({place, 777, true}, &ended);
  EXPECT_EQ(kept, plain);
  EXPECT_FALSE(DecodeTransactionEnd(plain)->sets_copy);
  EXPECT_TRUE(DecodeTransactionEnd(set)->sets_copy);
  EXPECT_EQ(DecodeTransactionEnd(set)->position, with_copy);
  EXPECT_TRUE(DecodeTransactionEnd(ended)->sets_copy);
  EXPECT_EQ(DecodeTransactionEnd(ended)->position, place);
  for (size_t n = 1; n < set.size() - plain.size(); ++n) {
    EXPECT_FALSE(DecodeTransactionEnd(set.substr(0, plain.size() + n)).ok()) << n;
  }
  EXPECT_FALSE(DecodeTransactionEnd(set + "x").ok());
}

TEST(Record, AnEndWithALargerStateThanThereCanBeIsMalformed) {
  TransactionEnd end{{"0-1-101", "bin.000009", 4}, 777, true};
  end.position.copy.assign(kCopyStateBytesMax, 'x');
  std::string most, more;
  EncodeTransactionEnd(end, &most);
  end.position.copy.push_back('x');
  EncodeTransactionEnd(end, &more);
  EXPECT_TRUE(DecodeTransactionEnd(most).ok());
  EXPECT_EQ(DecodeTransactionEnd(more).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace srdf
