// Wagons as the sealer makes them, merged: the frames that come out are read like any other.
#include "batcher/wagon_merger.h"

#include <gtest/gtest.h>

#include "batcher/shipper_client.h"
#include "model/mark.h"
#include "wire/wagon_frame.h"

namespace srdf::batcher {
namespace {

constexpr uint8_t kIntColumn = 3;  // MariaDB: MYSQL_TYPE_LONG

SchemaPtr Accounts() {
  auto schema = std::make_shared<TableSchema>();
  schema->table_ref = 1;
  schema->database = "shop";
  schema->table = "accounts";
  schema->columns.resize(2);
  for (Column& column : schema->columns) column.type = kIntColumn;
  schema->key_kind = KeyKind::kPrimary;
  schema->key_columns = {0};
  return schema;
}

std::string Image(uint32_t id, uint32_t value) {
  std::string image(1, '\0');  // no NULLs
  ByteWriter w(&image);
  w.U32(id);
  w.U32(value);
  return image;
}

// Keeps whole frames.
class MemoryStore : public StoreSession {
 public:
  MemoryStore() {
    tip_.hash = ZeroHash();
    tip_.position = {"0-1-100", "bin.000001", 4};
  }
  const ChainTip& tip() const override { return tip_; }
  Status Send(std::string_view piece, bool last) override {
    frame_.append(piece);
    if (last) frames.push_back(std::move(frame_));
    return {};
  }
  Result<ChainTip> WaitStored() override {
    const auto verifier = wire::NewFrameVerifier();
    SRDF_RETURN_IF_ERROR(verifier->Append(frames.back()));
    WagonHeader header;
    SRDF_RETURN_IF_ERROR(verifier->Finish(&header, &tip_.hash));
    tip_.sequence = header.sequence;
    tip_.uid = header.uid;
    tip_.position = header.last;
    headers.push_back(header);
    return tip_;
  }
  void Cancel() override {}

  std::vector<std::string> frames;
  std::vector<WagonHeader> headers;

 private:
  ChainTip tip_;
  std::string frame_;
};

class WagonMergerTest : public ::testing::Test {
 protected:
  WagonMergerTest() : start_(store_.tip()), sealer_(Options(), &store_) {}

  static SealerOptions Options() {
    SealerOptions options;
    options.flow = "shop";
    options.spill_dir = "/tmp";
    return options;
  }

  // One transaction: account 1 goes from `from` to `to`.
  void SealUpdate(uint32_t from, uint32_t to) {
    const std::string full = "\x03";
    RowRunHeader header;
    header.table_ref = 1;
    header.op = RowOp::kUpdate;
    header.bitmap_before = header.bitmap_after = full;
    auto record = std::make_shared<std::string>();
    RowRunWriter writer(record.get());
    writer.Begin(header);
    const std::string before = Image(1, from), after = Image(1, to), key = before.substr(1, 4);
    writer.Add({0, key, {}, before, after});
    writer.End();
    Group group;
    group.part.schemas = {Accounts()};
    group.part.changes = {{RecordType::kRowRun, std::string_view(*record).substr(kRecordHeaderBytes)}};
    group.part.buffers = {record};
    Seal(std::move(group));
  }
  void SealStatement(const std::string& body) {
    Group group;
    group.part.statements = {body};
    group.counts.statements = 1;
    Seal(std::move(group));
  }

  // Two ranges of a copy: accounts 2 and 1, then none.
  void SealCopy(const std::string& copy) {
    auto record = std::make_shared<std::string>();
    RowRunWriter writer(record.get());
    RowRunHeader header;
    header.table_ref = 1;
    header.op = RowOp::kInsert;
    header.flags = kRunInPlace | kRunNoForeignKeyChecks;
    header.bitmap_after = "\x03";
    writer.Begin(header);
    for (const uint32_t id : {2u, 1u}) writer.Add({0, "key", {}, {}, Image(id, 7)});
    writer.End();
    auto ranges = std::make_shared<std::string>();
    EncodeRangeCopy({1, RangeCopyKind::kRange, "", "m", 0}, ranges.get());
    const size_t second = ranges->size();
    EncodeRangeCopy({1, RangeCopyKind::kRange, "m", "", 0}, ranges.get());
    Group group;
    group.part.schemas = {Accounts()};
    group.part.changes = {{RecordType::kRangeCopy, std::string_view(*ranges).substr(0, second)},
                          {RecordType::kRowRun, std::string_view(*record).substr(kRecordHeaderBytes)},
                          {RecordType::kRangeCopy, std::string_view(*ranges).substr(second)}};
    group.part.buffers = {record, ranges};
    group.reason = SealReason::kCopy;
    group.end.last.copy = copy;
    Seal(std::move(group));
  }

