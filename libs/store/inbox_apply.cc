// Giving wagons to the applier in order, and recording what became of them.
#include <fmt/format.h>

#include <algorithm>

#include "store/inbox_sqlite.h"
#include "store/sqlite_status.h"

namespace srdf::store {

void MarkAppliedUpTo(Connection& c, const std::string& flow, uint64_t epoch, uint64_t sequence) {
  const InboxFlowRow row = *ReadInboxFlow(c, flow);
  const int64_t now = NowMs();
  const uint64_t after = row.applied_epoch == epoch ? row.applied_sequence : 0;
  Query(
      c,
      "INSERT INTO ack (wagon_id, result, at_ms) SELECT wagon_id, 'applied', ? FROM wagon"
      " WHERE flow = ? AND epoch = ? AND sequence > ? AND sequence <= ? AND status IN ('accepted', 'failed')",
      now, flow, epoch, after, sequence)
      .Run();
  Query(
      c,
      "UPDATE wagon SET status = 'applied', applied_at_ms = ?, error = ''"
      " WHERE flow = ? AND epoch = ? AND sequence > ? AND sequence <= ? AND status IN ('accepted', 'failed')",
      now, flow, epoch, after, sequence)
      .Run();
  Query(c,
        "UPDATE wagon SET applied_at_ms = ? WHERE flow = ? AND epoch = ? AND sequence > ? AND sequence <= ?"
        " AND status = 'skipped' AND applied_at_ms = 0",
        now, flow, epoch, after, sequence)
      .Run();
  const bool cleared = row.failed_sequence <= sequence;
  Query(
      c,
      "UPDATE flow SET applied_epoch = ?, applied_sequence = max(?, ?), failed_sequence = ?, failed_error = ?"
      " WHERE flow = ?",
      epoch, after, sequence, cleared ? 0 : row.failed_sequence, cleared ? std::string() : row.failed_error,
      flow)
      .Run();
}

Result<std::optional<InboxWagon>> SqliteInbox::NextToApply(const std::string& flow, uint64_t after) {
  static const std::string sql = SelectInboxWagons(
      "WHERE w.flow = ? AND w.epoch = ? AND w.sequence > ? AND w.status IN ('accepted', 'failed', 'skipped')"
      " ORDER BY w.sequence LIMIT 1");
  return db_->Read([&](Connection& c) -> Result<std::optional<InboxWagon>> {
    const auto row = ReadInboxFlow(c, flow);
    if (!row) return std::optional<InboxWagon>();
    const uint64_t last = std::max(after, row->applied_sequence);
    Query q(c, sql, flow, row->tip.epoch, last);
    if (!q.Step()) return std::optional<InboxWagon>();
    InboxWagon wagon = ReadInboxWagon(c, q);
    if (wagon.header.sequence != last + 1) {
      return Status(StatusCode::kDataLoss,
                    fmt::format("{}: wagon {} of flow {} is missing, the next one is {}", db_->path(),
                                last + 1, flow, wagon.header.sequence),
                    DamageRemedy(db_->path()));
    }
    return std::optional<InboxWagon>(std::move(wagon));
  });
}

Result<std::string> SqliteInbox::ReadChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no) {
  return db_->Read([&](Connection& c) -> Result<std::string> {
    Query q(c,
            "SELECT w.payload_present, w.chunk_count, ifnull(k.data, x''), k.data IS NOT NULL FROM flow f"
            " JOIN wagon w ON w.flow = f.flow AND w.epoch = f.tip_epoch AND w.sequence = ?"
            " LEFT JOIN wagon_chunk k ON k.wagon_id = w.wagon_id AND k.chunk_no = ? WHERE f.flow = ?",
            sequence, chunk_no, flow);
    if (!q.Step() || !q.Flag(0)) {
      return Status(StatusCode::kNotFound,
                    fmt::format("flow {}: the inbox does not hold the payload of wagon {}", flow, sequence));
    }
    if (q.Flag(3)) return q.Text(2);
    if (chunk_no >= q.U64(1)) {
      return Status(StatusCode::kInvalidArgument, fmt::format("flow {}: wagon {} has {} chunks, no chunk {}",
                                                              flow, sequence, q.U64(1), chunk_no));
    }
    return Status(
        StatusCode::kDataLoss,
        fmt::format("{}: chunk {} of wagon {} of flow {} is missing", db_->path(), chunk_no, sequence, flow),
        DamageRemedy(db_->path()));
  });
}

Status SqliteInbox::MarkApplied(const std::string& flow, uint64_t sequence, bool skipped) {
  return MarkUpTo(flow, skipped ? sequence + 1 : sequence, sequence);
}

Status SqliteInbox::MarkEachApplied(const std::string& flow, uint64_t first, uint64_t last) {
  return MarkUpTo(flow, first, last);
}

// Everything up to `last`; of `first` and later ones the target has said that it did not skip them.
Status SqliteInbox::MarkUpTo(const std::string& flow, uint64_t first, uint64_t last) {
  return WriteFlow(Durability::kProcess, flow, [&](Connection& c) -> Status {
    const auto row = ReadInboxFlow(c, flow);
    if (!row || !row->tip_known) {
      return {StatusCode::kNotFound, fmt::format("the inbox does not know flow {}", flow)};
    }
    const uint64_t applied = std::min(last, row->tip.sequence);
    if (row->applied_epoch == row->tip.epoch && applied <= row->applied_sequence) return Status::Ok();
    if (first <= last) SettleSkips(c, flow, row->tip.epoch, first, last, {});
    MarkAppliedUpTo(c, flow, row->tip.epoch, applied);
    return Status::Ok();
  });
}

Status SqliteInbox::MarkFailed(const std::string& flow, uint64_t sequence, const std::string& error) {
  return WriteFlow(Durability::kDisk, flow, [&](Connection& c) -> Status {
    const auto row = ReadInboxFlow(c, flow);
    int64_t wagon_id = 0;
    std::string status;
    if (row) {
      Query q(c,
              "SELECT wagon_id, status FROM wagon WHERE flow = ? AND epoch = ? AND sequence = ?"
              " AND status <> 'receiving'",
              flow, row->tip.epoch, sequence);
      if (q.Step()) {
        wagon_id = q.I64(0);
        status = q.Text(1);
      }
    }
    if (wagon_id == 0) {
      return {StatusCode::kNotFound, fmt::format("flow {}: the inbox has no wagon {}", flow, sequence)};
    }
    if (status == "applied" || status == "skipped") return Status::Ok();
    Query(c, "UPDATE wagon SET status = 'failed', error = ? WHERE wagon_id = ?", error, wagon_id).Run();
    Query(c, "INSERT INTO ack (wagon_id, result, at_ms, error) VALUES (?, 'failed', ?, ?)", wagon_id, NowMs(),
          error)
        .Run();
    Query(c, "UPDATE flow SET failed_sequence = ?, failed_error = ? WHERE flow = ?", sequence, error, flow)
        .Run();
    return Status::Ok();
  });
}

}  // namespace srdf::store
