// An independent check that two MariaDB servers hold the same: it reads both with plain SELECT and SHOW, and
// shares nothing with the replication under test.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "support/mariadb_server.h"

namespace srdf::test {

struct CompareOptions {
  // Only these databases; empty: all but the system's and `srdf`.
  std::vector<std::string> databases;
};

// Empty when equal, else the first difference in words. Compares the set of databases, their character sets,
// the definition of every table (without its AUTO_INCREMENT counter), sequence, view, trigger, routine and
// event (without its status), and every row of every table: in primary key order, side by side, as a stream;
// without a primary key as a multiset of row hashes. Values are compared as stored bytes, floats exactly.
Result<std::string> Differences(const MariaDbServer& a, const MariaDbServer& b,
                                const CompareOptions& options = {});

}  // namespace srdf::test
