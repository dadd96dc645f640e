// TableRenames: what statements do with tables as a whole: give them other names (RENAME TABLE, ALTER TABLE …
// RENAME), make a table of a partition or the reverse (ALTER TABLE … EXCHANGE PARTITION, CONVERT). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/source.h"

namespace srdf::engine_mariadb {

// In the statement's order. `database` is its default database.
std::vector<engine::TableRename> FindRenames(std::string_view sql, const std::string& database);
// Both tables, or none.
std::vector<engine::TableId> FindPartitionMoves(std::string_view sql, const std::string& database);

}  // namespace srdf::engine_mariadb
