#include "engine_mariadb/transaction_assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine_mariadb/event_classifier.h"
#include "engine_mariadb/query_event.h"
#include "engine_mariadb/rows_event.h"
#include "engine_mariadb/statement_classifier.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

namespace {

// The beginning of a statement for an error message: enough to find it, little of its data.
std::string Excerpt(std::string_view sql) {
  constexpr size_t kExcerptBytes = 60;
  std::string out(sql.substr(0, kExcerptBytes));
  for (char& c : out) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return sql.size() > kExcerptBytes ? out + "…" : out;
}

constexpr const char* kReestablish = "; then re-establish the flow";

}  // namespace

TransactionAssembler::TransactionAssembler(const SourcePosition& from, GtidPosition from_gtids,
                                           Catalogue* catalogue, bool full_before, bool whole_after)
    : catalogue_(catalogue),
      tables_(catalogue),
      runs_(&buffer_, full_before, whole_after),
      gtids_(std::move(from_gtids)),
      position_(from),
      file_(from.file) {}

TransactionAssembler::Counters TransactionAssembler::counters() const {
  Counters counters = counters_;
  counters.rows = runs_.rows();
  return counters;
}

void TransactionAssembler::Drop(size_t bytes) {
  if (group_.open) {
    if (bytes > group_.start) group_.handed_on = true;
    group_.start -= std::min(group_.start, bytes);
    group_.part_start -= std::min(group_.part_start, bytes);
    for (Mark& mark : group_.marks) {
      if (bytes > mark.at) mark.handed_on = true;
      mark.at -= std::min(mark.at, bytes);
    }
  }
  buffer_.erase(0, bytes);
  whole_bytes_ -= std::min(whole_bytes_, bytes);
}

std::string TransactionAssembler::Where(const EventView& event) const {
  return fmt::format(
      "{}:{} (transaction {})", file_.empty() ? "?" : file_,
      event.header.end_position == 0 ? offset_ : event.header.end_position - event.header.length,
      group_.open ? group_.gtid.gtid.ToString() : "none");
}

Status TransactionAssembler::Handle(const EventView& event) {
  counters_.log_bytes += event.header.artificial() ? 0 : event.header.length;
  if (!event.header.artificial() && event.header.end_position != 0) offset_ = event.header.end_position;
  if (group_.open) group_.bytes += event.header.length;
  if (ClassifyEvent(event.header) == EventClass::kFatal) return EventRefusal(event, Where(event));
  Status status = HandleInside(event);
  if (status.ok() || status.code() == StatusCode::kUnavailable) return status;
  return status.WithContext("at " + Where(event));
}

Status TransactionAssembler::HandleInside(const EventView& event) {
  switch (ClassifyEvent(event.header)) {
    case EventClass::kFatal:  // refused already
    case EventClass::kIgnored:
    case EventClass::kHeartbeat:
      return {};
    case EventClass::kRandomSeed:
      group_.has_random_seed = true;
      return {};
    case EventClass::kFormatDescription:
      // Groups do not span files: the server died while it wrote this one.
      return group_.open && !event.header.artificial() ? AbandonGroup() : Status();
    case EventClass::kRotate: {
      SRDF_ASSIGN_OR_RETURN(const RotateEvent rotate, DecodeRotate(event.body));
      file_ = std::string(rotate.file);
      offset_ = rotate.position;
      return {};
    }
    case EventClass::kGtid:
      return BeginGroup(event);
    case EventClass::kQuery:
      return HandleQuery(event);
    case EventClass::kTableMap:
      return HandleTableMap(event);
    case EventClass::kRows:
      return HandleRows(event);
    case EventClass::kXid:
      return HandleCommit();
    case EventClass::kXaPrepare:
      return HandleXaPrepare(event);
  }
  return {};
}

Status TransactionAssembler::AbandonGroup() {
  if (group_.handed_on) {
    return {StatusCode::kUnavailable,
            "the log ends inside transaction " + group_.gtid.gtid.ToString() + "; it is read again"};
  }
  runs_.Close();
  buffer_.resize(group_.start);
  tables_.AnnounceAgain();
  group_ = {};
  table_ids_.clear();
  return {};
}

Status TransactionAssembler::BeginGroup(const EventView& event) {
  if (group_.open) SRDF_RETURN_IF_ERROR(AbandonGroup());
  SRDF_ASSIGN_OR_RETURN(const GtidEvent gtid, DecodeGtidEvent(event));
  group_ = {};
  group_.open = true;
  group_.gtid = gtid;
  group_.two_phase_alter = (gtid.extra_flags & (kGtidExtraStartAlter | kGtidExtraRollbackAlter)) != 0;
  group_.start = buffer_.size();
  group_.bytes = event.header.length;
  std::string body;
  EncodeTransactionBegin({gtid.gtid.ToString(), static_cast<int64_t>(event.header.timestamp) * 1000}, &body);
  AppendRecord(RecordType::kTransactionBegin, body, &buffer_);
  group_.marks.push_back({"", buffer_.size(), runs_.rows(), false});
  if (group_.prepares()) {
    group_.part_start = buffer_.size();
    group_.part_rows_before = runs_.rows();
    tables_.AnnounceAgain();  // a part brings its own schemas
  }
  return {};
}

