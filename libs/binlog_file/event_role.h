// EventRole: what each event type is to a reader of the file, whichever server wrote it; and the two events
// that both write in their own way, decoded to one form. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "binlog_file/event_walker.h"
#include "engine_mariadb/binlog_event.h"
#include "engine_mysql/gtid_event.h"
#include "model/statement.h"

namespace srdf::binlog_file {

// What an event is to a reader of the file.
enum class EventRole : uint8_t {
  kFormat,     // FORMAT_DESCRIPTION
  kFileEnd,    // ROTATE, STOP
  kBegin,      // a GTID event of any kind
  kQuery,      // QUERY, plain or compressed
  kCommit,     // XID
  kXaPrepare,  // XA_PREPARE
  kTableMap,   //
  kRows,       //
  kNote,  // belongs to the transaction and is shown there: statement behind the rows, incident, LOAD DATA, …
  kAside,    // says something of the log or the server, not of a transaction
  kPayload,  // TRANSACTION_PAYLOAD: its events follow
  kIgnored,  // not known, marked as one that may be skipped
};

// Every event type has a role, or the dump ends: kUnimplemented names the event and its place.
Result<EventRole> RoleOf(const LogEvent& event, const FileFormat& format, const std::string& where);

// Start of a transaction in either dialect.
struct TransactionStart {
  std::string gtid;  // empty: anonymous
  std::optional<engine_mariadb::GtidEvent> mariadb;
  std::optional<engine_mysql::GtidEvent> mysql;
};
Result<TransactionStart> DecodeStart(const LogEvent& event, LogDialect dialect);

struct QueryText {
  Statement statement;
  std::optional<uint64_t> ddl_xid;
  std::optional<uint8_t> unknown_variable;
};
Result<QueryText> DecodeQuery(const LogEvent& event, LogDialect dialect);

}  // namespace srdf::binlog_file
