#include "store/outbox.h"

#include <fmt/format.h>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

constexpr uint32_t kChunksPerRecoveryStep = 64;

bool IsSettled(const std::string& status) {
  return status == "applied" || status == "superseded" || status == "skipped" || status == "merged";
}

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::Open(const std::string& path) { return Open(path, StoreOptions()); }

Result<std::unique_ptr<Outbox>> Outbox::Open(const std::string& path, const StoreOptions& options) {
  SRDF_ASSIGN_OR_RETURN(auto db, QueueDatabase::Open(path, OutboxFormat(), options));
  auto outbox = std::make_unique<SqliteOutbox>(std::move(db));
  SRDF_RETURN_IF_ERROR(outbox->Recover());
  return std::unique_ptr<Outbox>(std::move(outbox));
}

Status SqliteOutbox::Recover() {
  std::vector<int64_t> strays;
  SRDF_RETURN_IF_ERROR(db_->Write(Durability::kProcess, [&](Connection& c) {
    {
      Query q(c,
              "SELECT DISTINCT wagon_id FROM wagon_chunk WHERE wagon_id NOT IN (SELECT wagon_id FROM wagon)");
      while (q.Step()) strays.push_back(q.I64(0));
    }
    // Nobody is sending yet: what was on its way is to be sent again.
    Query(c,
          "UPDATE delivery_attempt SET ended_at_ms = ?, outcome = 'interrupted: the shipper was restarted'"
          " WHERE ended_at_ms = 0 AND (wagon_id, destination) IN (SELECT wagon_id, destination"
          " FROM delivery INDEXED BY delivery_unsettled WHERE " SRDF_UNSETTLED("") ")",
          NowMs())
        .Run();
    static const std::string pending_again =
        "UPDATE delivery INDEXED BY delivery_unsettled SET status = 'pending' WHERE status IN (" +
        MovesFrom(DeliveryEvent::kRestarted, DeliveryStatus::kPending) + ") AND " SRDF_UNSETTLED("");
    Query(c, pending_again).Run();
    return Status::Ok();
  }));
  for (const int64_t id : strays) {
    bool emptied = false;
    while (!emptied) {
      SRDF_RETURN_IF_ERROR(db_->Write(Durability::kProcess, [&](Connection& c) {
        emptied = DeleteChunks(c, id, kChunksPerRecoveryStep);
        return Status::Ok();
      }));
    }
  }
  return db_->Write(Durability::kProcess, [&](Connection& c) {
    next_wagon_id_ = first_own_wagon_id_ = NextWagonId(c);
    return Status::Ok();
  });
}

DeliveryStatus ParseStatus(const std::string& word) {
  if (const auto status = ParseDeliveryStatus(word)) return *status;
  throw SQLite::Exception("unknown delivery status: " + word);
}

ErrorClass ParseErrorClass(const std::string& word) {
  if (word.empty()) return ErrorClass::kNone;
  for (int value = 0; value <= static_cast<int>(ErrorClass::kFunctional); ++value) {
    const auto error_class = static_cast<ErrorClass>(value);
    if (word == ErrorClassName(error_class)) return error_class;
  }
  throw SQLite::Exception("unknown error class: " + word);
}

std::optional<OutboxFlowRow> ReadOutboxFlow(Connection& c, const std::string& flow) {
  Query q(c,
          "SELECT initialised, paused, tip_epoch, tip_sequence, tip_uid, tip_hash, tip_gtid, tip_file, "
          "tip_offset,"
          " base_sequence, base_hash, base_gtid, acked_sequence, applied_sequence, max_bytes_per_second, "
          "priority, failing_since_ms, suspended_at_ms,"
          " suspended_class, suspended_error, suspended_remedy, suspended_sequence, sends_early, tip_copy, "
          "base_copy FROM flow "
          "WHERE flow "
          "= ?",
          flow);
  if (!q.Step()) return std::nullopt;
  OutboxFlowRow row;
  row.initialised = q.Flag(0);
  row.paused = q.Flag(1);
  row.tip.epoch = q.U64(2);
  row.tip.sequence = q.U64(3);
  row.tip.uid = q.Text(4);
  row.tip.hash = FromHex(q.Text(5));
  row.tip.position = {q.Text(6), q.Text(7), q.U64(8), q.Text(23)};
  row.base_sequence = q.U64(9);
  row.base_hash = FromHex(q.Text(10));
  row.base_gtid = q.Text(11);
  row.acked_sequence = q.U64(12);
  row.applied_sequence = q.U64(13);
  if (!q.IsNull(14)) row.max_bytes_per_second = q.U64(14);
  if (!q.IsNull(15)) row.priority = q.I64(15);
  row.failing_since_ms = q.I64(16);
  row.suspension = {q.I64(17), ParseErrorClass(q.Text(18)), q.Text(19), q.Text(20), q.U64(21)};
  row.sends_early = q.Flag(22);
  row.base_copy = q.Text(24);
  return row;
}

