// TableEffects: what a statement does with tables as a whole: gives them other names (RENAME TABLE, ALTER
// TABLE … RENAME), takes them away (DROP TABLE, DROP DATABASE), makes a table of a partition or the reverse
// (ALTER TABLE … EXCHANGE PARTITION, CONVERT). Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/source.h"

namespace srdf::engine_mariadb {

// `database` is the statement's default database.
engine::TableEffects FindTableEffects(std::string_view sql, const std::string& database);

}  // namespace srdf::engine_mariadb
