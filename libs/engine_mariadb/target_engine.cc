#include "engine_mariadb/target_engine.h"

#include <utility>

#include "engine_mariadb/connection.h"
#include "engine_mariadb/ddl_applier.h"
#include "engine_mariadb/mariadb_snapshot.h"
#include "engine_mariadb/target_preflight.h"
#include "engine_mariadb/target_schema.h"
#include "engine_mariadb/target_session.h"

namespace srdf::engine_mariadb {

namespace {

// The method and the origin that the user's privileges allow. What needs BINLOG REPLAY is asked of the server
// itself: privileges may come by roles.
Result<TargetOptions> InForce(Connection* connection, TargetOptions options) {
  const Status replay = connection->Execute("SET SESSION server_id=@@SESSION.server_id");
  if (!replay.ok() && replay.code() != StatusCode::kPermissionDenied) return replay;
  if (options.apply_method == ApplyMethod::kAuto) {
    options.apply_method = replay.ok() ? ApplyMethod::kNative : ApplyMethod::kSql;
  }
  if (options.apply_method == ApplyMethod::kSql && !replay.ok()) options.origin_server_id = 0;
  return options;
}

class MariaDbTargetEngine : public engine::TargetEngine {
 public:
  explicit MariaDbTargetEngine(TargetOptions options) : options_(std::move(options)) {}

  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    SRDF_ASSIGN_OR_RETURN(auto connection, Connection::Open(options_.endpoint, {}));
    SRDF_ASSIGN_OR_RETURN(const TargetOptions options, InForce(connection.get(), options_));
    return TargetPreflight(connection.get(), options_.apply_method, options.apply_method);
  }

  Result<std::unique_ptr<engine::TargetSession>> Connect() override {
    SRDF_ASSIGN_OR_RETURN(auto connection, Connection::Open(options_.endpoint, {}));
    SRDF_ASSIGN_OR_RETURN(const TargetOptions options, InForce(connection.get(), options_));
    SRDF_RETURN_IF_ERROR(PrepareTargetSession(connection.get(), options.origin_server_id));
    if (options.apply_method == ApplyMethod::kNative) {
      SRDF_RETURN_IF_ERROR(RefuseAnnotations(connection.get()));
    }
    SRDF_RETURN_IF_ERROR(EnsureTargetSchema(connection.get()));
    SRDF_ASSIGN_OR_RETURN(auto session, MariaDbTargetSession::Create(std::move(connection), options));
    return std::unique_ptr<engine::TargetSession>(std::move(session));
  }

  Result<std::unique_ptr<engine::Snapshot>> OpenSnapshot(const std::string& flow) override {
    return MariaDbSnapshot::OpenTarget(options_.endpoint, flow);
  }

 private:
  const TargetOptions options_;
};

}  // namespace

ApplyMethod ApplyMethodOf(std::string_view word) {
  if (word == "native") return ApplyMethod::kNative;
  return word == "sql" ? ApplyMethod::kSql : ApplyMethod::kAuto;
}

std::unique_ptr<engine::TargetEngine> NewTargetEngine(TargetOptions options) {
  return std::make_unique<MariaDbTargetEngine>(std::move(options));
}

}  // namespace srdf::engine_mariadb
