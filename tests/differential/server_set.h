// ServerSet: the real servers of a differential run: the source, a native replica of it, and the targets.
//
// Started once and used for every scenario: Reset makes them all alike and empty. Nothing here has to survive
// a crash, so durability is off everywhere. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "differential/run_options.h"
#include "support/mariadb_server.h"

namespace srdf::differential {

class ServerSet {
 public:
  struct Target {
    std::string apply_method;  // "native" | "sql"
    std::unique_ptr<test::MariaDbServer> server;
  };

  static Result<std::unique_ptr<ServerSet>> Start(const std::vector<std::string>& apply_methods);

  // Removes everything an earlier scenario left (databases, prepared XA transactions, replication, logs) and
  // sets what the options ask of the source. A server that has died is started again.
  Status Reset(const RunOptions& options);

  const test::MariaDbServer& source() const { return *source_; }
  const test::MariaDbServer& replica() const { return *replica_; }
  const std::vector<Target>& targets() const { return targets_; }

  // Names the server that is not running any more, with the end of its log; empty when all run.
  std::string Dead() const;

 private:
  ServerSet() = default;
  Status Sweep(test::MariaDbServer* server) const;

  std::unique_ptr<test::MariaDbServer> source_;
  std::unique_ptr<test::MariaDbServer> replica_;
  std::vector<Target> targets_;
};

}  // namespace srdf::differential
