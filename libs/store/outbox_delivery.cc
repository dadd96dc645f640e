// A wagon's way to the destination: attempts, failures, dead letters, by the steps of delivery_machine.h.
// What goes well is outbox_notes.cc's.
//
// What a restart resets (sending) is written with Durability::kProcess: the sync it would cost per wagon buys
// nothing, see outbox.h.
#include <fmt/format.h>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

void SetStatus(Connection& c, const DeliveryRow& row, DeliveryStatus status, const DeliveryFailure& failure) {
  Query(c,
        "UPDATE delivery SET status = ?, last_error = ?, error_class = ?, next_attempt_at_ms = ?,"
        " failed_attempts = failed_attempts + ? WHERE wagon_id = ? AND destination = ?",
        DeliveryStatusName(status), failure.error,
        failure.error_class == ErrorClass::kNone ? "" : ErrorClassName(failure.error_class),
        failure.next_attempt_at_ms, failure.counts ? 1 : 0, row.wagon_id, kDestination)
      .Run();
}

// "network: connection reset": the class first, unless the text has it already or there is none.
std::string OutcomeOf(const DeliveryFailure& failure) {
  if (failure.error_class == ErrorClass::kNone) return failure.error;
  return fmt::format("{}: {}", ErrorClassName(failure.error_class), failure.error);
}

// Whether it is still what the caller has looked up, or was told when it was stored.
bool IsAsLookedUp(const DeliveryRow& row, const AttemptStart& start) {
  if (start.hash.empty()) return true;
  if (row.hash != start.hash || row.status == DeliveryStatus::kDeadLetter) return false;
  return !start.first || (row.status == DeliveryStatus::kSealed && row.attempts == 0);
}

}  // namespace

std::optional<DeliveryStatus> StepTarget(DeliveryEvent event, const DeliveryRow& row) {
  return StepFor(event, row.status, row.there).to;
}

void EndAttempt(Connection& c, const DeliveryRow& row, const std::string& outcome,
                const DeliveryFailure& failure) {
  Query(c,
        "UPDATE delivery_attempt SET ended_at_ms = ?, outcome = ?, receipt = ?, reason = ?, error_class = ?,"
        " error = ?, bytes_sent = max(bytes_sent, ?)"
        " WHERE wagon_id = ? AND destination = ? AND attempt = ? AND ended_at_ms = 0",
        NowMs(), outcome, failure.receipt, failure.reason,
        failure.error_class == ErrorClass::kNone ? "" : ErrorClassName(failure.error_class), failure.error,
        failure.bytes_sent, row.wagon_id, kDestination, row.attempts)
      .Run();
}

Status SqliteOutbox::BeginAttempt(const std::string& flow, uint64_t sequence, const AttemptStart& start) {
  return db_->Write(Durability::kProcess, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    if (!IsAsLookedUp(row, start)) {
      return {StatusCode::kNotFound,
              fmt::format("flow {}: wagon {} is not what it was when it was looked up", flow, sequence)};
    }
    if (row.attempts != 0) EndAttempt(c, row, "interrupted: sent again", {});
    Query(
        c,
        "INSERT INTO delivery_attempt (wagon_id, destination, attempt, started_at_ms, where_to, first_chunk)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        row.wagon_id, kDestination, row.attempts + 1, NowMs(), start.where_to, start.first_chunk)
        .Run();
    if (row.attempts + 1 > kAttemptsKeptFirst + kAttemptsKeptLast) {
      Query(c,
            "DELETE FROM delivery_attempt WHERE wagon_id = ? AND destination = ? AND attempt > ? AND attempt "
            "<= ?",
            row.wagon_id, kDestination, kAttemptsKeptFirst, row.attempts + 1 - kAttemptsKeptLast)
          .Run();
    }
    Query(c, "UPDATE delivery SET attempts = attempts + 1, status = ? WHERE wagon_id = ? AND destination = ?",
          DeliveryStatusName(StepTarget(DeliveryEvent::kSendBegun, row).value_or(row.status)), row.wagon_id,
          kDestination)
        .Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkRetry(const std::string& flow, uint64_t sequence, const DeliveryFailure& failure) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    EndAttempt(c, row, OutcomeOf(failure), failure);
    if (const auto to = StepTarget(DeliveryEvent::kDeferred, row)) SetStatus(c, row, *to, failure);
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkDeadLetter(const std::string& flow, uint64_t sequence,
                                    const DeliveryFailure& failure) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    EndAttempt(c, row, OutcomeOf(failure), failure);
    const auto to = StepTarget(DeliveryEvent::kGivenUp, row);
    if (!to) return Status::Ok();
    SetStatus(c, row, *to, failure);
    Query(
        c,
        "INSERT INTO dead_letter (flow, destination, epoch, sequence, uid, error, created_at_ms, error_class)"
        " SELECT flow, ?, epoch, sequence, uid, ?, ?, ? FROM wagon WHERE wagon_id = ?",
        kDestination, failure.error, NowMs(),
        failure.error_class == ErrorClass::kNone ? "" : ErrorClassName(failure.error_class), row.wagon_id)
        .Run();
    return Status::Ok();
  });
}

Status SqliteOutbox::MarkFailed(const std::string& flow, uint64_t sequence, const DeliveryFailure& failure) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow row, FindDelivery(c, flow, sequence));
    if (const auto to = StepTarget(DeliveryEvent::kApplyFailed, row)) SetStatus(c, row, *to, failure);
    // What the target tries to apply is there, whether or not its receipt has come.
    Query(c,
          "UPDATE delivery SET acked_at_ms = ? WHERE wagon_id = ? AND destination = ? AND acked_at_ms = 0"
          " AND status = 'failed'",
          NowMs(), row.wagon_id, kDestination)
        .Run();
    return Status::Ok();
  });
}

}  // namespace srdf::store
