// Side: one side of a comparison: snapshots of a server's tables, digested beside it.
//
// Driven by one thread at a time; two sides are driven by two threads. Errors, as the comparison takes them:
// kNotFound, kUnavailable, kDeadlineExceeded: the snapshot is gone, another pair is opened; kAborted: the
// table was altered or dropped since, look again in another pair; kCancelled: somebody wants it to end;
// others are told.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/snapshot.h"
#include "model/position.h"
#include "model/schema.h"
#include "verify/row_digest.h"
#include "verify/table_digest.h"

namespace srdf::compare {

struct TableName {
  std::string database;
  std::string table;
  friend auto operator<=>(const TableName&, const TableName&) = default;
  std::string Text() const { return database + "." + table; }
};

// Of ranges, or of keys, or of buckets.
struct RowsWanted {
  std::vector<engine::KeyRange> ranges;
  std::vector<std::string> keys;
  uint32_t buckets = 0;
  std::vector<uint32_t> bucket;
  bool with_images = false;
};

struct ReadRow {
  std::string key;  // empty in a table without one
  verify::RowHash hash;
  std::string image;  // when asked for
};

class Side {
 public:
  virtual ~Side() = default;
  // At the target: a snapshot is wanted at this mark.
  virtual Status Expect(const std::string& mark) = 0;
  // Closes a snapshot of another mark; then opens the one at the mark. Waits for it for a bounded time;
  // another call waits on. Idempotent.
  virtual Result<SourcePosition> Open(const std::string& mark) = 0;
  // What was expected last is not wanted any more either.
  virtual void Close() = 0;

  virtual Result<std::vector<engine::TableInfo>> ListTables() = 0;
  virtual Result<TableSchema> Describe(const TableName& table) = 0;
  // As verify::DigestSteps and its siblings.
  virtual Result<verify::StepsResult> Steps(const TableName& table, const engine::KeyRange& range,
                                            uint64_t rows_per_step, uint64_t rows_max) = 0;
  virtual Result<std::vector<verify::Part>> Ranges(const TableName& table,
                                                   const std::vector<engine::KeyRange>& ranges) = 0;
  virtual Result<std::vector<verify::RowDigest>> Buckets(const TableName& table, uint32_t buckets) = 0;
  // An error of `each` ends the read with that error.
  virtual Status ReadRows(const TableName& table, const RowsWanted& wanted,
                          const std::function<Status(ReadRow)>& each) = 0;
};

}  // namespace srdf::compare