  FrameOpener Opener(size_t first = 0) {
    return [this, next = first]() mutable -> Result<wire::FramePieces> {
      return wire::FramePieces([frame = store_.frames.at(next++), given = false]() mutable {
        return Result<std::string>(std::exchange(given, true) ? std::string() : frame);
      });
    };
  }
  wire::FrameSink Sink() {
    return [this](std::string_view piece) { return made_.append(piece), Status(); };
  }
  // The records of the frame made last, after a check of its hash.
  std::string Payload(const WagonHeader& header, const std::string& hash) {
    const auto verifier = wire::NewFrameVerifier();
    EXPECT_TRUE(verifier->Append(made_).ok());
    WagonHeader read;
    std::string read_hash;
    EXPECT_TRUE(verifier->Finish(&read, &read_hash).ok());
    EXPECT_EQ(read_hash, hash);
    EXPECT_EQ(read.uid, header.uid);
    const auto reader = wire::WagonReader::Open([frame = made_, given = false]() mutable {
      return Result<std::string>(std::exchange(given, true) ? std::string() : frame);
    });
    std::string records;
    for (;;) {
      const auto next = (*reader)->Next();
      EXPECT_TRUE(next.ok()) << next.status().ToString();
      if (!next.ok() || next->empty()) return records;
      records.append(*next);
    }
  }

  MemoryStore store_;
  const ChainTip start_;
  Sealer sealer_;
  std::string made_;

