#include "wire/wagon_frame.h"

#include <gtest/gtest.h>

#include "model/record.h"
#include "unit/wire/frame_fixture.h"
#include "wire/frame_format.h"
#include "wire/sha256.h"

namespace srdf::wire {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture

std::vector<std::string> SomePayload() {
  std::vector<std::string> records = {SchemaRecord(1), SchemaRecord(2)};
  for (uint64_t i = 1; i <= 300; ++i) records.push_back(RunRecord(1 + i % 2, i * 37 % 20'000, i));
  return records;
}

std::string Joined(const std::vector<std::string>& records) {
  std::string all;
  for (const std::string& r : records) all += r;
  return all;
}

class WagonFrame : public ::testing::TestWithParam<Codec> {
 protected:
  WagonBuilderOptions Options() {
    WagonBuilderOptions options;
    options.codec = GetParam();
    return options;
  }
};

TEST_P(WagonFrame, IsVerifiedAndReadBack) {
  const auto records = SomePayload();
  const Frame frame = MakeFrame(records, Options());
  for (const size_t piece : {size_t{1} << 20, size_t{4099}, size_t{97}}) {
    WagonHeader header;
    std::string hash;
    const Status status = Verify(frame.bytes, piece, &header, &hash);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(hash, frame.hash);
    EXPECT_EQ(header.sequence, 42u);
    EXPECT_EQ(header.payload_raw_bytes, Joined(records).size());
    const auto read = ReadAll(PiecesOf(frame.bytes, piece));
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(read->records, Joined(records));
  }
}

TEST_P(WagonFrame, OfNoRecordsIsAFrameToo) {
  const Frame frame = MakeFrame({}, Options());
  WagonHeader header;
  std::string hash;
  ASSERT_TRUE(Verify(frame.bytes, 10, &header, &hash).ok());
  EXPECT_EQ(header.payload_raw_bytes, 0u);
  const auto read = ReadAll(PiecesOf(frame.bytes));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->calls, 0u);
}

TEST_P(WagonFrame, TheSameWagonSpilledOrNotIsTheSameFrame) {
  const auto records = SomePayload();
  WagonBuilderOptions spilling = Options();
  spilling.memory_bytes_max = 10'000;
  spilling.spill_dir = ::testing::TempDir();
  const Frame spilled = MakeFrame(records, spilling, 65'536);
  const Frame kept = MakeFrame(records, Options(), 1'000'000);
  EXPECT_EQ(spilled.bytes, kept.bytes);
  EXPECT_EQ(spilled.hash, kept.hash);
  for (size_t i = 0; i + 1 < spilled.pieces.size(); ++i) EXPECT_EQ(spilled.pieces[i], 65'536u);
}

TEST_P(WagonFrame, RecordsComeWholeAndInPortionsOfAMiB) {
  std::vector<std::string> records;
  for (uint64_t i = 1; i <= 60; ++i) records.push_back(RunRecord(1, 100'000, i));
  records.push_back(RunRecord(1, 5'000'000, 61));  // larger than the buffer
  records.push_back(RunRecord(1, 10, 62));
  WagonBuilderOptions options = Options();
  options.memory_bytes_max = 64u << 20;
  const Frame frame = MakeFrame(records, options);
  auto reader = WagonReader::Open(PiecesOf(frame.bytes, 50'000));
  ASSERT_TRUE(reader.ok());
  std::string all;
  for (;;) {
    const auto portion = (*reader)->Next();
    ASSERT_TRUE(portion.ok()) << portion.status().ToString();
    if (portion->empty()) break;
    RecordCursor cursor(*portion);
    Record record;
    size_t whole = 0, largest = 0;
    for (;;) {
      const auto more = cursor.Next(&record);
      ASSERT_TRUE(more.ok());
      if (!*more) break;
      ++whole;
      largest = std::max(largest, record.whole.size());
    }
    EXPECT_TRUE(portion->size() <= 1u << 20 || whole == 1) << portion->size();
    all.append(*portion);
  }
  EXPECT_EQ(all, Joined(records));
  EXPECT_TRUE((*reader)->Next()->empty());  // the end stays the end
}

INSTANTIATE_TEST_SUITE_P(AllCodecs, WagonFrame, ::testing::Values(Codec::kNone, Codec::kZstd, Codec::kGzip),
                         [](const auto& tested) { return std::string(CodecName(tested.param)); });

TEST(WagonFrameFormat, BeginsAndEndsAsItsPageSays) {
  const Frame frame = MakeFrame({SchemaRecord(1)});
  EXPECT_EQ(frame.bytes.substr(0, 12), std::string("SRDFWAGN\x01\0\0\0", 12));
  EXPECT_EQ(frame.bytes.substr(frame.bytes.size() - 32), frame.hash);
  Sha256 sha;
  sha.Append(std::string_view(frame.bytes).substr(0, frame.bytes.size() - 32));
  EXPECT_EQ(sha.Finish(), frame.hash);
  Sha256 schemas;
  schemas.Append(std::string_view(SchemaRecord(1)).substr(kRecordHeaderBytes));
  EXPECT_EQ(frame.header.schema_fingerprint, schemas.Finish());
}

TEST(WagonBuilder, RefusesWhatIsNotAPayload) {
  std::string end, torn = SchemaRecord(1);
  AppendRecord(RecordType::kTransactionEnd, "x", &end);
  torn.pop_back();
  std::string wide;
  AppendRecord(RecordType::kTableSchema, std::string(kSchemaBodyBytesMax + 1, 'x'), &wide);
  for (const std::string& bad : {end, torn, wide}) {
    auto builder = NewWagonBuilder({});
    EXPECT_EQ((*builder)->Append(bad).code(), StatusCode::kDataLoss);
    EXPECT_FALSE((*builder)->Append(SchemaRecord(1)).ok());  // spent
  }
}

TEST(WagonBuilder, RefusesAHeaderThatCouldNotBeReadAgain) {
  auto builder = NewWagonBuilder({});
  WagonHeader header = SomeHeader();
  header.tables[0].table = "caf\xe9";
  std::string hash;
  bool called = false;
  const auto sink = [&](std::string_view) { return called = true, Status::Ok(); };
  EXPECT_EQ((*builder)->Finish(&header, 1000, sink, &hash).code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(called);
}

TEST(WagonBuilder, AFullDiskReachesTheCallerAndTheDirectoryIsNamed) {
  WagonBuilderOptions options;
  options.codec = Codec::kNone;
  options.memory_bytes_max = 1000;
  options.spill_dir = "/nonexistent/spill";
  auto builder = NewWagonBuilder(options);
  const Status status = (*builder)->Append(RunRecord(1, 50'000, 1));
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("/nonexistent/spill"), std::string::npos);
}

TEST(WagonBuilder, CanBeFinishedOnce) {
  auto builder = NewWagonBuilder({});
  WagonHeader header = SomeHeader();
  std::string hash;
  const auto sink = [](std::string_view) { return Status::Ok(); };
  EXPECT_TRUE((*builder)->Finish(&header, 1000, sink, &hash).ok());
  EXPECT_EQ((*builder)->Finish(&header, 1000, sink, &hash).code(), StatusCode::kFailedPrecondition);
}

TEST(PeekHeader, SaysHowMuchItNeedsUntilItHasIt) {
  const Frame frame = MakeFrame(SomePayload());
  size_t needed = 0;
  EXPECT_EQ(PeekHeader("", &needed).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(needed, 16u);
  EXPECT_EQ(PeekHeader(frame.bytes.substr(0, needed), &needed).status().code(), StatusCode::kUnavailable);
  ASSERT_GT(needed, 16u);
  ASSERT_LT(needed, 1000u);
  EXPECT_EQ(PeekHeader(frame.bytes.substr(0, needed - 1)).status().code(), StatusCode::kUnavailable);
  const auto header = PeekHeader(frame.bytes.substr(0, needed));
  ASSERT_TRUE(header.ok()) << header.status().ToString();
  EXPECT_EQ(header->uid, frame.header.uid);
  EXPECT_TRUE(PeekHeader(frame.bytes).ok());
}

TEST(PeekHeader, AnotherVersionIsUnimplementedAndRubbishIsDataLoss) {
  std::string bytes = MakeFrame({}).bytes;
  bytes[8] = 2;
  EXPECT_EQ(PeekHeader(bytes).status().code(), StatusCode::kUnimplemented);
  bytes[0] = 'X';
  EXPECT_EQ(PeekHeader(bytes).status().code(), StatusCode::kDataLoss);
}

TEST(WagonReader, AnErrorOfThePiecesComesThrough) {
  const Frame frame = MakeFrame({RunRecord(1, 3'000'000, 1)});
  auto pieces = [inner = PiecesOf(frame.bytes, 100'000), left = 5]() mutable -> Result<std::string> {
    if (left-- == 0) return Status(StatusCode::kUnavailable, "inbox away");
    return inner();
  };
  EXPECT_EQ(ReadAll(pieces).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace srdf::wire
