// MysqlQuery: a QUERY event of a MySQL log: the statement and the session context it ran in.
//
// The layout is the one both servers share; the status variables from code 12 on are MySQL's own
// (Query_event in libs/mysql/binlog/event/statement_events.{h,cpp}). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "engine_mariadb/binlog_event.h"
#include "model/statement.h"

namespace srdf::engine_mysql {

struct MysqlQuery {
  Statement statement;
  std::optional<uint64_t> ddl_xid;  // an atomic DDL statement: the transaction of the data dictionary
  std::optional<uint16_t> default_collation_for_utf8mb4;
  // A variable that this version does not know. Its length is not known either: the context may be
  // incomplete.
  std::optional<uint8_t> unknown_variable;
};
Result<MysqlQuery> DecodeMysqlQuery(const engine_mariadb::EventView& event);

// EXECUTE_LOAD_QUERY: the same with the place of the file's name in the text, which is in BEGIN_LOAD_QUERY
// and APPEND_BLOCK events before it.
struct LoadQuery {
  MysqlQuery query;
  uint32_t file_id = 0;
};
Result<LoadQuery> DecodeLoadQuery(const engine_mariadb::EventView& event);

}  // namespace srdf::engine_mysql
