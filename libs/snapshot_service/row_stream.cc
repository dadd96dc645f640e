#include "snapshot_service/row_stream.h"

#include <algorithm>

namespace srdf::snapshot_service {

namespace {

constexpr size_t kMessageBytes = 512u << 10;
constexpr int kMessageRows = 4096;
constexpr int kKeysPerRead = 1000;
constexpr size_t kRowOverheadBytes = 32;

}  // namespace

class RowStream::Sink : public engine::RowSink {
 public:
  explicit Sink(RowStream* stream) : stream_(stream) {}
  Status Row(ByteView key, ByteView image) override { return stream_->Add(key, image); }

 private:
  RowStream* const stream_;
};

RowStream::RowStream(const snapshot::v1::ReadRowsRequest* request, const verify::Pace* pace, Write write)
    : request_(request), write_(std::move(write)), keeper_(*pace), wanted_buckets_(request->buckets()) {
  for (const uint32_t bucket : request->bucket()) {
    if (bucket < wanted_buckets_.size()) wanted_buckets_[bucket] = true;
  }
}

Status RowStream::Run(engine::Snapshot* snapshot, const TableSchema& schema) {
  EncodeTableSchema(schema, message_.mutable_schema());
  Sink sink(this);
  for (const snapshot::v1::Range& range : request_->ranges()) {
    if (Full()) break;
    const uint64_t left = request_->rows_max() == 0 ? 0 : request_->rows_max() - rows_;
    const auto end =
        verify::ReadInPieces(snapshot, schema, {range.after(), range.until()}, left, &keeper_, &sink);
    if (!end.ok()) return end.status();
    SRDF_RETURN_IF_ERROR(keeper_.Rest());
  }
  for (int i = 0; i < request_->keys_size() && !Full(); i += kKeysPerRead) {
    const auto begin = request_->keys().begin() + i;
    const std::vector<std::string> keys(begin, begin + std::min(kKeysPerRead, request_->keys_size() - i));
    const auto end = snapshot->ReadKeys(schema, keys, &sink);
    if (!end.ok()) return end.status();
    SRDF_RETURN_IF_ERROR(keeper_.Rest());
  }
  if (request_->buckets() != 0) {
    const auto end = snapshot->ReadRange(schema, {}, {}, &sink);
    if (!end.ok()) return end.status();
  }
  return Flush();
}

Status RowStream::Add(ByteView key, ByteView image) {
  SRDF_RETURN_IF_ERROR(keeper_.Row());
  // A pass over a table without a key is one read: there is no other place to rest.
  if (!wanted_buckets_.empty() && ++passed_ % keeper_.rows_per_piece() == 0) {
    SRDF_RETURN_IF_ERROR(keeper_.Rest());
  }
  const verify::RowHash hash = hasher_.Hash(image);
  if (!wanted_buckets_.empty() &&
      !wanted_buckets_[verify::BucketOf(hash, static_cast<uint32_t>(wanted_buckets_.size()))]) {
    return {};
  }
  if (Full()) return {};
  ++rows_;
  snapshot::v1::RowEntry* row = message_.add_rows();
  row->set_key(key.data(), key.size());
  row->set_hash(verify::HashBytes(hash));
  if (request_->with_images()) row->set_image(image.data(), image.size());
  message_bytes_ += key.size() + row->image().size() + kRowOverheadBytes;
  if (message_bytes_ < kMessageBytes && message_.rows_size() < kMessageRows) return {};
  return Flush();
}

Status RowStream::Flush() {
  if (message_.rows().empty() && message_.schema().empty()) return {};
  if (!write_(message_)) return {StatusCode::kCancelled, "the client is gone"};
  message_.Clear();
  message_bytes_ = 0;
  return {};
}

}  // namespace srdf::snapshot_service
