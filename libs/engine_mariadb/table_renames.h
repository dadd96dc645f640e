// TableRenames: the tables that a statement gives other names: RENAME TABLE, and ALTER TABLE … RENAME. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/source.h"

namespace srdf::engine_mariadb {

// In the statement's order. `database` is its default database.
std::vector<engine::TableRename> FindRenames(std::string_view sql, const std::string& database);

}  // namespace srdf::engine_mariadb
