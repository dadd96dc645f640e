// SqlTable: what SQL apply has to know of a table at the target before it may write to it.
//
// Read once per table and wagon from information_schema; plain values.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/sql_literal.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

struct SqlTable {
  struct Column {
    SqlColumn sql;
    std::string quoted_name;
    bool visible = false;         // false: a column of the server's own making, which SQL cannot name
    bool generated = false;       // written by the server alone
    bool changes_itself = false;  // ON UPDATE CURRENT_TIMESTAMP
  };

  std::string quoted_name;      // `database`.`table`
  std::vector<Column> columns;  // by the ordinals of the schema's columns
  bool sequence = false;
  bool system_versioned = false;
  // Names of triggers by what fires them.
  std::string insert_triggers, update_triggers, delete_triggers;
  // The engine looks at the primary key before any other unique key when a row is inserted. It is not so
  // where a unique key is checked by the server's upper layer: over long texts (by hash) and WITHOUT
  // OVERLAPS.
  bool primary_key_checked_first = false;
};

// kFailedPrecondition when a column of the schema is not at the target.
Result<SqlTable> LoadSqlTable(Connection* connection, const TableSchema& schema);

}  // namespace srdf::engine_mariadb
