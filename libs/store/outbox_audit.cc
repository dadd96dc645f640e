// Decisions of operators, and of the program where it gave something up.
#include "store/outbox_sqlite.h"

namespace srdf::store {

void InsertAudit(Connection& c, const AuditEntry& entry) {
  Query(c,
        "INSERT INTO audit (at_ms, actor, action, flow, epoch, sequence, uid, reason, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        NowMs(), entry.actor, entry.action, entry.flow, entry.epoch, entry.sequence, entry.uid, entry.reason,
        entry.detail)
      .Run();
}

Status SqliteOutbox::Audit(const AuditEntry& entry) {
  return db_->Write(Durability::kDisk, [&](Connection& c) {
    InsertAudit(c, entry);
    return Status::Ok();
  });
}

Result<std::vector<AuditEntry>> SqliteOutbox::ListAudit(const std::string& flow, int64_t before_id,
                                                        uint32_t limit) {
  return db_->Read([&](Connection& c) -> Result<std::vector<AuditEntry>> {
    std::vector<AuditEntry> entries;
    Query q(c,
            "SELECT audit_id, at_ms, actor, action, flow, epoch, sequence, uid, reason, detail FROM audit"
            " WHERE (?1 = '' OR flow = ?1) AND (?2 = 0 OR audit_id < ?2) ORDER BY audit_id DESC LIMIT ?3",
            flow, before_id, limit);
    while (q.Step()) {
      entries.push_back({q.I64(0), q.I64(1), q.Text(2), q.Text(3), q.Text(4), q.U64(5), q.U64(6), q.Text(7),
                         q.Text(8), q.Text(9)});
    }
    return entries;
  });
}

}  // namespace srdf::store
