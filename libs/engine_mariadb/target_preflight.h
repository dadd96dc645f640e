// What of a MariaDB target must be changed before wagons can be applied, each with the statement that does.
#pragma once

#include <vector>

#include "base/status.h"
#include "engine/source.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/target_engine.h"

namespace srdf::engine_mariadb {

// Reads only. `wanted` is the setting, `in_force` the method that will be used (not auto). An error means
// that the server could not be asked.
Result<std::vector<engine::PreflightProblem>> TargetPreflight(Connection* connection, ApplyMethod wanted,
                                                              ApplyMethod in_force);

// The global privileges in the lines of SHOW GRANTS, in upper case; "ALL PRIVILEGES" as such. `database`:
// those on this database as well.
std::vector<std::string> GrantedPrivileges(const std::vector<std::string>& grants,
                                           const std::string& database);

}  // namespace srdf::engine_mariadb
