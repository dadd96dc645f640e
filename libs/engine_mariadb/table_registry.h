// TableRegistry: everything the reader needs to know of a table to hand on its rows, built once per distinct
// table map and kept up to date with the catalogue.
//
// Where the log has no column names (binlog_row_metadata below FULL), the columns have none either until the
// catalogue's facts are certain.
//
// A TableUse combines what the log says (certain, at the row's position) with the catalogue's facts (certain
// or not). Whatever is not certain makes the table's runs "in place": never merged. Driven by the reader's
// thread; one registry per Run, because table_ref is a number within one Run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/catalogue.h"
#include "engine_mariadb/column_sets.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/table_map.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

struct TableUse {
  TableMap map;
  RowLayout layout;
  bool internal = false;  // rows of internal schemas are left out

  // With the catalogue's facts; renewed when they change.
  TableSchema schema;
  std::vector<TableSchema> numbered;  // what `schema` was, under their table_refs
  bool announced = false;             // the schema was handed on under its table_ref
  bool in_place = true;               // never merge
  bool key_only = false;              // a before image may be reduced to the key's columns
  bool delete_cascades = false;
  std::vector<uint16_t> update_cascade_columns;
  std::vector<uint16_t> unique_columns;  // of unique keys besides the logical key
  bool engine_known = false;
  // Not empty: the table's engine, now, cannot roll back.
  std::string nontransactional_engine;
  uint64_t facts_version = 0;  // 0: not all facts are known
  ColumnSets column_sets;      // of its updates
};

class TableRegistry {
 public:
  explicit TableRegistry(Catalogue* catalogue) : catalogue_(catalogue) {}

  // The table behind a table map's description; lives as long as the registry. Errors: kDataLoss for a
  // malformed map, kFailedPrecondition for a table whose rows cannot be read, with the remedy.
  Result<TableUse*> Resolve(ByteView description);
  // Schemas that were handed on may be lost (their transaction was abandoned): hand them on again.
  void AnnounceAgain();

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Status ApplyFacts(TableUse* use);
  // Gives the schema the table_ref it had, or a new one.
  void Number(TableUse* use, TableSchema* schema);

  Catalogue* const catalogue_;
  std::unordered_map<std::string, std::unique_ptr<TableUse>, Hash, std::equal_to<>> tables_;
  uint32_t last_ref_ = 0;
};

}  // namespace srdf::engine_mariadb
