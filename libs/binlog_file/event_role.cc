#include "binlog_file/event_role.h"

#include <fmt/format.h>

#include "binlog_file/rows_json.h"
#include "engine_mariadb/query_event.h"
#include "engine_mysql/mysql_event.h"
#include "engine_mysql/mysql_query.h"

namespace srdf::binlog_file {

namespace {

using engine_mariadb::EventType;
using engine_mysql::MysqlEventType;

std::optional<EventRole> MySqlRole(uint8_t type) {
  switch (static_cast<MysqlEventType>(type)) {
    case MysqlEventType::kGtid:
    case MysqlEventType::kAnonymousGtid:
    case MysqlEventType::kGtidTagged:
      return EventRole::kBegin;
    case MysqlEventType::kViewChange:
      return EventRole::kNote;
    case MysqlEventType::kTransactionPayload:
      return EventRole::kPayload;
    case MysqlEventType::kPreviousGtids:
    case MysqlEventType::kTransactionContext:
    case MysqlEventType::kHeartbeatV2:
      return EventRole::kAside;
    default:
      return std::nullopt;
  }
}

std::optional<EventRole> MariaDbRole(EventType type) {
  switch (type) {
    case EventType::kGtid:
      return EventRole::kBegin;
    case EventType::kQueryCompressed:
      return EventRole::kQuery;
    case EventType::kAnnotateRows:
      return EventRole::kNote;
    case EventType::kBinlogCheckpoint:
    case EventType::kGtidList:
      return EventRole::kAside;
    default:
      return std::nullopt;
  }
}

std::optional<EventRole> SharedRole(EventType type) {
  switch (type) {
    case EventType::kFormatDescription:
      return EventRole::kFormat;
    case EventType::kRotate:
    case EventType::kStop:
      return EventRole::kFileEnd;
    case EventType::kQuery:
      return EventRole::kQuery;
    case EventType::kXid:
      return EventRole::kCommit;
    case EventType::kXaPrepare:
      return EventRole::kXaPrepare;
    case EventType::kTableMap:
      return EventRole::kTableMap;
    case EventType::kRowsQuery:
    case EventType::kIncident:
    case EventType::kIntvar:
    case EventType::kRand:
    case EventType::kUserVar:
    case EventType::kBeginLoadQuery:
    case EventType::kAppendBlock:
    case EventType::kDeleteFile:
    case EventType::kExecuteLoadQuery:
      return EventRole::kNote;
    case EventType::kHeartbeat:
    case EventType::kIgnorable:
      return EventRole::kAside;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<EventRole> RoleOf(const LogEvent& event, const FileFormat& format, const std::string& where) {
  if (IsRows(event, format.dialect)) return EventRole::kRows;
  const EventType type = event.view.header.event_type();
  auto role = SharedRole(type);
  if (!role) role = format.dialect == LogDialect::kMySql ? MySqlRole(event.type()) : MariaDbRole(type);
  if (role) return *role;
  if ((event.view.header.flags & engine_mariadb::kEventIgnorable) != 0) return EventRole::kIgnored;
  return Status(StatusCode::kUnimplemented,
                fmt::format("{} event (type {}) at {} is not known in a {} log and not marked as ignorable",
                            format.EventName(event.type()), event.type(), where, format.ProductName()),
                "upgrade SRDF to a version that knows the server's events; begin behind it with --from " +
                    std::to_string(event.end_offset));
}

Result<TransactionStart> DecodeStart(const LogEvent& event, LogDialect dialect) {
  TransactionStart start;
  if (dialect == LogDialect::kMySql) {
    SRDF_ASSIGN_OR_RETURN(start.mysql, engine_mysql::DecodeGtidEvent(event.view));
    if (start.mysql->gtid) start.gtid = start.mysql->gtid->ToString();
  } else {
    SRDF_ASSIGN_OR_RETURN(start.mariadb, engine_mariadb::DecodeGtidEvent(event.view));
    start.gtid = start.mariadb->gtid.ToString();
  }
  return start;
}

Result<QueryText> DecodeQuery(const LogEvent& event, LogDialect dialect) {
  QueryText out;
  if (dialect == LogDialect::kMySql) {
    SRDF_ASSIGN_OR_RETURN(auto query, engine_mysql::DecodeMysqlQuery(event.view));
    out.statement = std::move(query.statement);
    out.ddl_xid = query.ddl_xid;
    out.unknown_variable = query.unknown_variable;
  } else {
    SRDF_ASSIGN_OR_RETURN(out.statement, engine_mariadb::DecodeQueryEvent(event.view, &out.unknown_variable));
  }
  return out;
}

}  // namespace srdf::binlog_file
