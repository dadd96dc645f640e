// A consistent read of a server's tables: what establish, verify and repair read by.
//
// Rows come as images: of all columns but virtual ones (SnapshotColumns in model/schema.h says), in the
// engine's own encoding as it stands in the log (MariaDB: a row of a row event), so that a row read here and
// the same row read from the log or from the other side are the same bytes. A key is what a row run has as a
// row's key: the values of TableSchema::key_columns as they stand in the image, one after the other in the
// table's order, without a null bitmap. Rows are ordered by the key's index, whose columns may have another
// order. Each object is driven by one thread and holds one connection; it takes no lock that a writer waits
// for (a DDL statement on a table that is being read waits for the read).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "model/position.h"
#include "model/schema.h"

namespace srdf::engine {

struct TableInfo {
  std::string database;
  std::string table;
  uint64_t rows_estimate = 0;
  uint64_t bytes_estimate = 0;
  std::string engine;
  bool transactional = true;
  std::vector<std::string> key_columns;  // the logical key, in its index's order; empty: none
  std::string definition;                // normalised CREATE TABLE: equal text, equal table
  bool empty = false;                    // certain
};

// Rows with a key after `after` and up to `until`; empty: from the first, to the last.
struct KeyRange {
  std::string after;
  std::string until;
};

struct ReadLimits {
  uint64_t rows_max = 0;   // 0: none
  uint64_t bytes_max = 0;  // of images; at least one row is read
};

struct ReadEnd {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool complete = true;  // false: a limit was reached, and rows after last_key may follow
  std::string last_key;  // of the last row read
};

class RowSink {
 public:
  virtual ~RowSink() = default;
  // Views are valid during the call only. An error ends the read with that error.
  virtual Status Row(ByteView key, ByteView image) = 0;
};

class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // Source: the place in its log that the snapshot shows. Target: the position of the flow's checkpoint in
  // it.
  virtual const SourcePosition& position() const = 0;
  // Every table of the databases that are replicated, views not among them; by database and name.
  virtual Result<std::vector<TableInfo>> ListTables() = 0;
  // table_ref is 0. kNotFound: no such table, and the log already has the statement that took it away, if
  // there was one; kFailedPrecondition: it cannot be read as images, with the column. kAborted: it was
  // altered since the snapshot was taken: take another one.
  virtual Result<TableSchema> Describe(const std::string& database, const std::string& table) = 0;
  // Ordinals of the key's columns in the order by which ranges go. Of a schema that Describe gave; asks no
  // server.
  virtual std::vector<uint16_t> KeyOrder(const TableSchema& schema) const { return schema.key_columns; }
  // In the key's order; of a table without a key, in the server's order and without a range. Errors as
  // Describe.
  virtual Result<ReadEnd> ReadRange(const TableSchema& schema, const KeyRange& range,
                                    const ReadLimits& limits, RowSink* sink) = 0;
  // Those of these keys that there are, in any order; equal is what the server's collation says.
  virtual Result<ReadEnd> ReadKeys(const TableSchema& schema, const std::vector<std::string>& keys,
                                   RowSink* sink) = 0;
  // The key of the rows-th row behind `after` (empty: of the table), read from the key's index alone; empty
  // when there are fewer.
  virtual Result<std::string> KeyAt(const TableSchema& schema, const std::string& after, uint64_t rows) {
    return Status(StatusCode::kUnimplemented, "this engine finds no row of " + schema.table + " behind " +
                                                  std::to_string(after.size() + rows));
  }
  // Keeps the connection alive; kUnavailable when it is gone.
  virtual Status Ping() = 0;
};

}  // namespace srdf::engine
