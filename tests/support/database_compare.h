// An independent check that two MariaDB servers hold the same: it reads both with plain SELECT and SHOW, and
// shares nothing with the replication under test.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/source.h"
#include "support/mariadb_server.h"

namespace srdf::test {

struct CompareOptions {
  // Only these databases; empty: all but the system's and `srdf`.
  std::vector<std::string> databases;
  bool rows = true;  // false: definitions alone, and the state of sequences
};

// Empty when equal, else the first difference in words. Compares the set of databases, their character sets,
// the definition of every table (without its AUTO_INCREMENT counter), sequence, view, trigger, routine and
// event (without its status), and every row of every table: in primary key order, side by side, as a stream;
// without a primary key as a multiset of row hashes. Values are compared as stored bytes, floats exactly.
Result<std::string> Differences(const MariaDbServer& a, const MariaDbServer& b,
                                const CompareOptions& options = {});

// What one database holds, as far as it was compared.
struct DatabaseCounts {
  uint64_t tables = 0, views = 0, sequences = 0, triggers = 0, routines = 0, events = 0, rows = 0;
};

// As above, between any two servers. A table with a primary key takes no memory, one without takes 32 bytes a
// row. `counts`, by database of the first server, may be null.
Result<std::string> Differences(const engine::ServerEndpoint& a, const engine::ServerEndpoint& b,
                                const CompareOptions& options, std::map<std::string, DatabaseCounts>* counts);

}  // namespace srdf::test
