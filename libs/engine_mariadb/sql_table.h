// SqlTable: what SQL apply has to know of a table at the target before it may write to it.
//
// Read from information_schema; plain values.
#pragma once

#include <cstdint>
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
    bool stored = false;          // generated, and kept in the row
    bool changes_itself = false;  // ON UPDATE CURRENT_TIMESTAMP
  };

  std::string quoted_name;      // `database`.`table`
  std::vector<Column> columns;  // by the ordinals of the schema's columns
  bool sequence = false;
  bool system_versioned = false;
  bool transactional = false;
  // Names of triggers by what fires them.
  std::string insert_triggers, update_triggers, delete_triggers;
  // Ordinals of the primary key, in ascending order; empty when there is none (a unique key that the server
  // takes for one does not count).
  std::vector<uint16_t> primary_key;
  // An inserted row may clash with another one's unique values without having its primary key.
  bool other_unique_keys = false;
};

// All but the triggers. kFailedPrecondition when a column of the schema is not at the target.
Result<SqlTable> LoadSqlTable(Connection* connection, const TableSchema& schema);

// Anew for each wagon: a trigger may be made by hand at any time. The user sees those of tables on which it
// has the privilege TRIGGER.
Status LoadSqlTriggers(Connection* connection, const TableSchema& schema, SqlTable* table);

}  // namespace srdf::engine_mariadb
