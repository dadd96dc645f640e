// Taking a wagon in: its row is there from BeginWagon on, with status receiving, and its chunks are kept over
// broken connections and restarts. Only Accept is synced to disk: what a power failure takes from a wagon
// that was not accepted yet is sent again. A wagon of one chunk has no such time: AcceptWhole is all of it.
#include <fmt/format.h>

#include <limits>

#include "store/inbox_sqlite.h"

namespace srdf::store {

Status CheckFits(const std::optional<InboxFlowRow>& flow, const WagonHeader& h) {
  if (!flow || !flow->tip_known) {
    return {StatusCode::kAborted,
            fmt::format("flow {}: the inbox does not know where the flow starts", h.flow),
            "wait until the applier has told its checkpoint"};
  }
  const ChainTip& tip = flow->tip;
  if (h.epoch == tip.epoch && h.sequence == tip.sequence + 1 && h.previous_hash == tip.hash)
    return Status::Ok();
  return {
      StatusCode::kAborted,
      fmt::format(
          "flow {}: wagon {} of epoch {} (after hash {}) does not follow the inbox's tip, wagon {} of epoch "
          "{} (hash {})",
          h.flow, h.sequence, h.epoch, ToHex(h.previous_hash).substr(0, 16), tip.sequence, tip.epoch,
          ToHex(tip.hash).substr(0, 16)),
      "open the stream again and go on from the tip it tells"};
}

std::optional<PartialRow> ReadPartial(Connection& c, const std::string& flow) {
  Query q(c,
          "SELECT wagon_id, epoch, sequence, uid, hash, chunk_count, frame_bytes"
          " FROM wagon INDEXED BY wagon_receiving WHERE flow = ? AND status = 'receiving'",
          flow);
  if (!q.Step()) return std::nullopt;
  PartialRow row;
  row.wagon_id = q.I64(0);
  row.epoch = q.U64(1);
  row.wagon = {q.U64(2), q.Text(3), FromHex(q.Text(4)), static_cast<uint32_t>(q.U64(5))};
  row.bytes = q.U64(6);
  return row;
}

void DropPartialRow(Connection& c, const PartialRow& partial) {
  DeleteChunks(c, partial.wagon_id, std::numeric_limits<uint32_t>::max());
  Query(c, "DELETE FROM wagon WHERE wagon_id = ?", partial.wagon_id).Run();
}

Result<PartialWagon> SqliteInbox::GetPartial(const std::string& flow) {
  return db_->Read([&](Connection& c) -> Result<PartialWagon> {
    const auto partial = ReadPartial(c, flow);
    return partial ? partial->wagon : PartialWagon();
  });
}

Status SqliteInbox::BeginWagon(const std::string& flow, uint64_t sequence, const std::string& uid,
                               const std::string& hash) {
  SRDF_RETURN_IF_ERROR(db_->Admit());
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
    const auto partial = ReadPartial(c, flow);
    if (partial && partial->wagon.sequence == sequence && partial->wagon.uid == uid &&
        partial->wagon.hash == hash) {
      return Status::Ok();
    }
    EnsureInboxFlow(c, flow);
    const InboxFlowRow row = *ReadInboxFlow(c, flow);
    if (row.tip_known && sequence <= row.tip.sequence) {
      return {StatusCode::kAlreadyExists, fmt::format("flow {}: wagon {} came, the inbox has all up to {}",
                                                      flow, sequence, row.tip.sequence)};
    }
    if (partial) DropPartialRow(c, *partial);
    WagonRow wagon;
    wagon.wagon_id = NextWagonId(c);
    wagon.header.flow = flow;
    wagon.header.epoch = row.tip.epoch;
    wagon.header.sequence = sequence;
    wagon.header.uid = uid;
    wagon.hash = hash;
    wagon.stored_at_ms = NowMs();
    InsertWagon(c, wagon);
    Query(c, "UPDATE wagon SET status = 'receiving' WHERE wagon_id = ?", wagon.wagon_id).Run();
    return Status::Ok();
  });
}

