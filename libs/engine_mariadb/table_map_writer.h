// Writes what a TABLE_MAP event says of a table, byte for byte as a server does with binlog_row_metadata=FULL
// (tried on MariaDB 10.11; servers read each other's maps, whichever optional fields they write themselves).
//
// For rows that are not from a log: the target's server wants a map in front of every row event. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/schema.h"

namespace srdf::engine_mariadb {

struct TableMapKeyPart {
  uint16_t column = 0;
  uint32_t prefix_characters = 0;  // 0: the whole column
};

struct TableMapText {
  std::string database;
  std::string table;
  std::vector<Column> columns;               // with names and labels
  std::vector<TableMapKeyPart> primary_key;  // in its own order
  std::vector<uint32_t> geometry_types;      // of the geometry columns: 0 GEOMETRY, 1 POINT, …
};

// TableSchema::engine_meta: the event's body after the table id and flags.
std::string WriteTableMap(const TableMapText& map);

}  // namespace srdf::engine_mariadb
