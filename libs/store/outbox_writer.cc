// Storing a wagon. One that fits a chunk is a single transaction; a larger one goes to disk in several, whose
// chunks belong to no wagon row, and so to no reader, until Commit.
#include <fmt/format.h>

#include <algorithm>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

constexpr size_t kFlushBytes = 4 * kChunkBytes;  // bounds what a writer holds, and one transaction's log
constexpr uint32_t kChunksPerRemoval = 16;

class SqliteWagonWriter final : public WagonWriter {
 public:
  SqliteWagonWriter(QueueDatabase* db, std::string flow, int64_t wagon_id)
      : db_(db), flow_(std::move(flow)), wagon_id_(wagon_id), generation_(db->generation()) {}

  ~SqliteWagonWriter() override {
    if (committed_ || chunks_flushed_ == 0) return;
    // What cannot be removed now (a full disk) is a stray that the next Open removes; no reader sees it.
    bool emptied = false;
    while (!emptied) {
      const Status removed = db_->Write(Durability::kProcess, [&](Connection& c) {
        emptied = DeleteChunks(c, wagon_id_, kChunksPerRemoval);
        return Status::Ok();
      });
      if (!removed.ok()) return;
    }
  }

  Status Append(std::string_view bytes) override {
    if (committed_) return {StatusCode::kInternal, "Append after Commit"};
    while (failed_.ok() && !bytes.empty()) {
      // Flushed only when more comes, so that the last chunks share Commit's transaction.
      if (buffer_.size() == kFlushBytes) {
        failed_ = Flush();
        continue;
      }
      const size_t n = std::min(bytes.size(), kFlushBytes - buffer_.size());
      buffer_.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
    }
    return failed_;
  }

  using WagonWriter::Commit;
  Status Commit(const WagonHeader& header, const std::string& hash, const AttemptStart* begun) override;

 private:
  void InsertDelivery(Connection& c, const WagonRow& row, const AttemptStart* begun) const;
  Status Flush() {
    SRDF_RETURN_IF_ERROR(db_->Admit());
    const Status written = db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
      SRDF_RETURN_IF_ERROR(CheckGeneration());
      InsertBuffered(c);
      return Status::Ok();
    });
    SRDF_RETURN_IF_ERROR(written);
    chunks_flushed_ += BufferedChunks();
    bytes_flushed_ += buffer_.size();
    buffer_.clear();
    SRDF_FAILPOINT("store.after_flush");
    return Status::Ok();
  }

  // With the database's writer locked: pieces that were not synced may be gone.
  Status CheckGeneration() const {
    if (db_->generation() == generation_) return Status::Ok();
    return {StatusCode::kAborted, "the outbox was opened again after an I/O error",
            "open the stream again and resume from the position it tells"};
  }

  uint32_t BufferedChunks() const {
    return static_cast<uint32_t>((buffer_.size() + kChunkBytes - 1) / kChunkBytes);
  }

  void InsertBuffered(Connection& c) {
    const std::string_view all = buffer_;
    uint32_t chunk_no = chunks_flushed_;
    for (size_t at = 0; at < all.size(); at += kChunkBytes) {
      InsertChunk(c, wagon_id_, chunk_no++, all.substr(at, kChunkBytes));
    }
  }

  QueueDatabase* const db_;
  const std::string flow_;
  const int64_t wagon_id_;
  const uint64_t generation_;
  std::string buffer_;
  uint32_t chunks_flushed_ = 0;
  uint64_t bytes_flushed_ = 0;
  Status failed_;  // a frame with a hole in it can only be thrown away
  bool committed_ = false;
};

Status CheckFits(const std::string& flow, const std::optional<OutboxFlowRow>& row,
                 const WagonHeader& header) {
  if (header.flow != flow) {
    return {StatusCode::kInvalidArgument,
            fmt::format("a wagon of flow {} came for flow {}", header.flow, flow)};
  }
  if (!row || !row->initialised) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("flow {}: the outbox does not know its starting point", flow),
            "wait until the destination has told its checkpoint"};
  }
  const ChainTip& tip = row->tip;
  if (header.epoch != tip.epoch || header.sequence != tip.sequence + 1 || header.previous_hash != tip.hash) {
    return {StatusCode::kAborted,
            fmt::format(
                "flow {}: wagon {} of epoch {} (after hash {}) does not follow the outbox's tip, wagon {} of "
                "epoch {} (hash {})",
                flow, header.sequence, header.epoch, ToHex(header.previous_hash).substr(0, 16), tip.sequence,
                tip.epoch, ToHex(tip.hash).substr(0, 16)),
            "open the stream again and resume from the position it tells"};
  }
  return Status::Ok();
}