Status SqliteInbox::AppendChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no,
                                std::string_view bytes) {
  SRDF_RETURN_IF_ERROR(db_->Admit());
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
    const auto partial = ReadPartial(c, flow);
    if (!partial || partial->wagon.sequence != sequence) {
      return {StatusCode::kAborted, fmt::format("flow {}: wagon {} is not being received", flow, sequence),
              "begin the wagon again"};
    }
    if (chunk_no < partial->wagon.chunks) return Status::Ok();
    if (chunk_no > partial->wagon.chunks) {
      return {StatusCode::kAborted,
              fmt::format("flow {}: chunk {} of wagon {} came, chunk {} is missing", flow, chunk_no, sequence,
                          partial->wagon.chunks),
              "go on with the missing chunk"};
    }
    InsertChunk(c, partial->wagon_id, chunk_no, bytes);
    Query(c,
          "UPDATE wagon SET chunk_count = chunk_count + 1, frame_bytes = frame_bytes + ? WHERE wagon_id = ?",
          bytes.size(), partial->wagon_id)
        .Run();
    return Status::Ok();
  });
}

namespace {

// The flow's tip from now on.
void InsertAccepted(Connection& c, int64_t wagon_id, const WagonHeader& header, const std::string& hash,
                    uint64_t frame_bytes, uint32_t chunks) {
  WagonRow row;
  row.wagon_id = wagon_id;
  row.header = header;
  row.hash = hash;
  row.frame_bytes = frame_bytes;
  row.chunk_count = chunks;
  row.stored_at_ms = NowMs();
  InsertWagon(c, row);
  Query(c, "INSERT INTO ack (wagon_id, result, at_ms) VALUES (?, 'accepted', ?)", wagon_id, row.stored_at_ms)
      .Run();
  SetInboxTip(c, header.flow, {header.epoch, header.sequence, header.uid, hash, header.last});
}

}  // namespace

Status SqliteInbox::Accept(const WagonHeader& header, const std::string& hash) {
  const std::string& flow = header.flow;
  return WriteFlow(Durability::kDisk, flow, [&](Connection& c) -> Status {
    SRDF_RETURN_IF_ERROR(CheckFits(ReadInboxFlow(c, flow), header));
    const auto partial = ReadPartial(c, flow);
    if (!partial || partial->wagon.sequence != header.sequence || partial->wagon.uid != header.uid ||
        partial->wagon.hash != hash || partial->wagon.chunks == 0) {
      return {StatusCode::kAborted,
              fmt::format("flow {}: wagon {} ({}) is not the one being received", flow, header.sequence,
                          header.uid),
              "begin the wagon again"};
    }
    // The row begun by BeginWagon is replaced whole; its chunks carry the same id and stay.
    Query(c, "DELETE FROM wagon WHERE wagon_id = ?", partial->wagon_id).Run();
    InsertAccepted(c, partial->wagon_id, header, hash, partial->bytes, partial->wagon.chunks);
    return Status::Ok();
  });
}

Status SqliteInbox::AcceptWhole(const WagonHeader& header, const std::string& hash, std::string_view frame) {
  SRDF_RETURN_IF_ERROR(db_->Admit());
  return WriteFlow(Durability::kDisk, header.flow, [&](Connection& c) -> Status {
    SRDF_RETURN_IF_ERROR(CheckFits(ReadInboxFlow(c, header.flow), header));
    if (const auto partial = ReadPartial(c, header.flow)) DropPartialRow(c, *partial);
    const int64_t wagon_id = NextWagonId(c);
    InsertChunk(c, wagon_id, 0, frame);
    InsertAccepted(c, wagon_id, header, hash, frame.size(), 1);
    return Status::Ok();
  });
}

// Not synced: what a power failure brings back of it is verified before it is gone on with.
Status SqliteInbox::DropPartial(const std::string& flow) {
  return db_->Write(Durability::kProcess, [&](Connection& c) {
    if (const auto partial = ReadPartial(c, flow)) DropPartialRow(c, *partial);
    return Status::Ok();
  });
}

Status SqliteInbox::TruncatePartial(const std::string& flow, uint32_t chunks) {
  return db_->Write(Durability::kProcess, [&](Connection& c) {
    const auto partial = ReadPartial(c, flow);
    if (!partial || partial->wagon.chunks <= chunks) return Status::Ok();
    Query(c, "DELETE FROM wagon_chunk WHERE wagon_id = ? AND chunk_no >= ?", partial->wagon_id, chunks).Run();
    Query(c,
          "UPDATE wagon SET chunk_count = ?1, frame_bytes ="
          " (SELECT ifnull(sum(length(data)), 0) FROM wagon_chunk WHERE wagon_id = ?2) WHERE wagon_id = ?2",
          chunks, partial->wagon_id)
        .Run();
    return Status::Ok();
  });
}

}  // namespace srdf::store
