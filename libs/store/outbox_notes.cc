// What goes well on a wagon's way: sent, accepted, applied; one call, or many in one transaction.
//
// The destination repeats it by itself after a reconnect, and a restart resets `sent`: it is written with
// Durability::kProcess, for the sync it would cost per wagon buys nothing (outbox.h).
#include <fmt/format.h>

#include <algorithm>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

Status NoteSent(Connection& c, const std::string& flow, const DeliveryNotes::Sent& sent) {
  SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sent.sequence));
  Query(c,
        "UPDATE delivery_attempt SET bytes_sent = max(bytes_sent, ?) WHERE wagon_id = ? AND destination = ?"
        " AND attempt = ?",
        sent.bytes_sent, row.wagon_id, kDestination, row.attempts)
      .Run();
  const auto to = StepTarget(DeliveryEvent::kSendDone, row);
  if (!to) return Status::Ok();
  Query(c, "UPDATE delivery SET status = ? WHERE wagon_id = ? AND destination = ?", DeliveryStatusName(*to),
        row.wagon_id, kDestination)
      .Run();
  return Status::Ok();
}

Status NoteArrived(Connection& c, const std::string& flow, const DeliveryNotes::Arrived& arrived) {
  SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, arrived.sequence));
  DeliveryFailure none;
  none.receipt = arrived.outcome;
  none.bytes_sent = arrived.bytes_sent;
  EndAttempt(c, row, arrived.outcome, none);
  const auto to = StepTarget(DeliveryEvent::kAccepted, row);
  if (!to) return Status::Ok();
  Query(c,
        "UPDATE delivery SET status = ?, last_error = '', error_class = '', failed_attempts = 0,"
        " next_attempt_at_ms = 0, acked_at_ms = ? WHERE wagon_id = ? AND destination = ?",
        DeliveryStatusName(*to), NowMs(), row.wagon_id, kDestination)
      .Run();
  if (row.status == DeliveryStatus::kDeadLetter)
    ResolveDeadLetters(c, flow, row.epoch, arrived.sequence, arrived.sequence, "acked");
  Query(c, "UPDATE flow SET acked_sequence = max(acked_sequence, ?) WHERE flow = ?", arrived.sequence, flow)
      .Run();
  return Status::Ok();
}

Status NoteApplied(Connection& c, const std::string& flow, uint64_t sequence) {
  static const std::string applied_now =
      "UPDATE delivery INDEXED BY delivery_unsettled SET status = 'applied', last_error = '', error_class = "
      "'',"
      " failed_attempts = 0, next_attempt_at_ms = 0, applied_at_ms = ?,"
      " acked_at_ms = CASE acked_at_ms WHEN 0 THEN ? ELSE acked_at_ms END"
      " WHERE flow = ? AND epoch = ? AND sequence <= ? AND status IN (" +
      MovesFrom(DeliveryEvent::kApplied, DeliveryStatus::kApplied) + ") AND " SRDF_UNSETTLED("");
  const auto row = ReadOutboxFlow(c, flow);
  if (!row) return {StatusCode::kNotFound, fmt::format("the outbox does not know flow {}", flow)};
  const uint64_t applied = std::min(sequence, row->tip.sequence);
  if (applied <= row->applied_sequence) return Status::Ok();
  const int64_t now = NowMs();
  Query(c, applied_now, now, now, flow, row->tip.epoch, applied).Run();
  ResolveDeadLetters(c, flow, row->tip.epoch, 0, applied, "applied");
  Query(c, "UPDATE flow SET applied_sequence = ?, acked_sequence = max(acked_sequence, ?) WHERE flow = ?",
        applied, applied, flow)
      .Run();
  return Status::Ok();
}

Status CheckOutcome(const std::string& flow, const std::string& outcome) {
  if (outcome == "accepted" || outcome == "duplicate") return {};
  return {StatusCode::kInvalidArgument, fmt::format("flow {}: \"{}\" is no receipt", flow, outcome)};
}

}  // namespace

Status SqliteOutbox::MarkSent(const std::string& flow, uint64_t sequence, uint64_t bytes_sent) {
  return db_->Write(Durability::kProcess, [&](Connection& c) {
    return NoteSent(c, flow, {sequence, bytes_sent});
  });
}

Status SqliteOutbox::MarkAcked(const std::string& flow, uint64_t sequence, const std::string& outcome) {
  SRDF_RETURN_IF_ERROR(CheckOutcome(flow, outcome));
  return db_->Write(Durability::kProcess, [&](Connection& c) {
    return NoteArrived(c, flow, {sequence, outcome, 0});
  });
}

Status SqliteOutbox::MarkApplied(const std::string& flow, uint64_t sequence) {
  return db_->Write(Durability::kProcess, [&](Connection& c) { return NoteApplied(c, flow, sequence); });
}

Result<std::vector<uint64_t>> SqliteOutbox::Note(const std::string& flow, const DeliveryNotes& notes) {
  for (const auto& arrived : notes.arrived) SRDF_RETURN_IF_ERROR(CheckOutcome(flow, arrived.outcome));
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Result<std::vector<uint64_t>> {
    std::vector<uint64_t> unknown;
    for (const auto& sent : notes.sent) {
      if (Status s = NoteSent(c, flow, sent); !s.ok() && s.code() != StatusCode::kNotFound) return s;
    }
    for (const auto& arrived : notes.arrived) {
      const Status s = NoteArrived(c, flow, arrived);
      if (!s.ok() && s.code() != StatusCode::kNotFound) return s;
      if (!s.ok()) unknown.push_back(arrived.sequence);
    }
    if (notes.applied != 0) SRDF_RETURN_IF_ERROR(NoteApplied(c, flow, notes.applied));
    return unknown;
  });
}

}  // namespace srdf::store
