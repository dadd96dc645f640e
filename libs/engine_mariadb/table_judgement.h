// What the catalogue's facts mean for the rows of a table: which key tells them apart, and whether they may
// be merged. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "engine_mariadb/table_facts.h"
#include "engine_mariadb/table_map.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

struct TableJudgement {
  KeyKind key_kind = KeyKind::kNone;
  std::vector<uint16_t> key_columns;
  const TableFacts::UniqueKey* logical = nullptr;  // the key itself, one of the facts
  std::vector<uint16_t> unique_columns;
  bool has_secondary_unique = false;
  bool in_place = false;
};

// Only for facts that are certain and match the table map.
TableJudgement JudgeTable(const TableMap& map, const TableFacts& facts);

}  // namespace srdf::engine_mariadb