 private:
  void Seal(Group group) {
    const uint64_t n = ++transactions_;
    const std::string copy = group.end.last.copy;
    if (group.reason == SealReason::kUnknown) {
      group.reason = SealReason::kOnCommit;
      group.counts.transactions = 1;
    }
    group.counts.source_bytes = 300;
    group.first_gtid = group.end.last_gtid = "0-1-" + std::to_string(100 + n);
    group.end.last = {group.first_gtid, "bin.000001", 4 + 300 * n, copy};
    group.commit_time_first_ms = group.end.commit_time_last_ms = static_cast<int64_t>(1000 * n);
    group.opened_at_ms = 5;
    const auto sealed = sealer_.Seal(std::move(group), {});
    ASSERT_TRUE(sealed.ok()) << sealed.status().ToString();
  }
  uint64_t transactions_ = 0;
};

TEST_F(WagonMergerTest, ManyUpdatesOfOneRowBecomeOneWagonWithOneUpdate) {
  constexpr uint32_t kWagons = 200;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < kWagons; ++i) SealUpdate(i, i + 1);
  for (const std::string& frame : store_.frames) bytes += frame.size();
  std::string hash;
  const auto header = MergeWagons(Options(), start_, kWagons, Opener(), Sink(), &hash);
  ASSERT_TRUE(header.ok()) << header.status().ToString();
  EXPECT_EQ(header->sequence, 1u);
  EXPECT_EQ(header->previous_hash, ZeroHash());
  EXPECT_EQ(header->first, start_.position);
  EXPECT_EQ(header->last, store_.tip().position);
  EXPECT_EQ(header->seal_reason, SealReason::kMerged);
  EXPECT_EQ(header->transactions, kWagons);
  EXPECT_EQ(header->rows_before, kWagons);
  EXPECT_EQ(header->rows_after, 1u);
  EXPECT_EQ(header->source_bytes, 300u * kWagons);
  EXPECT_EQ(header->first_gtid, "0-1-101");
  EXPECT_EQ(header->last_gtid, "0-1-300");
  EXPECT_EQ(header->commit_time_first_ms, 1000);
  EXPECT_EQ(header->commit_time_last_ms, 200'000);
  ASSERT_EQ(header->tables.size(), 1u);
  EXPECT_EQ(header->tables[0].updates_before, kWagons);
  EXPECT_EQ(header->tables[0].updates_after, 1u);

  const std::string payload = Payload(*header, hash);
  RecordCursor cursor(payload);
  Record record;
  ASSERT_TRUE(*cursor.Next(&record));
  EXPECT_EQ(record.type, RecordType::kTableSchema);
  ASSERT_TRUE(*cursor.Next(&record));
  auto run = RowRunReader::Open(record.body);
  Row row;
  ASSERT_TRUE(*run->Next(&row));
  EXPECT_EQ(row.after, Image(1, kWagons));
  EXPECT_FALSE(*cursor.Next(&record));
  std::cout << kWagons << " wagons of " << bytes << " bytes became one of " << made_.size() << std::endl;
  EXPECT_LT(made_.size(), bytes / 50);
}

TEST_F(WagonMergerTest, AReframedWagonHoldsTheSameRecordsInItsNewPlace) {
  SealUpdate(1, 2);
  SealStatement("ALTER TABLE …");
  ChainTip place = start_;
  place.sequence = 7;
  place.hash = std::string(32, 'h');
  place.position = store_.headers[0].last;
  std::string hash;
  const auto header = ReframeWagon(Options(), place, Opener(1), Sink(), &hash);
  ASSERT_TRUE(header.ok()) << header.status().ToString();
  EXPECT_EQ(header->sequence, 8u);
  EXPECT_EQ(header->previous_hash, place.hash);
  EXPECT_EQ(header->statements, 1u);
  EXPECT_EQ(header->seal_reason, SealReason::kOnCommit);
  EXPECT_NE(header->uid, store_.headers[1].uid);
  std::string expected;
  AppendRecord(RecordType::kStatement, "ALTER TABLE …", &expected);
  EXPECT_EQ(Payload(*header, hash), expected);
}

TEST_F(WagonMergerTest, RowsOfACopyAreSealedAsTheyCameMergedWithNothingAndReframedAsTheyAre) {
  SealCopy("state");
  SealUpdate(1, 2);
  const WagonHeader& copy = store_.headers[0];
  EXPECT_EQ(copy.seal_reason, SealReason::kCopy);
  EXPECT_EQ(copy.transactions, 0u);
  EXPECT_EQ(copy.first.copy, "");
  EXPECT_EQ(copy.last.copy, "state");
  EXPECT_EQ(store_.headers[1].first.copy, "state");
  ASSERT_EQ(copy.tables.size(), 1u);
  EXPECT_EQ(copy.tables[0].inserts_before, 2u);
  EXPECT_EQ(copy.tables[0].inserts_after, 2u);

  std::string hash;
  EXPECT_EQ(MergeWagons(Options(), start_, 2, Opener(), Sink(), &hash).status().code(),
            StatusCode::kFailedPrecondition);
  made_.clear();
  const auto header = ReframeWagon(Options(), start_, Opener(), Sink(), &hash);
  ASSERT_TRUE(header.ok()) << header.status().ToString();
  EXPECT_EQ(header->first, copy.first);
  EXPECT_EQ(header->last, copy.last);
  EXPECT_EQ(header->seal_reason, SealReason::kCopy);
  const std::string payload = Payload(*header, hash);
  RecordCursor cursor(payload);
  Record record;
  std::vector<RecordType> types;
  while (*cursor.Next(&record)) {
    types.push_back(record.type);
    if (record.type != RecordType::kRowRun) continue;
    auto run = RowRunReader::Open(record.body);
    EXPECT_EQ(run->header().flags, kRunInPlace | kRunNoForeignKeyChecks);
    Row row;
    ASSERT_TRUE(*run->Next(&row));
    EXPECT_EQ(row.after, Image(2, 7)) << "in the order in which they came";
    EXPECT_EQ(row.key, "");
  }
  using enum RecordType;
  EXPECT_EQ(types, (std::vector<RecordType>{kTableSchema, kRangeCopy, kRowRun, kRangeCopy}));
}

TEST_F(WagonMergerTest, WagonsOfDifferentPlacesOfACopyDoNotFollowEachOther) {
  SealCopy("state");
  SealUpdate(1, 2);
  ChainTip place = start_;
  place.position = store_.headers[0].last;
  place.position.copy = "another";
  std::string hash;
  EXPECT_EQ(ReframeWagon(Options(), place, Opener(1), Sink(), &hash).status().code(), StatusCode::kDataLoss);
}

TEST_F(WagonMergerTest, WagonsThatDoNotFollowEachOtherAreNotMerged) {
  for (uint32_t i = 0; i < 3; ++i) SealUpdate(i, i + 1);
  std::string hash;
  EXPECT_EQ(MergeWagons(Options(), start_, 2, Opener(1), Sink(), &hash).status().code(),
            StatusCode::kDataLoss);
}

TEST_F(WagonMergerTest, ADamagedWagonIsAnErrorAndAStatementIsNeverMerged) {
  SealUpdate(1, 2);
  SealStatement("ALTER TABLE …");
  std::string hash;
  EXPECT_EQ(MergeWagons(Options(), start_, 2, Opener(), Sink(), &hash).status().code(),
            StatusCode::kFailedPrecondition);
  store_.frames[0].resize(store_.frames[0].size() - 40);
  EXPECT_FALSE(MergeWagons(Options(), start_, 1, Opener(), Sink(), &hash).ok());
}

// Nothing but the frame's hash tells a bit that has turned in a row, where neither codec nor encryption does.
TEST_F(WagonMergerTest, ABitThatTurnedInTheOutboxIsNotGivenARightHashByAMerge) {
  constexpr uint32_t kValue = 0xA1B2C3D4;
  SealUpdate(1, kValue);
  SealerOptions plain = Options();
  plain.codec = Codec::kNone;
  std::string hash;
  ASSERT_TRUE(ReframeWagon(plain, start_, Opener(), Sink(), &hash).ok());
  const size_t at = made_.find("\xD4\xC3\xB2\xA1");
  ASSERT_NE(at, std::string::npos);
  store_.frames[0] = std::exchange(made_, {});
  ASSERT_TRUE(MergeWagons(plain, start_, 1, Opener(), Sink(), &hash).ok());
  store_.frames[0][at] ^= 1;
  EXPECT_EQ(MergeWagons(plain, start_, 1, Opener(), Sink(), &hash).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(ReframeWagon(plain, start_, Opener(), Sink(), &hash).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace srdf::batcher
