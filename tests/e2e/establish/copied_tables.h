// CopiedTables: the database that the establish tests copy, and who writes to it meanwhile.
//
// Tables of the kinds that are copied in different ways: a large one by an integer, one by a composite key of
// text, some that foreign keys connect (one whose key a cascade changes, one that is only checked), one that
// refers to itself, one without a key, an empty one, one with partitions; and a view, triggers, a routine and
// an event.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "base/status.h"
#include "support/mariadb_server.h"

namespace srdf::test {

// Makes the database `copied` with about this many rows in all.
Status MakeCopiedTables(const MariaDbServer& server, uint64_t rows);

// Inserts, updates (of keys, too) and deletes rows of every table, all over their keys, and now and then
// renames, exchanges, makes or drops a table, until it is stopped.
// The server may go away and come back.
class CopiedTablesWriter {
 public:
  // About `rate` transactions a second.
  CopiedTablesWriter(const MariaDbServer& server, uint64_t rows, uint64_t rate, uint64_t seed);
  ~CopiedTablesWriter();
  // Ends it; the number of transactions that were committed.
  uint64_t Stop();
  // The longest that one statement or commit took.
  double slowest_seconds() const { return slowest_us_ / 1e6; }

 private:
  void Run(const std::stop_token& stop);
  static std::string TableStatement(uint64_t number);
  std::string Statement(uint64_t number);

  const MariaDbServer& server_;
  const uint64_t rows_;
  const uint64_t rate_;
  uint64_t state_;
  std::atomic<uint64_t> transactions_{0};
  std::atomic<uint64_t> slowest_us_{0};
  std::jthread thread_;
};

}  // namespace srdf::test
