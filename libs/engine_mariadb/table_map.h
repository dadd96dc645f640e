// TableMap: what the log says of a table just before its rows: types, metadata, and with
// binlog_row_metadata=FULL names, signedness, character sets, labels and the primary key.
//
// Decoded once per distinct map (table_registry.h keeps them); rows refer to it by table id. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// The number under which rows events mark "no table": the end of a statement that changed nothing.
constexpr uint64_t kDummyTableId = 0x00ffffff;

// Field types of the optional metadata.
enum class TableMapField : uint8_t {
  kSignedness = 1,
  kDefaultCharset = 2,
  kColumnCharset = 3,
  kColumnName = 4,
  kSetLabels = 5,
  kEnumLabels = 6,
  kGeometryType = 7,
  kSimplePrimaryKey = 8,
  kPrimaryKeyWithPrefix = 9,
  kEnumAndSetDefaultCharset = 10,
  kEnumAndSetColumnCharset = 11,
  kColumnVisibility = 12,
  kVectorDimensionality = 13,
};

// A TABLE_MAP body is the table id (6 bytes), flags (2 bytes) and the description, which is
// TableSchema::engine_meta and the same for every use of an unchanged table.
struct TableMapParts {
  uint64_t table_id = 0;
  ByteView description;
};
Result<TableMapParts> SplitTableMap(ByteView body);

// Whose log it is. The lists of character sets count other columns: MariaDB's include geometry, MySQL's
// vectors.
enum class LogDialect : uint8_t { kMariaDb, kMySql };

struct TableMap {
  std::string database;
  std::string table;
  std::vector<Column> columns;  // names are empty unless has_names
  bool has_names = false;
  bool has_signedness = false;
  // Ordinals in table order; nothing when the log does not say. An empty list cannot be told from a log
  // without primary keys unless has_names (FULL).
  std::vector<uint16_t> primary_key;
  std::vector<uint16_t> primary_key_order;  // the same, in the order of the key's index
  bool primary_key_has_prefix = false;
  // For people; in table order, empty when the log does not say.
  std::vector<uint32_t> geometry_types;     // of the geometry columns: 0 GEOMETRY, 1 POINT, …
  std::vector<uint32_t> vector_dimensions;  // of the VECTOR columns
  std::vector<bool> visible;                // of all columns
};
Result<TableMap> DecodeTableMap(ByteView description, LogDialect dialect = LogDialect::kMariaDb);

}  // namespace srdf::engine_mariadb
