// NativeReplica: the second oracle: MariaDB's own replication of the source, stopped where a wagon ends.
//
// Each AdvanceTo runs `START SLAVE UNTIL master_gtid_pos=…` and waits until the SQL thread has stopped there
// (https://mariadb.com/kb/en/start-replica/: UNTIL master_gtid_pos stops exactly at the GTID position).
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "support/mariadb_server.h"

namespace srdf::differential {

class NativeReplica {
 public:
  NativeReplica(const test::MariaDbServer& source, const test::MariaDbServer& replica)
      : source_(source), replica_(replica) {}

  // Replication starts after this position. The replica holds what the source held there.
  Status Begin(const std::string& gtid_position);
  // kAborted: the replica itself cannot execute the source's log; the message is its own.
  Status AdvanceTo(const std::string& gtid_position);

 private:
  const test::MariaDbServer& source_;
  const test::MariaDbServer& replica_;
  std::unique_ptr<engine_mariadb::Connection> connection_;
};

}  // namespace srdf::differential
