#include "engine_mariadb/table_registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine_mariadb/statement_classifier.h"
#include "engine_mariadb/table_judgement.h"

namespace srdf::engine_mariadb {

namespace {

// Of one table map: with certain facts and without, and some more as foreign keys come and go.
constexpr size_t kNumberedMax = 8;

bool IsOldTemporal(uint8_t type) {
  switch (static_cast<FieldType>(type)) {
    case FieldType::kTime:
    case FieldType::kDateTime:
    case FieldType::kTimestamp:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<TableUse*> TableRegistry::Resolve(ByteView description) {
  auto it = tables_.find(description);
  if (it == tables_.end()) {
    auto use = std::make_unique<TableUse>();
    SRDF_ASSIGN_OR_RETURN(use->map, DecodeTableMap(description));
    use->internal = IsInternalSchema(use->map.database);
    use->schema.database = use->map.database;
    use->schema.table = use->map.table;
    use->schema.engine_meta = std::string(description);
    if (!use->internal) {
      auto layout = RowLayout::Build(use->map.columns);
      if (!layout.ok())
        return layout.status().WithContext("table " + use->map.database + "." + use->map.table);
      use->layout = std::move(*layout);
    }
    it = tables_.emplace(std::string(description), std::move(use)).first;
  }
  TableUse* use = it->second.get();
  if (!use->internal && use->facts_version != catalogue_->version()) SRDF_RETURN_IF_ERROR(ApplyFacts(use));
  return use;
}

void TableRegistry::AnnounceAgain() {
  for (auto& [description, use] : tables_) use->announced = false;
}

// Every statement makes facts uncertain for a while, so that a table is described in one way, in another, and
// then in the first way again. Who reads the stream keeps each description it was given a number for: without
// the old number, a TRUNCATE a second and a hundred tables in use would be millions of them in a day.
void TableRegistry::Number(TableUse* use, TableSchema* schema) {
  const auto known = std::find_if(use->numbered.begin(), use->numbered.end(), [&](const TableSchema& other) {
    schema->table_ref = other.table_ref;
    return *schema == other;
  });
  if (known != use->numbered.end()) return;
  schema->table_ref = ++last_ref_;
  if (use->numbered.size() == kNumberedMax) use->numbered.erase(use->numbered.begin());
  use->numbered.push_back(*schema);
}

Status TableRegistry::ApplyFacts(TableUse* use) {
  const TableMap& map = use->map;
  const std::string name = map.database + "." + map.table;
  SRDF_ASSIGN_OR_RETURN(const Catalogue::Entry* entry, catalogue_->Find(map.database, map.table));
  const TableFacts* facts = entry == nullptr ? nullptr : &entry->facts;
  const bool matches = facts != nullptr && facts->Matches(map.columns, map.has_names);

  TableSchema schema = use->schema;
  schema.columns = map.columns;
  // Names of another time would give one column's values to another (RENAME COLUMN a TO b, b TO a): without
  // certain facts the columns stay without names, and the target's own table, which is of this position,
  // decides.
  if (!map.has_names && facts != nullptr && entry->certain()) {
    if (!matches) {
      return {StatusCode::kFailedPrecondition,
              "the log has no column names for table " + name +
                  ", and the table in the source's catalogue has columns of another number or type",
              "SET GLOBAL binlog_row_metadata = FULL, then re-establish the flow"};
    }
    for (size_t i = 0; i < schema.columns.size(); ++i) {
      schema.columns[i].name = facts->columns[i].name;
      if (!map.has_signedness) schema.columns[i].is_unsigned = facts->columns[i].is_unsigned;
    }
  }
  for (size_t i = 0; matches && i < schema.columns.size(); ++i) {
    if (IsOldTemporal(schema.columns[i].type) && facts->columns[i].fractional_seconds) {
      return {
          StatusCode::kFailedPrecondition,
          "column " + schema.columns[i].name + " of table " + name +
              " has fractional seconds in the format before MariaDB 10.1; the log does not say its length",
          "ALTER TABLE " + Connection::QuoteIdentifier(map.database) + "." +
              Connection::QuoteIdentifier(map.table) + " FORCE, then re-establish the flow"};
    }
  }

  TableJudgement j;
  const bool certain = matches && entry->certain();
  if (certain) {
    j = JudgeTable(map, *facts);
  } else {
    j.in_place = true;
    j.has_secondary_unique = true;
    // The log itself names the primary key of this very position.
    if (!map.primary_key.empty() && !map.primary_key_has_prefix) {
      j.key_kind = KeyKind::kPrimary;
      j.key_columns = map.primary_key;
    }
  }
  // Without the log's own word on names, nothing proves that the columns are the same ones.
  if (!map.has_names) j.in_place = true;

  schema.key_kind = j.key_kind;
  schema.key_columns = std::move(j.key_columns);
  schema.has_secondary_unique = j.has_secondary_unique;
  schema.constraint_group = certain ? facts->constraint_group : 0;
  schema.acting_foreign_keys.reset();
  if (certain) schema.acting_foreign_keys = facts->acting_foreign_keys;
  if (use->schema.table_ref == 0 || schema != use->schema) {
    Number(use, &schema);
    use->schema = std::move(schema);
    use->announced = false;
  }
  use->in_place = j.in_place;
  use->key_only = !j.in_place && j.key_kind == KeyKind::kPrimary;
  use->unique_columns = std::move(j.unique_columns);
  use->delete_cascades = certain && facts->delete_cascades;
  use->update_cascade_columns = certain ? facts->update_cascade_columns : std::vector<uint16_t>();
  use->nontransactional_engine.clear();
  if (facts != nullptr && facts->exists && !facts->transactional && !facts->sequence) {
    use->nontransactional_engine = facts->engine.empty() ? "?" : facts->engine;
  }
  use->engine_known = facts != nullptr;
  use->facts_version = entry == nullptr || !entry->foreign_keys_known ? 0 : catalogue_->version();
  return {};
}

}  // namespace srdf::engine_mariadb