void EnsureOutboxFlow(Connection& c, const std::string& flow) {
  Query(c, "INSERT INTO flow (flow) VALUES (?) ON CONFLICT DO NOTHING", flow).Run();
}

Result<DeliveryRow> FindDelivery(Connection& c, const std::string& flow, uint64_t sequence) {
  Query q(c,
          "SELECT d.wagon_id, d.epoch, d.status, d.attempts, d.acked_at_ms, w.hash FROM flow f"
          " JOIN wagon w ON w.flow = f.flow AND w.epoch = f.tip_epoch AND w.sequence = ? AND w.superseded = 0"
          " JOIN delivery d ON d.wagon_id = w.wagon_id AND d.destination = ? WHERE f.flow = ?",
          sequence, kDestination, flow);
  if (!q.Step()) {
    return Status(StatusCode::kNotFound, fmt::format("flow {}: the outbox has no wagon {}", flow, sequence));
  }
  return DeliveryRow{q.I64(0),  q.U64(1),          ParseStatus(q.Text(2)), static_cast<uint32_t>(q.U64(3)),
                     q.Flag(4), FromHex(q.Text(5))};
}

void ResolveDeadLetters(Connection& c, const std::string& flow, uint64_t epoch, uint64_t first, uint64_t last,
                        const char* resolution) {
  Query(c,
        "UPDATE dead_letter SET resolved_at_ms = ?, resolution = ?"
        " WHERE flow = ? AND epoch = ? AND sequence BETWEEN ? AND ? AND resolved_at_ms = 0"
        " AND NOT EXISTS (SELECT 1 FROM wagon w JOIN delivery d ON d.wagon_id = w.wagon_id"
        "  WHERE w.uid = dead_letter.uid AND d.status = 'dead_letter')",
        NowMs(), resolution, flow, epoch, first, last)
      .Run();
}

Result<OutboxFlow> SqliteOutbox::GetFlow(const std::string& flow) {
  return db_->Read([&](Connection& c) -> Result<OutboxFlow> {
    OutboxFlow out;
    out.flow = flow;
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return out;
    out.initialised = row->initialised;
    out.paused = row->paused;
    out.tip = row->tip;
    out.acked_sequence = row->acked_sequence;
    out.applied_sequence = row->applied_sequence;
    out.max_bytes_per_second = row->max_bytes_per_second;
    out.priority = row->priority;
    out.failing_since_ms = row->failing_since_ms;
    out.suspension = row->suspension;
    out.sends_early = row->sends_early;
    {
      Query q(c, "SELECT status, wagons, bytes FROM delivery_count WHERE flow = ? AND destination = ?", flow,
              kDestination);
      while (q.Step()) {
        const std::string status = q.Text(0);
        if (IsSettled(status)) continue;
        out.unapplied_wagons += q.U64(1);
        out.unapplied_bytes += q.U64(2);
        if (status != "acked" && status != "failed") out.unacked_wagons += q.U64(1);
      }
    }
    Query oldest(c,
                 "SELECT w.commit_time_first_ms FROM delivery d INDEXED BY delivery_unsettled"
                 " JOIN wagon w ON w.wagon_id = d.wagon_id WHERE d.flow = ?"
                 " AND " SRDF_UNSETTLED("d.") " ORDER BY d.epoch, d.sequence LIMIT 1",
                 flow);
    if (oldest.Step()) out.oldest_unapplied_commit_ms = oldest.I64(0);
    return out;
  });
}

Status SqliteOutbox::SetSendSettings(const std::string& flow, std::optional<uint64_t> max_bytes_per_second,
                                     std::optional<int64_t> priority, const AuditEntry& entry) {
  return db_->Write(Durability::kDisk, [&](Connection& c) {
    EnsureOutboxFlow(c, flow);
    // A column that nothing is written to is NULL: as configured.
    Query(c, "UPDATE flow SET max_bytes_per_second = NULL, priority = NULL WHERE flow = ?", flow).Run();
    if (max_bytes_per_second) {
      Query(c, "UPDATE flow SET max_bytes_per_second = ? WHERE flow = ?", *max_bytes_per_second, flow).Run();
    }
    if (priority) Query(c, "UPDATE flow SET priority = ? WHERE flow = ?", *priority, flow).Run();
    InsertAudit(c, entry);
    return Status::Ok();
  });
}

Status SqliteOutbox::SetPaused(const std::string& flow, bool paused) {
  return db_->Write(Durability::kDisk, [&](Connection& c) {
    EnsureOutboxFlow(c, flow);
    Query(c, "UPDATE flow SET paused = ? WHERE flow = ? AND paused <> ?", paused, flow, paused).Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::SetSendsEarly(const std::string& flow, bool sends_early) {
  return db_->Write(sends_early ? Durability::kDisk : Durability::kProcess, [&](Connection& c) {
    EnsureOutboxFlow(c, flow);
    Query(c, "UPDATE flow SET sends_early = ? WHERE flow = ? AND sends_early <> ?", sends_early, flow,
          sends_early)
        .Run();
    return Status::Ok();
  });
}

}  // namespace srdf::store
