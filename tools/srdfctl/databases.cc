#include "srdfctl/databases.h"

#include "engine_mariadb/source_engine.h"
#include "engine_mariadb/target_engine.h"

namespace srdf::ctl {
namespace {

Result<engine::ServerEndpoint> Endpoint(const config::DatabaseConfig& database) {
  SRDF_ASSIGN_OR_RETURN(std::string password, config::ReadSecret(database));
  return engine::ServerEndpoint{database.host, database.port, database.socket, database.user,
                                std::move(password)};
}

}  // namespace

Result<std::unique_ptr<engine::SourceEngine>> OpenSource(const config::FlowConfig& flow) {
  engine_mariadb::SourceOptions options;
  SRDF_ASSIGN_OR_RETURN(options.endpoint, Endpoint(flow.source));
  for (const config::DatabaseConfig& server : config::SourceAlternates(flow)) {
    SRDF_ASSIGN_OR_RETURN(auto endpoint, Endpoint(server));
    options.alternates.push_back(std::move(endpoint));
  }
  options.server_id = flow.source_server_id;
  options.before_image = flow.before_image;
  return engine_mariadb::NewSourceEngine(std::move(options));
}

Result<std::unique_ptr<engine::TargetEngine>> OpenTarget(const config::FlowConfig& flow) {
  engine_mariadb::TargetOptions options;
  SRDF_ASSIGN_OR_RETURN(options.endpoint, Endpoint(flow.target));
  options.flow = flow.name;
  options.apply_method = engine_mariadb::ApplyMethodOf(flow.apply_method);
  return engine_mariadb::NewTargetEngine(std::move(options));
}

}  // namespace srdf::ctl
