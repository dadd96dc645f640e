// The source's preflight: every setting and privilege that replication from this server needs, each with the
// statement that mends it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/source.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

// Asks over `connection`, as the user that will replicate. `before_image` as in SourceOptions. An error means
// that the server could not be asked.
Result<std::vector<engine::PreflightProblem>> CheckSource(Connection* connection, uint32_t replica_server_id,
                                                          const std::string& before_image);

// The privileges on *.* of the current user and its current role, as SHOW GRANTS lists them.
Result<std::set<std::string>> GlobalPrivileges(Connection* connection);

}  // namespace srdf::engine_mariadb
