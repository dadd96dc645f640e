// Vault: a database whose rows are easy to get wrong when they are copied, compared or repaired, and a write
// load on half of them.
//
//   accounts   INT key; nullable text, DECIMAL, DOUBLE, FLOAT, a generated column
//   prices     compound key, one part text under a case-insensitive collation
//   words      text key under a case-insensitive collation; TEXT that is longer than a page's share
//   files      VARBINARY key that begins with zero bytes; blobs, JSON
//   readings   no key at all; rows that are there several times
//
// Every row has a number, which its key (in `readings` its first column) tells. Rows with an even number are
// quiet: the load leaves them alone, so that a test knows what they must be. Odd ones lie between them.
//
// Pure but for VaultLoad.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/connection.h"

namespace srdf::test {

inline constexpr const char* kVaultTables[] = {"accounts", "prices", "words", "files", "readings"};
inline constexpr const char* kVaultDatabase = "vault";

// Creates the database; drops what was there.
std::vector<std::string> VaultSchema();
// INSERT statements for the rows with numbers `first` … `last` of each table, many rows each. The same seed
// gives the same rows.
std::vector<std::string> VaultRows(uint64_t first, uint64_t last, uint64_t seed);
// One row's values, "(…)".
std::string VaultRow(std::string_view table, uint64_t number, std::mt19937_64* random);
// The columns that VaultRow has values for.
std::string VaultColumns(std::string_view table);
// A condition that is true for the row with this number alone (in `readings` for all of its copies).
std::string VaultMatch(std::string_view table, uint64_t number);
// The number of the row with this key image; of `readings`, with this row image. Nothing when it is none.
std::optional<uint64_t> VaultNumber(std::string_view table, ByteView image);

// Transactions on rows with odd numbers up to `last`, and new ones above it, from one connection, until it is
// stopped.
class VaultLoad {
 public:
  using Connect = std::function<Result<std::unique_ptr<engine_mariadb::Connection>>()>;
  // `rate`: transactions per second; 0: as fast as it goes.
  VaultLoad(Connect connect, uint64_t last, uint64_t seed, uint64_t rate);
  // Ends it. An error is one of the load itself: what it cannot write.
  Result<uint64_t> Stop();  // committed transactions
  // Committed so far.
  uint64_t transactions() const { return transactions_; }

 private:
  Status Run(const std::stop_token& stop);
  std::vector<std::string> NextTransaction();

  const Connect connect_;
  const uint64_t last_;
  const uint64_t rate_;
  std::mt19937_64 random_;
  uint64_t next_new_;
  std::atomic<uint64_t> transactions_{0};
  Status result_;  // set when the thread has ended
  std::jthread thread_;
};

}  // namespace srdf::test
