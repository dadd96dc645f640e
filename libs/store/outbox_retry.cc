// Waits and what ends them: the flow's suspension, and an operator's word.
#include <fmt/format.h>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

// Of one wagon, or of all (0), in the flow's epoch. Returns how many it changed.
uint64_t RetryAsked(Connection& c, const std::string& flow, const OutboxFlowRow& row, uint64_t sequence) {
  static const auto statement = [](DeliveryStatus to, Whereabouts whereabouts) {
    return fmt::format(
        "UPDATE delivery INDEXED BY delivery_unsettled SET status = '{}', failed_attempts = 0,"
        " next_attempt_at_ms = 0 WHERE flow = ?1 AND epoch = ?2 AND (?3 = 0 OR sequence = ?3)"
        " AND (acked_at_ms <> 0) = {} AND status IN ({}) AND {}",
        DeliveryStatusName(to), whereabouts == Whereabouts::kThere ? 1 : 0,
        MovesFrom(DeliveryEvent::kRetryAsked, to, whereabouts), SRDF_UNSETTLED(""));
  };
  static const std::string there = statement(DeliveryStatus::kAcked, Whereabouts::kThere);
  static const std::string here = statement(DeliveryStatus::kPending, Whereabouts::kHere);
  uint64_t changed = 0;
  for (const std::string* sql : {&there, &here}) {
    changed += static_cast<uint64_t>(Query(c, *sql, flow, row.tip.epoch, sequence).Run());
  }
  const uint64_t last = sequence == 0 ? row.tip.sequence : sequence;
  ResolveDeadLetters(c, flow, row.tip.epoch, sequence, last, "requeued");
  return changed;
}

}  // namespace

Status SqliteOutbox::Requeue(const std::string& flow) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    if (const auto row = ReadOutboxFlow(c, flow)) RetryAsked(c, flow, *row, 0);
    return Status::Ok();
  });
}

Result<uint64_t> SqliteOutbox::Retry(const std::string& flow, uint64_t sequence, const std::string& actor,
                                     const std::string& reason) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Result<uint64_t> {
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return Status(StatusCode::kNotFound, fmt::format("the outbox does not know flow {}", flow));
    AuditEntry entry;
    entry.actor = actor;
    entry.action = "delivery.retry";
    entry.flow = flow;
    entry.epoch = row->tip.epoch;
    entry.sequence = sequence;
    entry.reason = reason;
    if (sequence != 0) {
      SRDF_ASSIGN_OR_RETURN(const DeliveryRow delivery, FindDelivery(c, flow, sequence));
      Query q(c, "SELECT uid FROM wagon WHERE wagon_id = ?", delivery.wagon_id);
      if (q.Step()) entry.uid = q.Text(0);
    }
    const uint64_t changed = RetryAsked(c, flow, *row, sequence);
    if (changed == 0) return changed;
    entry.detail = fmt::format("{} due now, schedule begun again",
                               changed == 1 ? "1 wagon" : fmt::format("{} wagons", changed));
    InsertAudit(c, entry);
    return changed;
  });
}

Status SqliteOutbox::SetFailingSince(const std::string& flow, int64_t since_ms) {
  return db_->Write(Durability::kDisk, [&](Connection& c) {
    EnsureOutboxFlow(c, flow);
    Query(c, "UPDATE flow SET failing_since_ms = ? WHERE flow = ?", since_ms, flow).Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::Suspend(const std::string& flow, const Suspension& suspension) {
  return db_->Write(Durability::kDisk, [&](Connection& c) {
    EnsureOutboxFlow(c, flow);
    const std::string error_class = ErrorClassName(suspension.error_class);
    Query(c,
          "UPDATE flow SET suspended_at_ms = CASE WHEN suspended_at_ms <> 0 AND suspended_class = ?2"
          "  THEN suspended_at_ms ELSE ?3 END,"
          " suspended_class = ?2, suspended_error = ?4, suspended_remedy = ?5, suspended_sequence = ?6"
          " WHERE flow = ?1",
          flow, error_class, suspension.at_ms, suspension.error, suspension.remedy, suspension.sequence)
        .Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::EndSuspension(const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(const bool any, db_->Read([&](Connection& c) -> Result<bool> {
    const auto row = ReadOutboxFlow(c, flow);
    return row && (row->suspension.at_ms != 0 || row->failing_since_ms != 0);
  }));
  if (!any) return Status::Ok();
  return db_->Write(Durability::kDisk, [&](Connection& c) {
    Query(c,
          "UPDATE flow SET failing_since_ms = 0, suspended_at_ms = 0, suspended_class = '', suspended_error "
          "= '',"
          " suspended_remedy = '', suspended_sequence = 0 WHERE flow = ?",
          flow)
        .Run();
    return Status::Ok();
  });
}

}  // namespace srdf::store
