// Input of the stages: a change stream as capture makes it of sysbench's oltp_write_only.
//
// Tables sbtest.sbtest1 … 4 (id, k, c, pad; a secondary index on k), rows in the binlog's encoding, update
// images with the key alone before, as before_image: key has them. A transaction is sysbench's: update k of a
// row, update c of another, delete a third and insert it again; so the tables hold the same ids after any
// number of them, and every stream can be applied to the tables that CreateTablesSql makes.
//
// Deterministic by seed. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/schema.h"

namespace srdf::bench {

constexpr uint32_t kTables = 4;
constexpr uint32_t kRowsPerTable = 50'000;

enum class Load {
  kUniform,  // any row
  kHot,      // 25 rows of each table
  kInsert,   // new rows only, four in a transaction
  kOne,      // one row updated in each
};
const char* LoadName(Load load);

struct StreamOptions {
  Load load = Load::kUniform;
  uint32_t transactions = 0;
  uint32_t seed = 1;
  uint32_t first_new_id = kRowsPerTable + 1;  // of each table, with kInsert
};

// Whole records; schemas come before the first row of their table. All buffers of `cuts` together are the
// stream: some half a megabyte each, ends of whole transactions, as a feed brings them.
struct ChangeStream {
  std::vector<std::string> cuts;
  uint64_t transactions = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};
ChangeStream MakeChangeStream(const StreamOptions& options);
// Made at the first call with these; seed and first id as by default.
const ChangeStream& SharedStream(Load load, uint32_t transactions);

// table_ref 1 … kTables.
TableSchema BenchSchema(uint32_t table_ref);
// Database, tables and kRowsPerTable rows in each.
std::vector<std::string> CreateTablesSql();

}  // namespace srdf::bench
