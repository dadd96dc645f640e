// Churn: a load on the source that makes lost or repeated work visible at the target.
//
//   ledger     no key, append only: a transaction applied twice is a row too many
//   counters   relative increments in the same transactions
//   DDL        every kind whose repetition or omission shows: swaps of names, of partitions, indexes without
//              a name, rebuilds, TRUNCATE, CREATE … SELECT, CREATE OR REPLACE, DROP of several
//   big        now and then one transaction larger than the window and than a chunk
//   clash      a statement that the target refuses, because somebody made a table there, until that
//              somebody takes it away again
//
// One thread of its own; between Stop and Start nothing is written.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>

#include "base/status.h"
#include "support/mariadb_server.h"

namespace srdf::test {

class Churn {
 public:
  enum class Focus { kAll, kBig, kClash, kQuiet };

  Churn(const MariaDbServer* source, const MariaDbServer* target, uint64_t seed)
      : source_(source), target_(target), random_(seed) {}
  ~Churn();

  // Creates database `churn` at the source.
  Status Init();
  void Start();
  // Returns when the cycle under way has ended; the first error of the source.
  Status Stop();

  // What the next cycles do: everything, or one thing only; kQuiet: next to nothing, so that the target keeps
  // up. Any thread.
  void SetFocus(Focus focus) { focus_ = focus; }

  uint64_t transactions() const { return transactions_; }
  uint64_t statements() const { return statements_; }
  uint64_t refusals() const { return refusals_; }

 private:
  Status Cycle(engine_mariadb::Connection* session);
  Status Big(engine_mariadb::Connection* session);
  Status Book(engine_mariadb::Connection* session);
  Status Clash(engine_mariadb::Connection* session);

  const MariaDbServer* const source_;
  const MariaDbServer* const target_;
  std::mt19937_64 random_;
  uint64_t cycle_ = 0;
  std::atomic<Focus> focus_{Focus::kAll};
  Status result_;  // the thread's; read after it has ended
  std::atomic<uint64_t> transactions_{0};
  std::atomic<uint64_t> statements_{0};
  std::atomic<uint64_t> refusals_{0};
  std::jthread thread_;
};

}  // namespace srdf::test