void TransactionAssembler::EndGroup() {
  runs_.Close();
  gtids_.Advance(group_.gtid.gtid);
  position_.gtid = gtids_.ToString();
  position_.file = file_;
  position_.offset = offset_;
  std::string body;
  EncodeTransactionEnd({position_, group_.bytes}, &body);
  AppendRecord(RecordType::kTransactionEnd, body, &buffer_);
  whole_bytes_ = buffer_.size();
  ++counters_.transactions;
  catalogue_->Passed(group_.gtid.gtid);
  group_ = {};
  table_ids_.clear();
}

void TransactionAssembler::EndGroupIfStandalone() {
  if ((group_.gtid.flags & kGtidStandalone) != 0) EndGroup();
}

Status TransactionAssembler::HandleQuery(const EventView& event) {
  if (!group_.open) return {StatusCode::kDataLoss, "a statement outside of any transaction"};
  SRDF_ASSIGN_OR_RETURN(const std::string_view text, DecodeQueryText(event, &scratch_));
  if (text == "COMMIT") return HandleCommit();  // by far the most frequent
  return HandleStatement(event);
}

Status TransactionAssembler::HandleCommit() {
  if (!group_.open) return {StatusCode::kDataLoss, "a commit outside of any transaction"};
  if (group_.prepares() || group_.has_outcome()) {
    return {StatusCode::kDataLoss, "an XA transaction ends in the log like an ordinary one",
            "upgrade SRDF to a version that knows the server's events"};
  }
  EndGroup();
  return {};
}

Status TransactionAssembler::HandleStatement(const EventView& event) {
  std::optional<uint8_t> unknown_variable;
  SRDF_ASSIGN_OR_RETURN(const Statement statement, DecodeQueryEvent(event, &unknown_variable));
  const StatementVerdict verdict = ClassifyStatement(statement.sql, statement.database);
  const bool has_rows = runs_.rows() != group_.marks.front().rows;
  switch (verdict.kind) {
    case StatementClass::kBegin:
      return {};
    case StatementClass::kSavepoint:
      if (statement.sql.size() > 0 && (statement.sql[0] | 0x20) == 'r') {
        ReleaseSavepoint(SavepointName(statement.sql));
      } else {
        SetSavepoint(SavepointName(statement.sql));
      }
      return {};
    case StatementClass::kCommit:
      return HandleCommit();
    case StatementClass::kRollback:
      if (group_.prepares()) return HandleCommit();  // as much out of place
      // The server logs a transaction that was rolled back when a temporary table took part in it.
      if (has_rows) SRDF_RETURN_IF_ERROR(CutBack(group_.marks.front()));
      EndGroup();
      return {};
    case StatementClass::kRollbackTo:
      return has_rows ? RollBackTo(SavepointName(statement.sql)) : Status();
    case StatementClass::kSkipped:
      ++counters_.statements_skipped;
      // Accounts and temporary tables leave tables as they are; of anything else that is not certain.
      if (verdict.rule != std::string_view(kRuleAccounts) &&
          verdict.rule != std::string_view(kRuleTemporary)) {
        catalogue_->ForgetTables();
      }
      EndGroupIfStandalone();
      return {};
    case StatementClass::kDdl:
      if (group_.two_phase_alter) {
        ++counters_.statements_skipped;
        EndGroupIfStandalone();
        return {};
      }
      if (has_rows || group_.has_statement || group_.prepares()) {
        return {StatusCode::kUnimplemented,
                "a statement after other changes of its transaction: " + Excerpt(statement.sql),
                std::string("run such statements on their own") + kReestablish};
      }
      if (group_.has_random_seed && !ComputesNothing(statement.sql)) {
        return {
            StatusCode::kUnimplemented,
            "a statement computes with RAND(), and would not say the same again: " + Excerpt(statement.sql),
            std::string("run it at the target by hand with what it has computed at the source") +
                kReestablish};
      }
      if (unknown_variable) {
        return {
            StatusCode::kUnimplemented,
            fmt::format("the context of a statement has a variable of an unknown code, {}: {}",
                        *unknown_variable, Excerpt(statement.sql)),
            std::string("run the statement at the target by hand, or upgrade SRDF to a version that knows "
                        "the server's variables") +
                kReestablish};
      }
      {
        runs_.Close();
        std::string body;
        EncodeStatement(statement, &body);
        AppendRecord(RecordType::kStatement, body, &buffer_);
      }
      group_.has_statement = true;
      ++counters_.statements;
      catalogue_->StatementSeen(statement.sql, statement.database);
      EndGroupIfStandalone();
      return {};
    case StatementClass::kDml:
      return {StatusCode::kFailedPrecondition,
              "rows were changed by a statement, not logged as rows: " + Excerpt(statement.sql),
              std::string("SET GLOBAL binlog_format = ROW; end sessions that set binlog_format themselves") +
                  kReestablish};
    case StatementClass::kXa:
      return HandleXaStatement(statement.sql);
    case StatementClass::kDummy:
      return {StatusCode::kDataLoss,
              "the server replaced an event that it thinks this replica cannot read: " + statement.sql,
              "upgrade SRDF to a version that knows the server's events"};
    case StatementClass::kUnknown:
      if (verdict.rule == std::string_view(kRuleImport)) {
        return {
            StatusCode::kUnimplemented,
            "a table takes its rows from a data file, which the log does not have: " + Excerpt(statement.sql),
            std::string("copy the table to the target by other means (dump and load)") + kReestablish};
      }
      if (verdict.rule != std::string_view(kRuleMixed)) break;
      return {
          StatusCode::kUnimplemented,
          "a statement names objects of schemas that never replicate beside others: " +
              Excerpt(statement.sql),
          std::string("run its part for the other schemas at the target by hand, next time as a statement "
                      "of its own") +
              kReestablish};
  }
  return {StatusCode::kUnimplemented, "a statement of an unknown kind: " + Excerpt(statement.sql),
          std::string("see docs/operations/statements.md; run the statement at the target by hand") +
              kReestablish};
}

