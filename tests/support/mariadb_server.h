// MariaDbServer: a real MariaDB server of a test's own.
//
// Each server has a fresh data directory under the temporary directory (SRDF_TEST_TMPDIR, else /tmp), a free
// port on 127.0.0.1 and a socket beside its data; root connects without a password. The settings are durable
// (a commit survives Kill) and small, and replication-ready: row format, full metadata, strict GTIDs. The
// system tables are made once per user and server version and copied from then on.
//
// The verbs may be called from any thread, one at a time. The server dies with the process that started it,
// however that ends; the destructor also removes its directory (kept when SRDF_TEST_KEEP is set).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/source.h"
#include "engine_mariadb/connection.h"

namespace srdf::test {

struct MariaDbServerOptions {
  uint32_t server_id = 1;
  bool log_bin = true;
  std::string buffer_pool_size = "64M";
  // Lines for the [mariadbd] section, after the defaults and so stronger: "max_allowed_packet=1M".
  std::vector<std::string> config;
};

class MariaDbServer {
 public:
  // Returns when the server accepts connections.
  static Result<std::unique_ptr<MariaDbServer>> Start(const MariaDbServerOptions& options = {});
  ~MariaDbServer();
  MariaDbServer(const MariaDbServer&) = delete;
  MariaDbServer& operator=(const MariaDbServer&) = delete;

  // SIGKILL; returns when the process is gone. Nothing when it is not running.
  void Kill();
  // A clean shutdown; returns when the process is gone.
  Status Stop();
  // Stops cleanly when running, then starts with the same data, port and socket; after Kill, recovers.
  Status Restart();
  // Replaces the extra lines of the configuration; takes effect with the next Restart.
  void SetConfig(std::vector<std::string> lines) { options_.config = std::move(lines); }

  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  uint16_t port() const { return port_; }
  const std::string& directory() const { return directory_; }
  std::string datadir() const { return directory_ + "/data"; }
  std::string socket() const { return directory_ + "/s"; }
  // The last lines of the server's error log.
  std::string ErrorLogTail() const;

  // As root. ConnectOrDie ends the process with a message, for set-up code.
  Result<std::unique_ptr<engine_mariadb::Connection>> Connect() const;
  std::unique_ptr<engine_mariadb::Connection> ConnectOrDie() const;
  engine::ServerEndpoint Endpoint(const std::string& user = "root", const std::string& password = "") const;

  // On a fresh root connection: Execute runs each statement, Value is the first column of the first row
  // ("NULL" for none). For set-up and checks.
  Status Execute(const std::vector<std::string>& statements) const;
  Result<std::string> Value(const std::string& query) const;

 private:
  MariaDbServer(MariaDbServerOptions options, std::string directory)
      : options_(std::move(options)), directory_(std::move(directory)) {}
  Status WriteConfig() const;
  Status Launch();
  Status WaitUntilReady();

  MariaDbServerOptions options_;
  const std::string directory_;
  pid_t pid_ = 0;
  uint16_t port_ = 0;
};

}  // namespace srdf::test
