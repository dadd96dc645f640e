#include "engine_mariadb/event_classifier.h"

#include <fmt/format.h>

#include "engine_mariadb/rows_event.h"

namespace srdf::engine_mariadb {

EventClass ClassifyEvent(const EventHeader& header) {
  const EventType type = header.event_type();
  if (IsRowsEvent(type)) return EventClass::kRows;
  switch (type) {
    case EventType::kFormatDescription:
      return EventClass::kFormatDescription;
    case EventType::kRotate:
      return EventClass::kRotate;
    case EventType::kGtid:
      return EventClass::kGtid;
    case EventType::kQuery:
    case EventType::kQueryCompressed:
      return EventClass::kQuery;
    case EventType::kXid:
      return EventClass::kXid;
    case EventType::kXaPrepare:
      return EventClass::kXaPrepare;
    case EventType::kTableMap:
      return EventClass::kTableMap;
    case EventType::kHeartbeat:
      return EventClass::kHeartbeat;
    case EventType::kRand:
      return EventClass::kRandomSeed;
    case EventType::kStop:  // clean shutdown of the server
    case EventType::kIgnorable:
    case EventType::kRowsQuery:
    case EventType::kAnnotateRows:      // the statement behind the rows, for people
    case EventType::kBinlogCheckpoint:  // for the server's own crash recovery
    case EventType::kGtidList:          // state at the start of a file; positions come from GTID events
    case EventType::kStartEncryption:   // events arrive decrypted
      return EventClass::kIgnored;
    default:
      return (header.flags & kEventIgnorable) != 0 ? EventClass::kIgnored : EventClass::kFatal;
  }
}

Status EventRefusal(const EventView& event, const std::string& where) {
  const std::string name =
      fmt::format("{} event (type {}) at {}", EventTypeName(event.header.type), event.header.type, where);
  switch (event.header.event_type()) {
    case EventType::kIncident: {
      const auto incident = DecodeIncident(event.body);
      return {StatusCode::kDataLoss,
              fmt::format("{}: the server says that its log lost changes: {}", name,
                          incident.ok() ? *incident : "no message"),
              "re-establish the flow by difference: source and target may differ"};
    }
    case EventType::kIntvar:
    case EventType::kUserVar:
    case EventType::kLoad:
    case EventType::kNewLoad:
    case EventType::kCreateFile:
    case EventType::kAppendBlock:
    case EventType::kExecLoad:
    case EventType::kDeleteFile:
    case EventType::kBeginLoadQuery:
    case EventType::kExecuteLoadQuery:
      return {StatusCode::kFailedPrecondition, name + ": a change was logged as a statement, not as rows",
              "SET GLOBAL binlog_format = ROW; end sessions that set binlog_format themselves; then "
              "re-establish the flow"};
    case EventType::kMysqlGtid:
    case EventType::kMysqlAnonymousGtid:
    case EventType::kMysqlPreviousGtids:
      return {StatusCode::kFailedPrecondition,
              name + ": this is a MySQL log, the source must be a MariaDB server",
              "use a MariaDB server of version 10.5 or later as the source"};
    default:
      return {StatusCode::kUnimplemented, name + " is not known to this version and not marked as ignorable",
              "upgrade SRDF to a version that knows the server's events, or switch off the server feature "
              "that logs them"};
  }
}

}  // namespace srdf::engine_mariadb
