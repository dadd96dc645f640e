#include "engine_mariadb/table_judgement.h"

#include <algorithm>

namespace srdf::engine_mariadb {

TableJudgement JudgeTable(const TableMap& map, const TableFacts& facts) {
  TableJudgement j;
  // Rows that other rows depend on in ways that are not modelled keep their order.
  j.in_place = facts.engine != "InnoDB" || facts.system_versioned || facts.sequence;
  const auto sorted = [](std::vector<uint16_t> columns) {
    std::sort(columns.begin(), columns.end());
    return columns;
  };
  const TableFacts::UniqueKey* logical = nullptr;
  for (const auto& key : facts.unique_keys) {
    const bool generated = std::any_of(key.columns.begin(), key.columns.end(),
                                       [&](uint16_t c) { return facts.columns[c].generated; });
    if (generated || (key.primary && key.partial)) j.in_place = true;
    if (key.primary) {
      logical = &key;
      j.key_kind = KeyKind::kPrimary;
    }
  }
  // Without a primary key the server lets a unique key without NULLs take its place, and says in the log
  // which one.
  for (const auto& key : facts.unique_keys) {
    if (logical != nullptr) break;
    if (key.nullable || key.partial) continue;
    if (!map.primary_key.empty() && sorted(key.columns) != map.primary_key) continue;
    logical = &key;
    j.key_kind = KeyKind::kUniqueNotNull;
  }
  if (logical != nullptr) j.key_columns = sorted(logical->columns);
  j.logical = logical;
  for (const auto& key : facts.unique_keys) {
    if (&key == logical) continue;
    j.has_secondary_unique = true;
    j.unique_columns.insert(j.unique_columns.end(), key.columns.begin(), key.columns.end());
  }
  std::sort(j.unique_columns.begin(), j.unique_columns.end());
  j.unique_columns.erase(std::unique(j.unique_columns.begin(), j.unique_columns.end()),
                         j.unique_columns.end());
  // The log and the catalogue must agree on the primary key, or one of them is of another time.
  if (map.has_names &&
      (map.primary_key_has_prefix || (!map.primary_key.empty() && map.primary_key != j.key_columns) ||
       (map.primary_key.empty() && j.key_kind == KeyKind::kPrimary))) {
    j.in_place = true;
  }
  return j;
}

}  // namespace srdf::engine_mariadb
