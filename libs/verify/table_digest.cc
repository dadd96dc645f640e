#include "verify/table_digest.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace srdf::verify {

namespace {

// So often a pass looks whether it is wanted still.
constexpr uint64_t kRowsPerLook = 256;
constexpr uint64_t kRowsPerPieceMax = 8192;
constexpr int64_t kNapUsMax = 200'000;

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class StepSink : public engine::RowSink {
 public:
  StepSink(uint64_t rows_per_step, std::string after, PaceKeeper* keeper)
      : rows_per_step_(rows_per_step), after_(std::move(after)), keeper_(keeper) {}

  Status Row(ByteView key, ByteView image) override {
    digest_.Add(hasher_.Hash(image));
    if (digest_.rows == rows_per_step_) Cut(std::string(key));
    return keeper_->Row();
  }
  void Cut(std::string until) {
    parts_.push_back({{after_, until}, digest_});
    after_ = std::move(until);
    digest_ = {};
  }
  bool empty() const { return digest_.rows == 0; }
  std::vector<Part> Take() { return std::move(parts_); }

 private:
  const uint64_t rows_per_step_;
  std::string after_;
  RowDigest digest_;
  std::vector<Part> parts_;
  RowHasher hasher_;
  PaceKeeper* const keeper_;
};

class SumSink : public engine::RowSink {
 public:
  explicit SumSink(PaceKeeper* keeper) : keeper_(keeper) {}
  Status Row(ByteView, ByteView image) override {
    digest_.Add(hasher_.Hash(image));
    return keeper_->Row();
  }
  RowDigest Take() { return std::exchange(digest_, {}); }

 private:
  RowDigest digest_;
  RowHasher hasher_;
  PaceKeeper* const keeper_;
};

class BucketSink : public engine::RowSink {
 public:
  BucketSink(uint32_t buckets, const Pace& pace) : digests_(buckets), keeper_(pace) {}
  Status Row(ByteView, ByteView image) override {
    const RowHash hash = hasher_.Hash(image);
    digests_[BucketOf(hash, static_cast<uint32_t>(digests_.size()))].Add(hash);
    SRDF_RETURN_IF_ERROR(keeper_.Row());
    // One pass is one read: there is no other place to rest.
    return ++rows_ % keeper_.rows_per_piece() == 0 ? keeper_.Rest() : Status();
  }
  std::vector<RowDigest> Take() { return std::move(digests_); }

 private:
  std::vector<RowDigest> digests_;
  RowHasher hasher_;
  PaceKeeper keeper_;
  uint64_t rows_ = 0;
};

}  // namespace

PaceKeeper::PaceKeeper(const Pace& pace) : pace_(pace), started_at_us_(NowUs()) {}

Status PaceKeeper::Row() {
  if (++rows_ % kRowsPerLook != 0 || !pace_.cancelled || !pace_.cancelled()) return {};
  return {StatusCode::kCancelled, "the read is not wanted any more"};
}

Status PaceKeeper::Rest() {
  const uint64_t limit = pace_.rows_per_second_max;
  while (true) {
    if (pace_.cancelled && pace_.cancelled()) {
      return {StatusCode::kCancelled, "the read is not wanted any more"};
    }
    if (limit == 0) return {};
    const auto due_us = static_cast<int64_t>(static_cast<double>(rows_) * 1e6 / static_cast<double>(limit));
    const int64_t early_us = started_at_us_ + due_us - NowUs();
    if (early_us <= 0) return {};
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(early_us, kNapUsMax)));
  }
}

uint64_t PaceKeeper::rows_per_piece() const {
  const uint64_t limit = pace_.rows_per_second_max;
  return limit == 0 ? kRowsPerPieceMax : std::clamp<uint64_t>(limit / 8, 1, kRowsPerPieceMax);
}

