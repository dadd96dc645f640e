// TableDefinition: a table as the server's catalogue describes it now, in the terms of its log: the schema
// that capture would make of its TABLE_MAP, the map itself included, and what SQL has to know to read its
// rows.
//
// Different from what capture makes of a log: virtual columns that nothing else in the table needs are
// marked (Column::generated; stored ones, and what an index or partitioning needs, are columns like any
// other); a key that is over a prefix of a column is none; foreign keys are left out
// (TableSchema::constraint_group 0, acting_foreign_keys not known), because to read them the server opens all
// of its tables.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/sql_literal.h"
#include "engine_mariadb/target_columns.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

struct TableDefinition {
  TableSchema schema;
  std::vector<SqlColumn> columns;  // by the ordinals of schema.columns
  std::string key_index;           // its name; empty: no key
};

// kNotFound: no such table. kFailedPrecondition: rows of it cannot be read as images; names the column.
// kAborted: it is locked, or was altered meanwhile.
Result<TableDefinition> ReadTableDefinition(Connection* connection, const Collations& collations,
                                            const std::string& database, const std::string& table);

}  // namespace srdf::engine_mariadb
