#include "binlog_file/transaction_dump.h"

#include <fmt/format.h>

#include <algorithm>

#include "binlog_file/event_json.h"
#include "engine_mariadb/row_json.h"
#include "engine_mysql/mysql_event.h"

namespace srdf::binlog_file {

namespace {

bool EqualsIgnoreCase(std::string_view text, std::string_view upper) {
  return text.size() == upper.size() &&
         std::equal(text.begin(), text.end(), upper.begin(), [](char a, char b) {
           return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
         });
}

bool BeginsTransaction(std::string_view sql) {
  constexpr std::string_view kXaStart = "XA START ";
  return EqualsIgnoreCase(sql, "BEGIN") || EqualsIgnoreCase(sql.substr(0, kXaStart.size()), kXaStart);
}

}  // namespace

Status TransactionDump::Handle(const LogEvent& event, EventRole role, const FileFormat& format) {
  switch (role) {
    case EventRole::kBegin:
      return Begin(event, format.dialect);
    case EventRole::kQuery:
      return HandleQuery(event, format.dialect);
    case EventRole::kCommit: {
      if (!open_) BeginWithoutStart(event, true);
      ByteReader r(event.view.body);
      const uint64_t xid = r.U64();
      if (!r.ok()) return {StatusCode::kDataLoss, "malformed XID event in the binlog"};
      return End(event, fmt::format(R"("commit","xid":{})", xid));
    }
    case EventRole::kXaPrepare: {
      if (!open_) BeginWithoutStart(event, true);
      SRDF_ASSIGN_OR_RETURN(const auto xa, engine_mysql::DecodeXaPrepare(event.view.body));
      return End(event,
                 fmt::format(R"("{}","xa_xid":"{}")", xa.one_phase ? "xa commit" : "xa prepare", xa.Xid()));
    }
    case EventRole::kTableMap:
      return HandleTableMap(event, format.dialect);
    case EventRole::kRows:
      return HandleRows(event);
    case EventRole::kNote:
      return AddNote(event, format.dialect);
    case EventRole::kFormat:
    case EventRole::kFileEnd:
      // The receiver of a replica may change the file in the middle of a transaction.
      return open_ && (event.view.header.flags & kEventRelayLog) == 0 ? EndIncomplete() : Status();
    case EventRole::kPayload:
      if (!started_) head_ += R"(,"compressed":true)";
      return {};
    case EventRole::kAside:
    case EventRole::kIgnored:
      return {};
  }
  return {};
}

Status TransactionDump::Finish() { return open_ ? EndIncomplete() : Status(); }

void TransactionDump::Open(const LogEvent& event) {
  open_ = true;
  wanted_ = true;
  until_commit_ = false;
  started_ = false;
  any_change_ = false;
  row_count_ = 0;
  head_ = fmt::format(R"({{"offset":{},"server_id":{},"time":)", event.offset, event.view.header.server_id);
  AppendTime(event.view.header.timestamp, &head_);
}

Status TransactionDump::Begin(const LogEvent& event, LogDialect dialect) {
  if (open_) SRDF_RETURN_IF_ERROR(EndIncomplete());
  SRDF_ASSIGN_OR_RETURN(const TransactionStart start, DecodeStart(event, dialect));
  Open(event);
  head_ += start.gtid.empty() ? R"(,"gtid":null)" : R"(,"gtid":")" + start.gtid + "\"";
  if (start.mariadb) {
    wanted_ = filter_.Wants(start.mariadb->gtid);
    until_commit_ = (start.mariadb->flags & engine_mariadb::kGtidStandalone) == 0;
    if ((start.mariadb->flags & engine_mariadb::kGtidTransactional) == 0 && until_commit_) {
      head_ += R"(,"transactional":false)";
    }
    return {};
  }
  wanted_ = filter_.Wants(start.mysql->gtid);
  if (start.mysql->immediate_commit_us != 0) {
    head_ += R"(,"commit_time":)";
    AppendTimeMicros(start.mysql->immediate_commit_us, &head_);
  }
  return {};
}

void TransactionDump::BeginWithoutStart(const LogEvent& event, bool continued) {
  Open(event);
  wanted_ = !filter_.HasGtid();
  head_ += continued ? R"(,"gtid":null,"continued":true)" : R"(,"gtid":null)";
  until_commit_ = continued;
}