Result<engine::ReadEnd> ReadInPieces(engine::Snapshot* snapshot, const TableSchema& schema,
                                     const engine::KeyRange& range, uint64_t rows_max, PaceKeeper* keeper,
                                     engine::RowSink* sink) {
  engine::KeyRange left = range;
  engine::ReadEnd all;
  while (true) {
    engine::ReadLimits limits;
    limits.rows_max = keeper->rows_per_piece();
    if (rows_max != 0) limits.rows_max = std::min(limits.rows_max, rows_max - all.rows);
    SRDF_ASSIGN_OR_RETURN(const engine::ReadEnd piece, snapshot->ReadRange(schema, left, limits, sink));
    all.rows += piece.rows;
    all.bytes += piece.bytes;
    all.complete = piece.complete;
    if (piece.rows > 0) all.last_key = piece.last_key;
    if (piece.complete || (rows_max != 0 && all.rows >= rows_max)) return all;
    if (piece.rows == 0) return Status(StatusCode::kInternal, "a read without rows and without an end");
    left.after = piece.last_key;
    SRDF_RETURN_IF_ERROR(keeper->Rest());
  }
}

Result<StepsResult> DigestSteps(engine::Snapshot* snapshot, const TableSchema& schema,
                                const engine::KeyRange& range, uint64_t rows_per_step, uint64_t rows_max,
                                const Pace& pace) {
  if (rows_per_step == 0) return Status(StatusCode::kInvalidArgument, "steps of no rows");
  const uint64_t all = rows_per_step > UINT64_MAX / kPartsMax ? UINT64_MAX : rows_per_step * (kPartsMax - 1);
  PaceKeeper keeper(pace);
  StepSink sink(rows_per_step, range.after, &keeper);
  SRDF_ASSIGN_OR_RETURN(
      const engine::ReadEnd end,
      ReadInPieces(snapshot, schema, range, rows_max == 0 ? all : std::min(rows_max, all), &keeper, &sink));
  if (end.complete) {
    sink.Cut(range.until);
  } else if (!sink.empty()) {
    sink.Cut(end.last_key);
  }
  return StepsResult{sink.Take(), end.complete};
}

Result<std::vector<Part>> DigestRanges(engine::Snapshot* snapshot, const TableSchema& schema,
                                       const std::vector<engine::KeyRange>& ranges, const Pace& pace) {
  PaceKeeper keeper(pace);
  SumSink sink(&keeper);
  std::vector<Part> parts;
  parts.reserve(ranges.size());
  for (const engine::KeyRange& range : ranges) {
    SRDF_RETURN_IF_ERROR(ReadInPieces(snapshot, schema, range, 0, &keeper, &sink).status());
    parts.push_back({range, sink.Take()});
    SRDF_RETURN_IF_ERROR(keeper.Rest());
  }
  return parts;
}

Result<std::vector<RowDigest>> DigestBuckets(engine::Snapshot* snapshot, const TableSchema& schema,
                                             uint32_t buckets, const Pace& pace) {
  if (buckets == 0 || buckets > kBucketsMax) {
    return Status(StatusCode::kInvalidArgument, "a table has 1 to 65536 buckets");
  }
  BucketSink sink(buckets, pace);
  SRDF_ASSIGN_OR_RETURN(const engine::ReadEnd end, snapshot->ReadRange(schema, {}, {}, &sink));
  if (!end.complete) return Status(StatusCode::kInternal, "a read without a limit has ended before its end");
  return sink.Take();
}

std::string SchemaDigest(const TableSchema& schema) {
  std::string text;
  ByteWriter writer(&text);
  writer.U8(1);  // version of this encoding
  writer.Varint(schema.columns.size());
  for (const Column& column : schema.columns) {
    writer.Blob(column.name);
    writer.U8(column.type);
    writer.U16(column.type_meta);
    writer.U8(static_cast<uint8_t>((column.is_unsigned ? 1 : 0) | (column.generated ? 2 : 0)));
    writer.U16(column.collation);
    writer.Varint(column.labels.size());
    for (const std::string& label : column.labels) writer.Blob(label);
  }
  writer.Varint(schema.key_columns.size());
  for (const uint16_t ordinal : schema.key_columns) writer.U16(ordinal);
  return HashBytes(RowHasher().Hash(text));
}

}  // namespace srdf::verify
