// What was refused: counted for ever, and the newest kept one by one.
#include "store/inbox_sqlite.h"

namespace srdf::store {

Status SqliteInbox::NoteRefusal(const InboxRefusal& refusal) {
  return db_->Write(Durability::kProcess, [&](Connection& c) {
    Query(c,
          "INSERT INTO refusal (flow, at_ms, sequence, uid, receipt, reason, error, peer)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          refusal.flow, refusal.at_ms, refusal.sequence, refusal.uid, refusal.receipt, refusal.reason,
          refusal.error.substr(0, kRefusalErrorBytesMax), refusal.peer)
        .Run();
    Query(c,
          "DELETE FROM refusal WHERE flow = ?1 AND refusal_id <="
          " (SELECT refusal_id FROM refusal WHERE flow = ?1 ORDER BY refusal_id DESC LIMIT 1 OFFSET ?2)",
          refusal.flow, kRefusalsKept)
        .Run();
    Query(c,
          "INSERT INTO refusal_count VALUES (?1, ?2, ?3, 1, ?4, ?4)"
          " ON CONFLICT DO UPDATE SET refusals = refusals + 1, last_at_ms = excluded.last_at_ms",
          refusal.flow, refusal.receipt, refusal.reason, refusal.at_ms)
        .Run();
    return Status::Ok();
  });
}

Result<std::vector<InboxRefusal>> SqliteInbox::Refusals(const std::string& flow, uint32_t limit) {
  return db_->Read([&](Connection& c) -> Result<std::vector<InboxRefusal>> {
    std::vector<InboxRefusal> refusals;
    Query q(c,
            "SELECT at_ms, sequence, uid, receipt, reason, error, peer FROM refusal WHERE flow = ?"
            " ORDER BY refusal_id DESC LIMIT ?",
            flow, limit);
    while (q.Step()) {
      refusals.push_back({flow, q.I64(0), q.U64(1), q.Text(2), q.Text(3), q.Text(4), q.Text(5), q.Text(6)});
    }
    return refusals;
  });
}

Result<std::vector<RefusalCount>> SqliteInbox::RefusalCounts(const std::string& flow) {
  return db_->Read([&](Connection& c) -> Result<std::vector<RefusalCount>> {
    std::vector<RefusalCount> counts;
    Query q(c, "SELECT receipt, reason, refusals, first_at_ms, last_at_ms FROM refusal_count WHERE flow = ?",
            flow);
    while (q.Step()) counts.push_back({q.Text(0), q.Text(1), q.U64(2), q.I64(3), q.I64(4)});
    return counts;
  });
}

}  // namespace srdf::store
