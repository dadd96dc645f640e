// Corrupter: damages the rows of a vault (vault.h) the way that disks, hands and bugs do, and says exactly
// which rows it has damaged, so that a test can hold against it what a comparison reports.
//
// Only quiet rows (even numbers) are touched, each at most once, and nothing of it is written to the server's
// own log. Driven by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"

namespace srdf::test {

enum class CorruptionKind {
  kMissingRow,
  kExtraRow,
  kChangedNumber,
  kBlobBit,        // one bit of a blob
  kFloatLastBit,   // of a FLOAT
  kDoubleLastBit,  // of a DOUBLE
  kDecimalLastDigit,
  kTrailingSpace,
  kCase,     // of a text that compares equal
  kKeyCase,  // of a key that compares equal
  kNullAgainstEmpty,
  kJsonSpelling,  // the same document in other words
  kMicrosecond,
  kKeylessMissing,  // one copy of a row in the table without a key
  kKeylessExtra,    // one copy more
  kKeylessSwap,     // two rows of it exchange a value
};
constexpr int kCorruptionKinds = static_cast<int>(CorruptionKind::kKeylessSwap) + 1;
const char* CorruptionName(CorruptionKind kind);

struct Corruption {
  CorruptionKind kind{};
  std::string table;
  std::vector<uint64_t> numbers;  // of the rows that are damaged
  std::string what;               // in words
};

class Corrupter {
 public:
  // Even numbers up to `last` are rows of the vault; above it they are free.
  Corrupter(engine_mariadb::Connection* connection, uint64_t last, uint64_t seed)
      : connection_(connection), last_(last), next_free_(last + 2 - last % 2), random_(seed) {}

  // Each kind is used about as often as the others. An error when the rows cannot be damaged: too few of
  // them.
  Result<std::vector<Corruption>> Corrupt(int count);

 private:
  Result<Corruption> One(CorruptionKind kind);
  Result<Corruption> Change(CorruptionKind kind, const std::string& table, const std::string& assignment,
                            const std::string& only = "TRUE");
  Result<Corruption> LastBit(CorruptionKind kind);
  Result<Corruption> BlobBit();
  Result<Corruption> Missing();
  Result<Corruption> Extra();
  Result<Corruption> KeylessCopy(CorruptionKind kind);
  Result<Corruption> KeylessSwap();
  // An even number of a row of the table that was not damaged yet.
  Result<uint64_t> Fresh(const std::string& table);
  Status ExecuteOne(const std::string& sql);

  engine_mariadb::Connection* const connection_;
  const uint64_t last_;
  uint64_t next_free_;
  std::mt19937_64 random_;
  std::map<std::string, std::set<uint64_t>> used_;  // table → numbers
};

}  // namespace srdf::test
