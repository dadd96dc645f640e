// A wagon's way to the destination: attempts, receipts, dead letters.
//
// What the destination repeats by itself (receipts, applied) and what a restart resets (sending, sent) is
// written with Durability::kProcess: the sync it would cost per wagon buys nothing, see outbox.h.
#include <fmt/format.h>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

bool OnItsWay(const std::string& status) {
  return status == "sealed" || status == "pending" || status == "sending" || status == "sent" ||
         status == "retry";
}

void SetStatus(Connection& c, const DeliveryRow& row, const char* status, const std::string& error) {
  Query(c, "UPDATE delivery SET status = ?, last_error = ? WHERE wagon_id = ? AND destination = ?", status,
        error, row.wagon_id, kDestination)
      .Run();
}

void EndAttempt(Connection& c, const DeliveryRow& row, const std::string& outcome) {
  Query(c,
        "UPDATE delivery_attempt SET ended_at_ms = ?, outcome = ?"
        " WHERE wagon_id = ? AND destination = ? AND attempt = ? AND ended_at_ms = 0",
        NowMs(), outcome, row.wagon_id, kDestination, row.attempts)
      .Run();
}

}  // namespace

Status SqliteOutbox::BeginAttempt(const std::string& flow, uint64_t sequence) {
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    EndAttempt(c, row, "interrupted: sent again");
    Query(c,
          "INSERT INTO delivery_attempt (wagon_id, destination, attempt, started_at_ms) VALUES (?, ?, ?, ?)",
          row.wagon_id, kDestination, row.attempts + 1, NowMs())
        .Run();
    // A wagon whose receipt came meanwhile keeps its status: the attempt is only recorded.
    Query(c, "UPDATE delivery SET attempts = attempts + 1, status = ? WHERE wagon_id = ? AND destination = ?",
          OnItsWay(row.status) ? "sending" : row.status.c_str(), row.wagon_id, kDestination)
        .Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkSent(const std::string& flow, uint64_t sequence) {
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    Query(c,
          "UPDATE delivery SET status = 'sent' WHERE wagon_id = ? AND destination = ?"
          " AND status IN ('sealed', 'pending', 'sending', 'retry')",
          row.wagon_id, kDestination)
        .Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkAcked(const std::string& flow, uint64_t sequence, const std::string& outcome) {
  if (outcome != "accepted" && outcome != "duplicate") {
    return {StatusCode::kInvalidArgument, fmt::format("flow {}: \"{}\" is no receipt", flow, outcome)};
  }
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    EndAttempt(c, row, outcome);
    const bool dead = row.status == "dead_letter";
    if (!dead && !OnItsWay(row.status)) return Status::Ok();
    if (dead) ResolveDeadLetters(c, flow, row.epoch, sequence, sequence, "acked");
    Query(c,
          "UPDATE delivery SET status = 'acked', last_error = '', acked_at_ms = ?"
          " WHERE wagon_id = ? AND destination = ?",
          NowMs(), row.wagon_id, kDestination)
        .Run();
    Query(c, "UPDATE flow SET acked_sequence = max(acked_sequence, ?) WHERE flow = ?", sequence, flow).Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkRetry(const std::string& flow, uint64_t sequence, const std::string& error) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    EndAttempt(c, row, error);
    if (OnItsWay(row.status)) SetStatus(c, row, "retry", error);
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkDeadLetter(const std::string& flow, uint64_t sequence, const std::string& error) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    EndAttempt(c, row, error);
    if (!OnItsWay(row.status)) return Status::Ok();  // acked or dead already
    SetStatus(c, row, "dead_letter", error);
    Query(c,
          "INSERT INTO dead_letter (flow, destination, epoch, sequence, uid, error, created_at_ms)"
          " SELECT flow, ?, epoch, sequence, uid, ?, ? FROM wagon WHERE wagon_id = ?",
          kDestination, error, NowMs(), row.wagon_id)
        .Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkApplied(const std::string& flow, uint64_t sequence) {
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return {StatusCode::kNotFound, fmt::format("the outbox does not know flow {}", flow)};
    const uint64_t applied = std::min(sequence, row->tip.sequence);
    if (applied <= row->applied_sequence) return Status::Ok();
    const int64_t now = NowMs();
    Query(c,
          "UPDATE delivery INDEXED BY delivery_unsettled SET status = 'applied', last_error = '', "
          "applied_at_ms = ?,"
          " acked_at_ms = CASE acked_at_ms WHEN 0 THEN ? ELSE acked_at_ms END"
          " WHERE flow = ? AND epoch = ? AND sequence <= ? AND " SRDF_UNSETTLED(""),
          now, now, flow, row->tip.epoch, applied)
        .Run();
    ResolveDeadLetters(c, flow, row->tip.epoch, 0, applied, "applied");
    Query(c, "UPDATE flow SET applied_sequence = ?, acked_sequence = max(acked_sequence, ?) WHERE flow = ?",
          applied, applied, flow)
        .Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkFailed(const std::string& flow, uint64_t sequence, const std::string& error) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    if (row.status != "applied" && row.status != "dead_letter") SetStatus(c, row, "failed", error);
    return Status::Ok();
  });
}

Status SqliteOutbox::Requeue(const std::string& flow) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return Status::Ok();
    Query(c,
          "UPDATE delivery INDEXED BY delivery_unsettled SET status = 'pending'"
          " WHERE flow = ? AND status IN ('failed', 'dead_letter') AND " SRDF_UNSETTLED(""),
          flow)
        .Run();
    ResolveDeadLetters(c, flow, row->tip.epoch, 0, row->tip.sequence, "requeued");
    return Status::Ok();
  });
}

}  // namespace srdf::store