void AddToFlow(Connection& c, const WagonHeader& h, const std::string& hash) {
  Query(c,
        "UPDATE flow SET tip_sequence = ?, tip_uid = ?, tip_hash = ?, tip_gtid = ?, tip_file = ?, tip_offset "
        "= ?, tip_copy = ?,"
        " total_wagons = total_wagons + 1, total_transactions = total_transactions + ?,"
        " total_rows_before = total_rows_before + ?, total_rows_after = total_rows_after + ?,"
        " total_statements = total_statements + ?, total_source_bytes = total_source_bytes + ?,"
        " total_bytes_before = total_bytes_before + ?, total_payload_raw_bytes = total_payload_raw_bytes + ?,"
        " total_payload_compressed_bytes = total_payload_compressed_bytes + ? WHERE flow = ?",
        h.sequence, h.uid, ToHex(hash), h.last.gtid, h.last.file, h.last.offset, Blob{h.last.copy},
        h.transactions, h.rows_before, h.rows_after, h.statements, h.source_bytes, h.bytes_before,
        h.payload_raw_bytes, h.payload_compressed_bytes, h.flow)
      .Run();
}

void SqliteWagonWriter::InsertDelivery(Connection& c, const WagonRow& row, const AttemptStart* begun) const {
  DeliveryStatus status = DeliveryStatus::kSealed;
  if (begun != nullptr) status = StepFor(DeliveryEvent::kSendBegun, status, false).to.value_or(status);
  Query(c,
        "INSERT INTO delivery (wagon_id, destination, flow, epoch, sequence, frame_bytes, status, attempts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        wagon_id_, kDestination, flow_, row.header.epoch, row.header.sequence, row.frame_bytes,
        DeliveryStatusName(status), begun == nullptr ? 0 : 1)
      .Run();
  if (begun == nullptr) return;
  Query(c,
        "INSERT INTO delivery_attempt (wagon_id, destination, attempt, started_at_ms, where_to, first_chunk)"
        " VALUES (?, ?, 1, ?, ?, ?)",
        wagon_id_, kDestination, row.stored_at_ms, begun->where_to, begun->first_chunk)
      .Run();
}

Status SqliteWagonWriter::Commit(const WagonHeader& header, const std::string& hash,
                                 const AttemptStart* begun) {
  if (committed_) return {StatusCode::kInternal, "Commit after Commit"};
  SRDF_RETURN_IF_ERROR(failed_);
  if (buffer_.empty())
    return {StatusCode::kInvalidArgument, fmt::format("flow {}: an empty wagon frame", flow_)};
  SRDF_RETURN_IF_ERROR(db_->Admit());
  const Status stored = db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    SRDF_RETURN_IF_ERROR(CheckGeneration());
    SRDF_RETURN_IF_ERROR(CheckFits(flow_, ReadOutboxFlow(c, flow_), header));
    WagonRow row;
    row.wagon_id = wagon_id_;
    row.header = header;
    row.hash = hash;
    row.frame_bytes = bytes_flushed_ + buffer_.size();
    row.chunk_count = chunks_flushed_ + BufferedChunks();
    row.stored_at_ms = NowMs();
    InsertBuffered(c);
    InsertWagon(c, row);
    InsertDelivery(c, row, begun);
    AddToFlow(c, header, hash);
    return Status::Ok();
  });
  SRDF_RETURN_IF_ERROR(stored);
  committed_ = true;
  buffer_ = {};
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<WagonWriter>> SqliteOutbox::NewWagon(const std::string& flow) {
  return std::unique_ptr<WagonWriter>(std::make_unique<SqliteWagonWriter>(db_.get(), flow, next_wagon_id_++));
}

}  // namespace srdf::store
