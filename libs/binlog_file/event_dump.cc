#include "binlog_file/event_dump.h"

#include <fmt/format.h>

#include "binlog_file/event_json.h"
#include "engine_mariadb/row_json.h"
#include "engine_mariadb/rows_event.h"

namespace srdf::binlog_file {

Result<bool> EventDump::Wanted(const LogEvent& event, EventRole role, LogDialect dialect) {
  if (role == EventRole::kBegin) {
    SRDF_ASSIGN_OR_RETURN(const TransactionStart start, DecodeStart(event, dialect));
    transaction_wanted_ =
        start.mariadb ? filter_.Wants(start.mariadb->gtid) : filter_.Wants(start.mysql->gtid);
  } else if (role == EventRole::kFormat || role == EventRole::kFileEnd || role == EventRole::kAside) {
    if (role != EventRole::kAside) transaction_wanted_ = !filter_.HasGtid();
    return !filter_.HasGtid() && !filter_.HasTable();
  }
  if (!transaction_wanted_) return false;
  return !filter_.HasTable() || role == EventRole::kTableMap || role == EventRole::kRows;
}

Status EventDump::Handle(const LogEvent& event, EventRole role, const FileFormat& format) {
  SRDF_ASSIGN_OR_RETURN(const bool wanted, Wanted(event, role, format.dialect));
  line_.clear();
  if (wanted) {
    line_ = fmt::format(R"({{"offset":{},"end_offset":{},"type":"{}","server_id":{},"time":)", event.offset,
                        event.end_offset, format.EventName(event.type()), event.view.header.server_id);
    AppendTime(event.view.header.timestamp, &line_);
    if (event.in_payload) line_ += R"(,"in_payload":true)";
  }
  if (role == EventRole::kTableMap) return PrintTableMap(event, format.dialect);
  if (role == EventRole::kRows) return PrintRows(event);
  if (!wanted) return {};
  if (role == EventRole::kQuery) ++summary_->statements;
  SRDF_RETURN_IF_ERROR(AppendDetails(event, role, format, &line_));
  return PrintLine();
}

Status EventDump::PrintTableMap(const LogEvent& event, LogDialect dialect) {
  // Also when it is not asked for: rows need it.
  SRDF_ASSIGN_OR_RETURN(const auto table, maps_.Add(event.view.body, dialect));
  if (line_.empty() || !filter_.Wants(*table)) return {};
  if (table->signs_unknown) summary_->signedness_missing = true;
  SRDF_ASSIGN_OR_RETURN(const auto parts, engine_mariadb::SplitTableMap(event.view.body));
  AppendTable(*table, parts.table_id, &line_);
  return PrintLine();
}

Status EventDump::PrintRows(const LogEvent& event) {
  bool begun = false;
  const bool asked_for = !line_.empty();
  const Status status = rows_.Read(
      event, &maps_, [&](const KnownTable& table) { return asked_for && filter_.Wants(table); },
      [&](const KnownTable& table, RowOp op, std::string_view json) {
        if (!begun) {
          line_ += R"(,"table":)";
          engine_mariadb::AppendJsonString(table.Name(), &line_);
          line_ += fmt::format(R"(,"op":"{}","rows":[{{)", RowOpName(op));
        } else {
          line_ += ",{";
        }
        begun = true;
        line_ += json;
        line_ += "}";
        ++(op == RowOp::kInsert   ? summary_->inserts
           : op == RowOp::kUpdate ? summary_->updates
                                  : summary_->deletes);
        const Status printed = print_(line_);
        line_.clear();
        return printed;
      });
  if (begun) {
    line_.assign(1, ']');
    if (!status.ok()) line_ += R"(,"damaged":true)";
    SRDF_RETURN_IF_ERROR(PrintLine());
  } else if (status.ok() && asked_for && !filter_.HasTable()) {
    line_ += R"(,"rows":[])";
    return PrintLine();
  }
  return status;
}

Status EventDump::PrintLine() {
  ++summary_->events;
  line_ += "}\n";
  return print_(line_);
}

}  // namespace srdf::binlog_file
