// TableFacts: what information_schema says of a table and its table map does not: unique keys, generated
// columns, engine, and which foreign keys of other tables act on changes of this one.
//
// Plain values and the queries that fill them. TableFactsReader is driven by one thread and uses the
// caller's connection, which must see all schemas (SELECT ON *.*).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/foreign_key_graph.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

struct TableFacts {
  struct Column {
    std::string name;
    std::string data_type;  // "varchar"
    bool is_unsigned = false;
    bool generated = false;
    bool fractional_seconds = false;
  };
  struct UniqueKey {
    std::string name;
    bool primary = false;
    bool nullable = false;
    bool partial = false;                 // over a prefix of a column, or by hash
    std::vector<uint16_t> columns;        // ordinals in key order
    std::vector<uint32_t> prefixes = {};  // of each, in characters; 0: the whole column
    bool by_hash = false;
  };

  bool exists = false;
  std::string engine;
  bool sequence = false;
  bool transactional = false;  // the engine can roll back
  bool system_versioned = false;
  std::vector<Column> columns;
  std::vector<UniqueKey> unique_keys;
  // Some foreign key of another (or the same) table changes its rows when a row here is deleted.
  bool delete_cascades = false;
  // Columns whose change makes a foreign key change rows of another table.
  std::vector<uint16_t> update_cascade_columns;
  // TableSchema::constraint_group
  uint32_t constraint_group = 0;
  // TableSchema::acting_foreign_keys
  std::vector<std::string> acting_foreign_keys;

  // True when the columns are those of a table map: number, names (when the map has them) and types.
  bool Matches(const std::vector<srdf::Column>& columns_of_map, bool has_names) const;
};

// "TABLE_SCHEMA = … AND TABLE_NAME = …", in the form that makes the server open that one table. Names are
// compared by case too: information_schema's own collation would mix up `t` and `T`.
std::string WhereTable(const Connection& connection, const std::string& database, const std::string& table);

// Nothing when the table is locked right now. `exists` is false when there is no such table.
Result<std::optional<TableFacts>> LoadTableFacts(Connection* connection, const ForeignKeyGraph& graph,
                                                 const std::string& database, const std::string& table);

}  // namespace srdf::engine_mariadb
