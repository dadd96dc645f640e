// Dead letters, and wagons that an operator gives up.
//
// The decision is the dead letter's row; the delivery moves when the target has spoken: to skipped, or to
// applied when the decision came too late (docs/adr/0010-skipped-wagons.md).
#include <fmt/format.h>

#include <algorithm>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

constexpr const char* kColumns =
    "dead_letter_id, flow, epoch, sequence, uid, error, error_class, created_at_ms, resolved_at_ms, "
    "resolution,"
    " resolved_by, reason";

DeadLetter ReadDeadLetter(const Query& q) {
  DeadLetter d;
  d.id = q.I64(0);
  d.flow = q.Text(1);
  d.epoch = q.U64(2);
  d.sequence = q.U64(3);
  d.uid = q.Text(4);
  d.error = q.Text(5);
  d.error_class = q.Text(6);
  d.created_at_ms = q.I64(7);
  d.resolved_at_ms = q.I64(8);
  d.resolution = q.Text(9);
  d.resolved_by = q.Text(10);
  d.reason = q.Text(11);
  return d;
}

std::vector<DeadLetter> Decided(Connection& c, const std::string& flow, uint64_t epoch) {
  std::vector<DeadLetter> letters;
  Query q(c,
          std::string("SELECT ") + kColumns +
              " FROM dead_letter WHERE flow = ? AND epoch = ? AND resolution = ? ORDER BY sequence",
          flow, epoch, kResolutionSkipDecided);
  while (q.Step()) letters.push_back(ReadDeadLetter(q));
  return letters;
}

AuditEntry EntryOf(const DeadLetter& letter, const char* action, const std::string& actor,
                   const std::string& detail) {
  AuditEntry entry;
  entry.actor = actor;
  entry.action = action;
  entry.flow = letter.flow;
  entry.epoch = letter.epoch;
  entry.sequence = letter.sequence;
  entry.uid = letter.uid;
  entry.reason = letter.reason;
  entry.detail = detail;
  return entry;
}

// What the target will lack.
std::string Changes(Connection& c, int64_t wagon_id) {
  std::string text;
  Query q(c,
          "SELECT database_name, table_name, inserts_after, updates_after, deletes_after FROM wagon_table"
          " WHERE wagon_id = ? ORDER BY ordinal",
          wagon_id);
  while (q.Step()) {
    text += fmt::format("{}{}.{}: {} inserts, {} updates, {} deletes", text.empty() ? "" : "; ", q.Text(0),
                        q.Text(1), q.U64(2), q.U64(3), q.U64(4));
  }
  return text.empty() ? "no rows" : text;
}

void SetDelivery(Connection& c, const DeliveryRow& row, DeliveryStatus status) {
  Query(c,
        "UPDATE delivery SET status = ?, next_attempt_at_ms = 0,"
        " acked_at_ms = CASE acked_at_ms WHEN 0 THEN ?2 ELSE acked_at_ms END, applied_at_ms = ?2"
        " WHERE wagon_id = ? AND destination = ?",
        DeliveryStatusName(status), NowMs(), row.wagon_id, kDestination)
      .Run();
}

// Of a wagon that stands still without being a dead letter yet.
void MakeDeadLetter(Connection& c, const DeliveryRow& row) {
  Query(c, "UPDATE delivery SET status = 'dead_letter' WHERE wagon_id = ? AND destination = ?", row.wagon_id,
        kDestination)
      .Run();
  Query(c,
        "INSERT INTO dead_letter (flow, destination, epoch, sequence, uid, error, created_at_ms, error_class)"
        " SELECT w.flow, d.destination, w.epoch, w.sequence, w.uid, d.last_error, ?, d.error_class"
        " FROM wagon w JOIN delivery d ON d.wagon_id = w.wagon_id WHERE w.wagon_id = ? AND d.destination = ?",
        NowMs(), row.wagon_id, kDestination)
      .Run();
}

Status CheckStandsStill(const OutboxFlowRow& flow, const std::string& name, uint64_t sequence,
                        const DeliveryRow& row) {
  if (row.status != DeliveryStatus::kDeadLetter && row.status != DeliveryStatus::kFailed) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("wagon {} of flow {} is {}: only a dead letter, or a wagon that the target cannot "
                        "apply, can be skipped",
                        sequence, name, DeliveryStatusName(row.status)),
            "see `srdfctl deadletter list` and `srdfctl status`"};
  }
  if (sequence == flow.applied_sequence + 1) return {};
  return {StatusCode::kFailedPrecondition,
          fmt::format("wagon {} of flow {} is not the next one to be applied: wagon {} is", sequence, name,
                      flow.applied_sequence + 1),
          "a wagon can be skipped in its turn only; see `srdfctl deadletter list`"};
}

}  // namespace

Result<std::vector<DeadLetter>> SqliteOutbox::ListDeadLetters(const std::string& flow, bool all,
                                                              uint32_t limit) {
  std::vector<DeadLetter> letters;
  SRDF_RETURN_IF_ERROR(db_->Read([&](Connection& c) -> Status {
    Query q(c,
            std::string("SELECT ") + kColumns +
                " FROM dead_letter WHERE (?1 = '' OR flow = ?1)"
                " AND (?2 OR resolved_at_ms = 0 OR resolution IN ('skip_decided', 'skipped'))"
                " ORDER BY dead_letter_id DESC LIMIT ?3",
            flow, all, limit);
    while (q.Step()) letters.push_back(ReadDeadLetter(q));
    return Status::Ok();
  }));
  for (DeadLetter& letter : letters) {
    if (letter.uid.empty()) continue;
    SRDF_ASSIGN_OR_RETURN(letter.wagon, Find(letter.uid));
    if (letter.wagon && letter.wagon->header.uid != letter.uid) letter.wagon.reset();
  }
  return letters;
}

