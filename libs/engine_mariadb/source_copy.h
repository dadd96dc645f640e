// What a copy of tables asks a MariaDB source besides their rows (engine/source.h): foreign keys that act,
// what stands in its way, and how busy the server is. Each function uses the caller's connection.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "engine/source.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

// kUnavailable: a table is locked, or not all foreign keys may be seen.
Result<std::vector<engine::ForeignKey>> LoadForeignKeys(Connection* connection);
Result<std::vector<engine::PreflightProblem>> FindCopyObstacles(Connection* connection, bool new_flow);
Result<uint64_t> ReadThreadsRunning(Connection* connection);

}  // namespace srdf::engine_mariadb
