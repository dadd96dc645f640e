// Questions to information_schema whose answers leave nothing out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

// Runs an information_schema query. The server leaves out a table that it cannot open and says so in a mere
// warning; an answer with such warnings is no answer: nothing is returned, ask again later.
Result<std::optional<std::vector<ResultRow>>> QueryWhole(Connection* connection, const std::string& sql);

// The value, empty for NULL.
const std::string& Text(const Value& value);

}  // namespace srdf::engine_mariadb
