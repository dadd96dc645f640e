#include "engine_mariadb/target_engine.h"

#include <utility>

#include "engine_mariadb/connection.h"
#include "engine_mariadb/ddl_applier.h"
#include "engine_mariadb/target_preflight.h"
#include "engine_mariadb/target_schema.h"
#include "engine_mariadb/target_session.h"

namespace srdf::engine_mariadb {

namespace {

class MariaDbTargetEngine : public engine::TargetEngine {
 public:
  explicit MariaDbTargetEngine(TargetOptions options) : options_(std::move(options)) {}

  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    SRDF_ASSIGN_OR_RETURN(auto connection, Connection::Open(options_.endpoint, {}));
    return TargetPreflight(connection.get());
  }

  Result<std::unique_ptr<engine::TargetSession>> Connect() override {
    SRDF_ASSIGN_OR_RETURN(auto connection, Connection::Open(options_.endpoint, {}));
    SRDF_RETURN_IF_ERROR(PrepareTargetSession(connection.get(), options_.origin_server_id));
    SRDF_RETURN_IF_ERROR(EnsureTargetSchema(connection.get()));
    SRDF_ASSIGN_OR_RETURN(auto session, MariaDbTargetSession::Create(std::move(connection), options_));
    return std::unique_ptr<engine::TargetSession>(std::move(session));
  }

 private:
  const TargetOptions options_;
};

}  // namespace

std::unique_ptr<engine::TargetEngine> NewTargetEngine(TargetOptions options) {
  return std::make_unique<MariaDbTargetEngine>(std::move(options));
}

}  // namespace srdf::engine_mariadb
