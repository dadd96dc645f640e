// A load on a MariaDB server: what is wanted, what was done, and the three ways to make it.
//
// Each call blocks until it is done, or stopped by the token: then the report says how far it came.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "engine/source.h"

namespace srdf::loadgen {

struct Report {
  uint64_t seed = 0;
  double seconds = 0;
  uint64_t transactions = 0;  // committed
  uint64_t rows = 0;          // inserted, matched by an update, deleted; cascades are not counted
  uint64_t rolled_back = 0;   // on purpose
  uint64_t deadlocks = 0;     // rolled back by the server; the load goes on
  uint64_t refused = 0;       // statements that clashed with a key; their transactions go on
  uint64_t ddl = 0;           // DDL statements
  uint64_t reconnects = 0;
  uint64_t unknown = 0;  // COMMITs whose answer was lost with the connection
  double slowest_commit_seconds = 0;

  void Add(const Report& other);
  std::string ToJson() const;
};

struct LoadOptions {
  engine::ServerEndpoint server;
  std::string database = "shop";
  unsigned threads = 4;
  uint64_t seed = 1;
  double seconds = 30;            // 0: until stopped
  uint64_t rate = 0;              // transactions per second, of all threads together; 0: as fast as it goes
  bool ddl = true;                // DDL in the middle
  bool reconnect = false;         // the server may go away and come back
  double reconnect_seconds = 60;  // how long it may stay away
  // Called about once a second, on a thread of the load.
  std::function<void(const Report&)> progress;
};

// Creates the database with its first rows; drops what was there.
Status Init(const LoadOptions& options);
// Many kinds of transactions from several threads, for options.seconds.
Result<Report> RunMixed(const LoadOptions& options, std::stop_token stop = {});
// Exactly `transactions` small transactions. `seconds` and `ddl` do not matter.
Result<Report> RunBacklog(const LoadOptions& options, uint64_t transactions, std::stop_token stop = {});
// One transaction with about `megabytes` MB of rows.
Result<Report> RunHugeTransaction(const LoadOptions& options, uint64_t megabytes, std::stop_token stop = {});

}  // namespace srdf::loadgen
