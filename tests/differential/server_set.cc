#include "differential/server_set.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace srdf::differential {

namespace {

namespace fs = std::filesystem;
using engine_mariadb::Connection;
using test::MariaDbServer;
using test::MariaDbServerOptions;

Result<std::unique_ptr<MariaDbServer>> StartOne(uint32_t server_id, bool log_bin) {
  MariaDbServerOptions options;
  options.server_id = server_id;
  options.log_bin = log_bin;
  options.config = {
      "innodb_flush_log_at_trx_commit=0",
      "innodb_flush_method=nosync",
      "innodb_buffer_pool_dump_at_shutdown=0",
      "sync_frm=0",
      "log_warnings=0",
      "log_bin_trust_function_creators=1",
      "event_scheduler=OFF",
      "slave_net_timeout=30",
  };
  if (log_bin) options.config.emplace_back("sync_binlog=0");
  return MariaDbServer::Start(options);
}

// Files that SELECT … INTO OUTFILE left in database directories: DROP DATABASE would stumble over them.
void RemoveOutfiles(const MariaDbServer& server, const std::string& database) {
  static const std::vector<std::string> kOwn = {".frm", ".ibd", ".MAI", ".MAD", ".MYI", ".MYD", ".TRG",
                                                ".TRN", ".par", ".opt", ".CSV", ".CSM", ".isl"};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(server.datadir() + "/" + database, error)) {
    const std::string extension = entry.path().extension();
    if (std::find(kOwn.begin(), kOwn.end(), extension) == kOwn.end()) fs::remove(entry.path(), error);
  }
}

Status RollBackPrepared(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const auto prepared, connection->Query("XA RECOVER FORMAT='SQL'"));
  for (const auto& row : prepared) {
    SRDF_RETURN_IF_ERROR(connection->Execute("XA ROLLBACK " + row.back().value_or("")));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ServerSet>> ServerSet::Start(const std::vector<std::string>& apply_methods) {
  // Files are made and removed all the time: in memory that takes half the time.
  struct statvfs memory {};
  if (statvfs("/dev/shm", &memory) == 0 && memory.f_bavail * memory.f_frsize > (4ull << 30)) {
    setenv("SRDF_TEST_TMPDIR", "/dev/shm", 0);
  }
  auto set = std::unique_ptr<ServerSet>(new ServerSet);
  SRDF_ASSIGN_OR_RETURN(set->source_, StartOne(1, true));
  SRDF_ASSIGN_OR_RETURN(set->replica_, StartOne(2, false));
  uint32_t server_id = 3;
  for (const std::string& method : apply_methods) {
    SRDF_ASSIGN_OR_RETURN(auto server, StartOne(server_id++, false));
    set->targets_.push_back({method, std::move(server)});
  }
  return set;
}

Status ServerSet::Sweep(MariaDbServer* server) const {
  auto opened = server->Connect();
  if (!opened.ok()) {  // it has died in an earlier scenario, which has reported it
    server->Kill();
    SRDF_RETURN_IF_ERROR(server->Restart());
    opened = server->Connect();
  }
  if (!opened.ok()) return opened.status();
  const auto connection = std::move(opened).value();
  SRDF_RETURN_IF_ERROR(connection->Execute("SET SESSION foreign_key_checks=0, sql_log_bin=0"));
  if (server == replica_.get()) {
    SRDF_RETURN_IF_ERROR(connection->Execute("STOP SLAVE"));
    SRDF_RETURN_IF_ERROR(connection->Execute("RESET SLAVE ALL"));
  }
  SRDF_RETURN_IF_ERROR(RollBackPrepared(connection.get()));
  SRDF_ASSIGN_OR_RETURN(const auto databases,
                        connection->Query("SELECT schema_name FROM information_schema.schemata WHERE "
                                          "schema_name NOT IN ('mysql','information_schema',"
                                          "'performance_schema','sys')"));
  for (const auto& row : databases) {
    const std::string name = row[0].value_or("");
    RemoveOutfiles(*server, name);
    SRDF_RETURN_IF_ERROR(connection->Execute("DROP DATABASE " + Connection::QuoteIdentifier(name)));
  }
  return {};
}

Status ServerSet::Reset(const RunOptions& options) {
  SRDF_RETURN_IF_ERROR(Sweep(source_.get()).WithContext("source"));
  SRDF_RETURN_IF_ERROR(Sweep(replica_.get()).WithContext("replica"));
  for (Target& target : targets_) {
    SRDF_RETURN_IF_ERROR(Sweep(target.server.get()).WithContext("target " + target.apply_method));
  }
  return source_->Execute({"RESET MASTER", "SET GLOBAL binlog_row_image=" + options.row_image,
                           "SET GLOBAL binlog_row_metadata=" + options.row_metadata,
                           "SET GLOBAL log_bin_compress_min_len=10",
                           std::string("SET GLOBAL log_bin_compress=") + (options.log_compressed ? "1" : "0"),
                           // A position needs a GTID.
                           "CREATE DATABASE differential_start", "DROP DATABASE differential_start"});
}

std::string ServerSet::Dead() const {
  const auto describe = [](const std::string& name, const MariaDbServer& server) {
    return server.Connect().ok() ? std::string()
                                 : "the " + name + " server has died:\n" + server.ErrorLogTail();
  };
  std::string dead = describe("source", *source_) + describe("replica", *replica_);
  for (const Target& target : targets_) dead += describe("target " + target.apply_method, *target.server);
  return dead;
}

}  // namespace srdf::differential