Status TransactionDump::HandleQuery(const LogEvent& event, LogDialect dialect) {
  SRDF_ASSIGN_OR_RETURN(const QueryText query, DecodeQuery(event, dialect));
  const std::string& sql = query.statement.sql;
  const bool begins = BeginsTransaction(sql);
  const bool commits = EqualsIgnoreCase(sql, "COMMIT");
  const bool ends = commits || EqualsIgnoreCase(sql, "ROLLBACK");
  if (begins && open_ && until_commit_ && dialect == LogDialect::kMySql)
    SRDF_RETURN_IF_ERROR(EndIncomplete());
  if (!open_) BeginWithoutStart(event, ends);
  if (begins) {
    until_commit_ = true;
    if (EqualsIgnoreCase(sql, "BEGIN")) return {};
  }
  if (ends) return End(event, commits ? R"("commit")" : R"("rollback")");
  piece_.clear();
  AppendStatement(query, &piece_);
  if (!filter_.HasTable()) {
    if (wanted_) ++summary_->statements;
    SRDF_RETURN_IF_ERROR(AddChange(piece_));
  }
  return until_commit_ ? Status() : End(event, R"("commit")");
}

Status TransactionDump::HandleTableMap(const LogEvent& event, LogDialect dialect) {
  SRDF_ASSIGN_OR_RETURN(const auto table, maps_.Add(event.view.body, dialect));
  if (table->signs_unknown && wanted_ && filter_.Wants(*table)) summary_->signedness_missing = true;
  return {};
}

Status TransactionDump::HandleRows(const LogEvent& event) {
  if (!open_) BeginWithoutStart(event, true);
  return rows_.Read(
      event, &maps_, [this](const KnownTable& table) { return wanted_ && filter_.Wants(table); },
      [this](const KnownTable& table, RowOp op, std::string_view json) {
        piece_ = R"("table":)";
        engine_mariadb::AppendJsonString(table.Name(), &piece_);
        piece_ += fmt::format(R"(,"op":"{}",)", RowOpName(op));
        piece_ += json;
        ++row_count_;
        ++(op == RowOp::kInsert   ? summary_->inserts
           : op == RowOp::kUpdate ? summary_->updates
                                  : summary_->deletes);
        return AddChange(piece_);
      });
}

Status TransactionDump::AddNote(const LogEvent& event, LogDialect dialect) {
  if (!open_) BeginWithoutStart(event, false);
  piece_.clear();
  SRDF_RETURN_IF_ERROR(AppendNote(event, dialect, &piece_));
  if (!filter_.HasTable()) SRDF_RETURN_IF_ERROR(AddChange(piece_));
  const bool incident = event.view.header.event_type() == engine_mariadb::EventType::kIncident;
  return incident && !until_commit_ ? End(event, R"("commit")") : Status();
}

Status TransactionDump::AddChange(std::string_view json) {
  if (!wanted_) return {};
  if (!started_) {
    started_ = true;
    SRDF_RETURN_IF_ERROR(print_(head_ + R"(,"changes":[)"));
  }
  SRDF_RETURN_IF_ERROR(print_(any_change_ ? ",{" : "{"));
  any_change_ = true;
  SRDF_RETURN_IF_ERROR(print_(json));
  return print_("}");
}

Status TransactionDump::End(const LogEvent& event, const std::string& how) {
  open_ = false;
  maps_.Forget();
  if (!wanted_ || (!started_ && filter_.HasTable())) return {};
  if (!started_) SRDF_RETURN_IF_ERROR(print_(head_ + R"(,"changes":[)"));
  ++summary_->transactions;
  return print_(
      fmt::format("],\"end\":{},\"rows\":{},\"end_offset\":{}}}\n", how, row_count_, event.end_offset));
}

Status TransactionDump::EndIncomplete() {
  open_ = false;
  maps_.Forget();
  if (!wanted_ || (!started_ && filter_.HasTable())) return {};
  if (!started_) SRDF_RETURN_IF_ERROR(print_(head_ + R"(,"changes":[)"));
  ++summary_->transactions;
  ++summary_->incomplete;
  return print_(fmt::format("],\"end\":\"incomplete\",\"rows\":{}}}\n", row_count_));
}

}  // namespace srdf::binlog_file
