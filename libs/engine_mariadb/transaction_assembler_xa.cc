// XA: a group that prepares a transaction, and the group with its outcome.
//
// As MariaDB 10.5 and later write them (tried on 10.11): the GTID event has flag 0x40 and the xid, then come
// the rows, a query `XA END`, and XA_PREPARE. The outcome is a standalone group with flag 0x80, the xid, and
// a query `XA COMMIT` or `XA ROLLBACK`. XA COMMIT … ONE PHASE is an ordinary transaction; XA transactions
// without changes leave nothing in the log.
#include <fmt/format.h>

#include "engine_mariadb/transaction_assembler.h"
#include "model/prepared.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

namespace {

Status OutOfPlace(const std::string& what) {
  return {StatusCode::kDataLoss, what + " at a place in the log where it has no meaning",
          "upgrade SRDF to a version that knows the server's events"};
}

}  // namespace

Status TransactionAssembler::HandleXaStatement(const std::string& sql) {
  if (group_.prepares() && sql.rfind("XA END", 0) == 0) return {};
  const bool commit = sql.rfind("XA COMMIT", 0) == 0;
  if (!group_.has_outcome() || (!commit && sql.rfind("XA ROLLBACK", 0) != 0)) return OutOfPlace(sql);
  std::string body;
  EncodePreparedOutcome({group_.gtid.xid, commit}, &body);
  AppendRecord(RecordType::kPreparedOutcome, body, &buffer_);
  EndGroup();
  return {};
}

Status TransactionAssembler::HandleXaPrepare(const EventView& event) {
  SRDF_ASSIGN_OR_RETURN(const std::string xid, DecodeXaPrepare(event.body));
  if (!group_.open || !group_.prepares() || xid != group_.gtid.xid) return OutOfPlace("XA PREPARE " + xid);
  AppendPart(/*last=*/true);
  EndGroup();
  return {};
}

void TransactionAssembler::ClosePart() {
  if (group_.open && group_.prepares()) {
    AppendPart(/*last=*/false);
  } else {
    runs_.Close();
  }
}

// What was gathered since part_start gets its front: the records move up once, by some hundred bytes.
void TransactionAssembler::AppendPart(bool last) {
  runs_.Close();
  const size_t end = buffer_.size();
  const size_t records = end - group_.part_start;
  if (records == 0 && !last) return;
  PreparedPart part;
  part.xid = group_.gtid.xid;
  part.gtid = group_.gtid.gtid.ToString();
  part.number = ++group_.parts;
  part.last = last;
  part.rows = runs_.rows() - group_.part_rows_before;
  std::string body;
  EncodePreparedPartFront(part, &body);
  std::string front;
  AppendRecord(RecordType::kPreparedPart, body, &front);
  ByteWriter(&front).PatchU32(1, static_cast<uint32_t>(body.size() + records));
  buffer_.insert(group_.part_start, front);
  // A savepoint just set has nothing of this part behind it.
  for (Mark& mark : group_.marks) {
    if (mark.at == end && mark.rows == runs_.rows()) mark.at = buffer_.size();
  }
  group_.part_start = buffer_.size();
  group_.part_rows_before = runs_.rows();
  // The next part, and what comes after the last one, brings its own schemas.
  tables_.AnnounceAgain();
}

}  // namespace srdf::engine_mariadb
