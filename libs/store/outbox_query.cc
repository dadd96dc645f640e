// Looking into the outbox, and removing what is no longer needed.
#include <fmt/format.h>

#include "store/outbox_sqlite.h"
#include "store/sqlite_status.h"
#include "store/wagon_purge.h"

namespace srdf::store {
namespace {

constexpr int kD = kWagonColumnCount;  // first column after the wagon's own
// And these are they, in ReadWagon's order.
#define SRDF_DELIVERY_COLUMNS                                                                            \
  ", w.merged_into, d.status, d.attempts, d.last_error, d.acked_at_ms, d.applied_at_ms, d.error_class, " \
  "d.failed_attempts, d.next_attempt_at_ms"

std::string SelectWagons(const std::string& tail) {
  return "SELECT " + WagonSelectList() +
         SRDF_DELIVERY_COLUMNS
         " FROM wagon w JOIN delivery d ON d.wagon_id = w.wagon_id AND d.destination = 'default' " +
         tail;
}

OutboxWagon ReadWagon(Connection& connection, const Query& q) {
  WagonRow row = ReadWagonRow(q);
  OutboxWagon wagon;
  wagon.header = std::move(row.header);
  wagon.hash = std::move(row.hash);
  wagon.frame_bytes = row.frame_bytes;
  wagon.chunk_count = row.chunk_count;
  wagon.stored_at_ms = row.stored_at_ms;
  wagon.payload_present = row.payload_present;
  int c = kD;
  wagon.merged_into = q.Text(c++);
  wagon.status = ParseStatus(q.Text(c++));
  wagon.attempts = static_cast<uint32_t>(q.U64(c++));
  wagon.last_error = q.Text(c++);
  wagon.acked_at_ms = q.I64(c++);
  wagon.applied_at_ms = q.I64(c++);
  wagon.error_class = ParseErrorClass(q.Text(c++));
  wagon.failed_attempts = static_cast<uint32_t>(q.U64(c++));
  wagon.next_attempt_at_ms = q.I64(c++);
  LoadTables(connection, row.wagon_id, &wagon.header);
  return wagon;
}

Result<std::vector<OutboxWagon>> SelectAll(QueueDatabase* db, const std::string& sql, const auto&... values) {
  return db->Read([&](Connection& c) -> Result<std::vector<OutboxWagon>> {
    std::vector<OutboxWagon> wagons;
    Query q(c, sql, values...);
    while (q.Step()) wagons.push_back(ReadWagon(c, q));
    return wagons;
  });
}

}  // namespace

Result<std::optional<OutboxWagon>> SqliteOutbox::NextToSend(const std::string& flow, uint64_t after) {
  // The partial index holds only what is not applied yet, so the scan is as long as the window.
  static const std::string sql =
      "SELECT " + WagonSelectList() +
      SRDF_DELIVERY_COLUMNS
      " FROM flow f CROSS JOIN delivery d INDEXED BY delivery_unsettled CROSS JOIN wagon w ON w.wagon_id = "
      "d.wagon_id"
      " WHERE f.flow = ? AND d.flow = f.flow AND d.epoch = f.tip_epoch AND d.sequence > ?"
      " AND " SRDF_UNSETTLED("d.") " AND d.status NOT IN ('acked', 'failed')"
      " ORDER BY d.sequence LIMIT 1";
  return db_->Read([&](Connection& c) -> Result<std::optional<OutboxWagon>> {
    Query q(c, sql, flow, after);
    if (!q.Step()) return std::optional<OutboxWagon>();
    return std::optional<OutboxWagon>(ReadWagon(c, q));
  });
}

Result<UnappliedWagons> SqliteOutbox::Unapplied(const std::string& flow, size_t wagons_max) {
  return db_->Read([&](Connection& c) -> Result<UnappliedWagons> {
    UnappliedWagons out;
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return out;
    out.tip_sequence = row->tip.sequence;
    Query q(c,
            "SELECT sequence, frame_bytes FROM delivery INDEXED BY delivery_unsettled WHERE flow = ?"
            " AND " SRDF_UNSETTLED("") " ORDER BY epoch, sequence LIMIT ?",
            flow, wagons_max + 1);
    while (q.Step()) out.wagons.push_back({q.U64(0), q.U64(1)});
    out.all = out.wagons.size() <= wagons_max;
    if (!out.all) out.wagons.pop_back();
    return out;
  });
}

Result<std::string> SqliteOutbox::ReadChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no) {
  return db_->Read([&](Connection& c) -> Result<std::string> {
    Query q(
        c,
        "SELECT w.payload_present, w.chunk_count, ifnull(k.data, x''), k.data IS NOT NULL FROM flow f"
        " JOIN wagon w ON w.flow = f.flow AND w.epoch = f.tip_epoch AND w.sequence = ? AND w.superseded = 0"
        " LEFT JOIN wagon_chunk k ON k.wagon_id = w.wagon_id AND k.chunk_no = ? WHERE f.flow = ?",
        sequence, chunk_no, flow);
    if (!q.Step() || !q.Flag(0)) {
      return Status(StatusCode::kNotFound,
                    fmt::format("flow {}: the outbox does not hold the payload of wagon {}", flow, sequence));
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

Result<std::string> SqliteOutbox::ReadChunkOf(const std::string& uid, uint32_t chunk_no) {
  return db_->Read([&](Connection& c) -> Result<std::string> {
    Query q(c,
            "SELECT ifnull(k.data, x''), k.data IS NOT NULL FROM wagon w"
            " LEFT JOIN wagon_chunk k ON k.wagon_id = w.wagon_id AND k.chunk_no = ?"
            " WHERE w.uid = ? AND w.payload_present = 1 ORDER BY w.wagon_id DESC LIMIT 1",
            chunk_no, uid);
    if (q.Step() && q.Flag(1)) return q.Text(0);
    return Status(StatusCode::kNotFound,
                  fmt::format("the outbox does not hold chunk {} of wagon {}", chunk_no, uid));
  });
}

Result<std::vector<OutboxWagon>> SqliteOutbox::List(const std::string& flow, uint64_t before_sequence,
                                                    uint32_t limit) {
  static const std::string sql = SelectWagons(
      "WHERE w.flow = ?1 AND w.merged_into = '' AND (?2 = 0 OR w.sequence < ?2)"
      " ORDER BY w.epoch DESC, w.sequence DESC, w.superseded DESC LIMIT ?3");
  return SelectAll(db_.get(), sql, flow, before_sequence, limit);
}

Result<std::optional<OutboxWagon>> SqliteOutbox::GetDelivery(const std::string& flow, uint64_t sequence) {
  static const std::string sql = SelectWagons(
      "JOIN flow f ON f.flow = w.flow WHERE w.flow = ? AND w.epoch = f.tip_epoch AND w.sequence = ?"
      " AND w.superseded = 0");
  SRDF_ASSIGN_OR_RETURN(auto wagons, SelectAll(db_.get(), sql, flow, sequence));
  if (wagons.empty()) return std::optional<OutboxWagon>();
  return std::optional<OutboxWagon>(std::move(wagons.front()));
}

Result<std::vector<OutboxWagon>> SqliteOutbox::ListDeliveries(const std::string& flow,
                                                              const DeliveryFilter& filter) {
  static const std::string sql = SelectWagons(
      "WHERE w.flow = ?1 AND (?2 = 0 OR w.sequence < ?2) AND (?3 = '' OR instr(?3, ',' || d.status || ','))"
      " AND (?4 = '' OR d.error_class = ?4)"
      " ORDER BY w.epoch DESC, w.sequence DESC, w.superseded DESC LIMIT ?5");
  std::string words = filter.statuses.empty() ? "" : ",";
  for (const DeliveryStatus status : filter.statuses) words += std::string(DeliveryStatusName(status)) + ",";
  const std::string error_class =
      filter.error_class == ErrorClass::kNone ? "" : ErrorClassName(filter.error_class);
  return SelectAll(db_.get(), sql, flow, filter.before_sequence, words, error_class, filter.limit);
}

Result<std::vector<OutboxWagon>> SqliteOutbox::ListMerged(const std::string& flow, uint32_t limit) {
  static const std::string sql =
      SelectWagons("WHERE w.flow = ? AND w.merged_into <> '' ORDER BY w.wagon_id DESC LIMIT ?");
  return db_->Read([&](Connection& c) -> Result<std::vector<OutboxWagon>> {
    std::vector<OutboxWagon> wagons;
    Query q(c, sql, flow, limit);
    while (q.Step()) wagons.push_back(ReadWagon(c, q));
    return wagons;
  });
}

Result<std::optional<OutboxWagon>> SqliteOutbox::Find(const std::string& uid_prefix) {
  static const std::string sql = SelectWagons("WHERE w.uid >= ? ORDER BY w.uid, w.wagon_id DESC LIMIT 2");
  if (uid_prefix.empty()) return Status(StatusCode::kInvalidArgument, "an empty wagon uid");
  return db_->Read([&](Connection& c) -> Result<std::optional<OutboxWagon>> {
    std::optional<OutboxWagon> found;
    Query q(c, sql, uid_prefix);
    while (q.Step()) {
      OutboxWagon wagon = ReadWagon(c, q);
      if (wagon.header.uid.compare(0, uid_prefix.size(), uid_prefix) != 0) break;
      if (!found) {
        found = std::move(wagon);
      } else if (found->header.uid != wagon.header.uid && found->header.uid != uid_prefix) {
        return Status(StatusCode::kInvalidArgument,
                      fmt::format("several wagons' uids begin with {}", uid_prefix),
                      "give more of its digits");
      }
    }
    return found;
  });
}

Result<std::vector<DeliveryAttempt>> SqliteOutbox::Attempts(const std::string& flow, uint64_t sequence) {
  return db_->Read([&](Connection& c) -> Result<std::vector<DeliveryAttempt>> {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    std::vector<DeliveryAttempt> attempts;
    Query q(c,
            "SELECT attempt, started_at_ms, ended_at_ms, outcome, where_to, first_chunk, bytes_sent, receipt,"
            " reason, error_class, error FROM delivery_attempt"
            " WHERE wagon_id = ? AND destination = ? ORDER BY attempt",
            row.wagon_id, kDestination);
    while (q.Step()) {
      attempts.push_back({static_cast<uint32_t>(q.U64(0)), q.I64(1), q.I64(2), q.Text(3), q.Text(4),
                          static_cast<uint32_t>(q.U64(5)), q.U64(6), q.Text(7), q.Text(8),
                          ParseErrorClass(q.Text(9)), q.Text(10)});
    }
    return attempts;
  });
}

Result<std::vector<StatusCount>> SqliteOutbox::Counts(const std::string& flow) {
  return db_->Read([&](Connection& c) -> Result<std::vector<StatusCount>> {
    std::vector<StatusCount> counts;
    Query q(
        c,
        "SELECT status, wagons, bytes FROM delivery_count WHERE flow = ? AND destination = ? AND wagons <> 0"
        " ORDER BY status",
        flow, kDestination);
    while (q.Step()) counts.push_back({q.Text(0), q.U64(1), q.U64(2)});
    return counts;
  });
}

Result<FlowTotals> SqliteOutbox::Totals(const std::string& flow) {
  return db_->Read([&](Connection& c) -> Result<FlowTotals> {
    FlowTotals t;
    Query q(c,
            "SELECT total_wagons, total_transactions, total_rows_before, total_rows_after, total_statements,"
            " total_source_bytes, total_bytes_before, total_payload_raw_bytes, total_payload_compressed_bytes"
            " FROM flow WHERE flow = ?",
            flow);
    if (!q.Step()) return t;
    t.wagons = q.U64(0);
    t.transactions = q.U64(1);
    t.rows_before = q.U64(2);
    t.rows_after = q.U64(3);
    t.statements = q.U64(4);
    t.source_bytes = q.U64(5);
    t.bytes_before = q.U64(6);
    t.payload_raw_bytes = q.U64(7);
    t.payload_compressed_bytes = q.U64(8);
    return t;
  });
}

Result<uint64_t> SqliteOutbox::Purge(const std::string& flow, int64_t applied_before_ms) {
  // Applied wagons are the oldest ones of the chain, so only its oldest end is looked at.
  static const std::string applied =
      "SELECT o.wagon_id FROM (SELECT wagon_id, epoch, sequence FROM wagon WHERE flow = ?1 AND superseded = 0"
      " ORDER BY epoch, sequence LIMIT " +
      std::to_string(kPurgeWagonsPerStep) +
      ") o JOIN delivery d ON d.wagon_id = o.wagon_id JOIN flow f ON f.flow = ?1"
      " WHERE d.status IN ('applied', 'skipped') AND d.applied_at_ms < ?2 AND NOT (o.epoch = f.tip_epoch AND "
      "o.sequence ="
      "  (SELECT max(n.sequence) FROM wagon n WHERE n.flow = f.flow AND n.epoch = f.tip_epoch AND "
      "n.superseded = 0"
      "   AND n.sequence <= f.applied_sequence))"
      " ORDER BY o.epoch, o.sequence";
  static const std::string superseded =
      "SELECT wagon_id FROM wagon INDEXED BY wagon_superseded WHERE flow = ?1 AND superseded <> 0"
      " AND superseded_at_ms < ?2 ORDER BY superseded_at_ms LIMIT " +
      std::to_string(kPurgeWagonsPerStep);
  SRDF_ASSIGN_OR_RETURN(const uint64_t a, PurgeWagons(*db_, applied, flow, applied_before_ms));
  SRDF_ASSIGN_OR_RETURN(const uint64_t b, PurgeWagons(*db_, superseded, flow, applied_before_ms));
  return a + b;
}

}  // namespace srdf::store
