// TableSchema: what the rows of one table look like at their place in the log.
//
// It travels once per wagon (and once per feed), so that every wagon can be read on its own. Columns carry
// what a reader needs to decode an image; `engine_meta` is the engine's own description, opaque to
// everybody but its adapter (MariaDB: the TABLE_MAP event body after the table id and flags).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf {

struct Column {
  std::string name;        // empty: not known; then the sign is not known either
  uint8_t type = 0;        // engine type code (MariaDB: enum_field_types, real type for ENUM/SET)
  uint16_t type_meta = 0;  // engine type metadata (MariaDB: table-map metadata, as read little-endian)
  bool is_unsigned = false;
  bool nullable = false;
  uint16_t collation = 0;           // engine collation id of character columns, 0 when not one
  std::vector<std::string> labels;  // ENUM and SET strings
  // A virtual column that the images of a snapshot leave out. Always false in the schemas of a log, which
  // does not say so, and whose images have such columns too.
  bool generated = false;
  friend bool operator==(const Column&, const Column&) = default;
};

enum class KeyKind : uint8_t {
  kNone = 0,           // no usable logical key: changes are kept as they came
  kPrimary = 1,        // primary key
  kUniqueNotNull = 2,  // first unique key without nullable columns
};

struct TableSchema {
  uint32_t table_ref = 0;  // number of this schema within its feed or wagon; row runs refer to it
  std::string database;
  std::string table;
  std::vector<Column> columns;
  KeyKind key_kind = KeyKind::kNone;
  std::vector<uint16_t> key_columns;  // ordinals, in table order
  // True when a unique key other than the logical key exists: rows that free and take unique values must
  // be deleted before they are inserted.
  bool has_secondary_unique = false;
  // Tables that foreign keys connect, directly or over others, share a number; tables of different groups
  // cannot touch each other by a cascade or a check. 0: not known, may be connected to any table.
  uint32_t constraint_group = 0;
  std::string engine_meta;
  // The foreign keys that change rows of other tables (or of this one) when a row here is deleted or updated,
  // in the engine's words, sorted; nothing when they are not known for certain.
  std::optional<std::vector<std::string>> acting_foreign_keys;

  friend bool operator==(const TableSchema&, const TableSchema&) = default;
};

// The columns that the images of a snapshot have (engine/snapshot.h), as a bitmap of a row run: all but
// those that are left out.
std::string SnapshotColumns(const TableSchema& schema);

// Flat encoding, docs/formats/change-stream.md.
void EncodeTableSchema(const TableSchema& schema, std::string* out);
Result<TableSchema> DecodeTableSchema(ByteView in);

}  // namespace srdf