Status SqliteOutbox::DecideSkip(const std::string& flow, uint64_t sequence, const std::string& reason,
                                const std::string& actor) {
  if (reason.find_first_not_of(" \t\r\n") == std::string::npos || reason.size() > kSkipReasonBytesMax) {
    return {StatusCode::kInvalidArgument,
            fmt::format("skipping wagon {} of flow {} needs a reason of at most {} bytes", sequence, flow,
                        kSkipReasonBytesMax),
            "say why the target may do without its changes: --reason \"…\""};
  }
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return {StatusCode::kNotFound, fmt::format("the outbox does not know flow {}", flow)};
    SRDF_ASSIGN_OR_RETURN(const DeliveryRow delivery, FindDelivery(c, flow, sequence));
    for (const DeadLetter& letter : Decided(c, flow, row->tip.epoch)) {
      if (letter.sequence == sequence) return Status::Ok();
    }
    if (delivery.status == DeliveryStatus::kSkipped) return Status::Ok();
    SRDF_RETURN_IF_ERROR(CheckStandsStill(*row, flow, sequence, delivery));
    if (delivery.status == DeliveryStatus::kFailed) MakeDeadLetter(c, delivery);
    Query(c,
          "UPDATE dead_letter SET resolved_at_ms = ?, resolution = ?, resolved_by = ?, reason = ?"
          " WHERE flow = ? AND epoch = ? AND sequence = ? AND resolved_at_ms = 0",
          NowMs(), kResolutionSkipDecided, actor, reason, flow, row->tip.epoch, sequence)
        .Run();
    const std::vector<DeadLetter> decided = Decided(c, flow, row->tip.epoch);
    const auto letter = std::find_if(decided.begin(), decided.end(),
                                     [&](const DeadLetter& d) { return d.sequence == sequence; });
    if (letter == decided.end()) {
      return {StatusCode::kInternal,
              fmt::format("wagon {} of flow {} has no open dead letter", sequence, flow)};
    }
    InsertAudit(c, EntryOf(*letter, "deadletter.skip", actor,
                           "the target is to lack " + Changes(c, delivery.wagon_id)));
    return Status::Ok();
  });
}

Result<std::vector<PendingSkip>> SqliteOutbox::PendingSkips(const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(const auto letters, db_->Read([&](Connection& c) -> Result<std::vector<DeadLetter>> {
    const auto row = ReadOutboxFlow(c, flow);
    return row ? Decided(c, flow, row->tip.epoch) : std::vector<DeadLetter>();
  }));
  std::vector<PendingSkip> pending;
  for (const DeadLetter& letter : letters) {
    SRDF_ASSIGN_OR_RETURN(auto wagon, GetDelivery(flow, letter.sequence));
    // One that left the chain is nobody's turn any more.
    if (!wagon || wagon->header.uid != letter.uid) continue;
    pending.push_back({std::move(*wagon), {letter.reason, letter.resolved_by, letter.resolved_at_ms}});
  }
  return pending;
}

Status SqliteOutbox::SettleSkips(const std::string& flow, uint64_t applied,
                                 const std::vector<uint64_t>& skipped) {
  const auto is_skipped = [&](uint64_t sequence) {
    return std::find(skipped.begin(), skipped.end(), sequence) != skipped.end();
  };
  const auto resolve = [](Connection& c, const DeadLetter& letter, const char* resolution) {
    Query(c, "UPDATE dead_letter SET resolution = ? WHERE dead_letter_id = ?", resolution, letter.id).Run();
  };
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Status {
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return Status::Ok();
    for (const DeadLetter& letter : Decided(c, flow, row->tip.epoch)) {
      if (letter.sequence > applied) break;
      if (is_skipped(letter.sequence)) {
        resolve(c, letter, kResolutionSkipped);
        InsertAudit(c, EntryOf(letter, "deadletter.skipped", "target", "the checkpoint has moved past it"));
      } else {
        resolve(c, letter, "applied");
        InsertAudit(c, EntryOf(letter, "deadletter.not_skipped", "target",
                               "it was applied before the decision arrived"));
      }
    }
    for (const uint64_t sequence : skipped) {
      if (sequence > applied) continue;
      const auto delivery = FindDelivery(c, flow, sequence);
      if (!delivery.ok()) continue;  // purged, or of another life of this outbox
      if (StepFor(DeliveryEvent::kSkipped, delivery->status, delivery->there).to)
        SetDelivery(c, *delivery, DeliveryStatus::kSkipped);
    }
    return Status::Ok();
  });
}

Result<uint64_t> SqliteOutbox::AcknowledgeSkips(const std::string& flow, const std::string& actor) {
  return db_->Write(Durability::kDisk, [&](Connection& c) -> Result<uint64_t> {
    std::vector<DeadLetter> letters;
    {
      Query q(c, std::string("SELECT ") + kColumns + " FROM dead_letter WHERE flow = ? AND resolution = ?",
              flow, kResolutionSkipped);
      while (q.Step()) letters.push_back(ReadDeadLetter(q));
    }
    for (const DeadLetter& letter : letters) {
      Query(c, "UPDATE dead_letter SET resolution = ? WHERE dead_letter_id = ?", kResolutionSkipAcknowledged,
            letter.id)
          .Run();
      InsertAudit(c, EntryOf(letter, "deadletter.ack", actor, "status no longer shows the skipped wagon"));
    }
    return letters.size();
  });
}

}  // namespace srdf::store