void TransactionAssembler::SetSavepoint(const std::string& name) {
  runs_.Close();
  // One of the same name is replaced.
  std::erase_if(group_.marks, [&](const Mark& mark) { return !name.empty() && mark.savepoint == name; });
  group_.marks.push_back({name, buffer_.size(), runs_.rows(), false});
}

void TransactionAssembler::ReleaseSavepoint(const std::string& name) {
  const auto mark = std::find_if(group_.marks.begin() + 1, group_.marks.end(),
                                 [&](const Mark& m) { return m.savepoint == name; });
  group_.marks.erase(mark, group_.marks.end());
}

Status TransactionAssembler::RollBackTo(const std::string& name) {
  const auto mark = std::find_if(group_.marks.begin() + 1, group_.marks.end(),
                                 [&](const Mark& m) { return m.savepoint == name; });
  if (mark == group_.marks.end()) {
    return {StatusCode::kFailedPrecondition,
            "rows were rolled back to savepoint " + name +
                ", which the log does not have; which ones is not known",
            std::string("do not mix temporary tables and savepoints in one transaction") + kReestablish};
  }
  group_.marks.erase(mark + 1, group_.marks.end());
  return CutBack(group_.marks.back());
}

Status TransactionAssembler::CutBack(const Mark& mark) {
  runs_.Close();
  if (runs_.rows() == mark.rows) return {};
  if (mark.handed_on) {
    return {
        StatusCode::kFailedPrecondition,
        "a large transaction was rolled back in the log after a part of its rows had been handed on",
        std::string("do not use temporary tables in large transactions that are rolled back") + kReestablish};
  }
  if (group_.has_statement) {
    return {StatusCode::kFailedPrecondition,
            "a transaction with a statement that cannot be rolled back was rolled back",
            std::string("check the table of that statement at the target") + kReestablish};
  }
  buffer_.resize(mark.at);
  runs_.CutBackTo(mark.rows);
  // Schemas may have been among what was cut.
  tables_.AnnounceAgain();
  return {};
}

Status TransactionAssembler::HandleTableMap(const EventView& event) {
  if (!group_.open) return {StatusCode::kDataLoss, "rows outside of any transaction"};
  SRDF_ASSIGN_OR_RETURN(const TableMapParts parts, SplitTableMap(event.body));
  SRDF_ASSIGN_OR_RETURN(TableUse* const use, tables_.Resolve(parts.description));
  table_ids_[parts.table_id] = use;
  if (use->internal || (group_.gtid.flags & kGtidTransactional) != 0) return {};
  // The flag is also missing when another table of the transaction, a temporary one for instance, cannot be
  // rolled back. What counts is the table itself.
  if (!use->engine_known) {
    return {StatusCode::kUnavailable, "table " + use->schema.database + "." + use->schema.table +
                                          " is locked and its storage engine cannot be asked; tried again"};
  }
  if (!use->nontransactional_engine.empty()) {
    const std::string name = Connection::QuoteIdentifier(use->schema.database) + "." +
                             Connection::QuoteIdentifier(use->schema.table);
    return {
        StatusCode::kFailedPrecondition,
        fmt::format("table {} is stored in {}, which cannot roll back: it cannot be replicated exactly once",
                    name, use->nontransactional_engine),
        "ALTER TABLE " + name + " ENGINE=InnoDB, then `srdfctl flow resume`"};
  }
  return {};
}

Status TransactionAssembler::HandleRows(const EventView& event) {
  if (!group_.open) return {StatusCode::kDataLoss, "rows outside of any transaction"};
  SRDF_ASSIGN_OR_RETURN(const RowsEvent rows, DecodeRowsEvent(event, &scratch_));
  if (rows.table_id == kDummyTableId && rows.rows.empty()) return {};
  const auto it = table_ids_.find(rows.table_id);
  if (it == table_ids_.end()) {
    return {StatusCode::kDataLoss, fmt::format("rows of table id {} without a table map", rows.table_id)};
  }
  if (it->second->internal) return {};
  return runs_.Add(rows, it->second, (group_.gtid.flags & kGtidTransactional) == 0);
}

}  // namespace srdf::engine_mariadb
