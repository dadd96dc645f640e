// BeforeImages: are the rows at the target what the source's log says they were before they are changed?
//
// The server finds the row of an update or delete by its key and writes over it, whatever its other columns
// hold (trap 9): a target that somebody has written to differs a little more with every wagon. With
// `before_image: full` the log's whole before image travels, and is compared here with the row, just before
// the rows are executed, in the same transaction and under its locks.
//
// A batch of rows is one SELECT COUNT(*) … FOR UPDATE of rows that hold exactly these values (sql_literal.h:
// bytes, bits of floats); the count has to be that of the rows. Only the first change of each key in a
// statement is compared so: what comes after it is the log's own word. A batch that does not add up is no
// proof yet, since a cascade of the same statement may have changed a row in between: the owner then executes
// row by row, and asks for each row just before it.
//
// Not compared: generated columns, columns of the server's own making, system-versioned tables, sequences,
// tables without a logical key (there the server itself compares whole rows), partial before images, values
// that have no literal, and rows that are too long for one statement. Driven by one thread.
#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/sql_table.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

class BeforeImages {
 public:
  BeforeImages(Connection* connection, uint64_t packet_bytes_max);

  // What is known of the tables no longer holds.
  void Forget() { tables_.clear(); }

  // Between two statements: keys may be compared again.
  void BeginStatement();
  // Adds the next `count` rows of the reader, which are executed in this statement after those added before.
  Status Add(const TableSchema& schema, const RowRunHeader& header, RowRunReader from, uint32_t count);
  // False when some row added is not what its before image says; rows that do not exist count.
  Result<bool> AllEqual();

  // The columns in which the target's row differs from the row's before image, as JSON with the key; empty
  // when there is no difference, or no row with this key, or nothing to compare.
  Result<std::string> Difference(const TableSchema& schema, const RowRunHeader& header, const Row& row);

 private:
  struct Table {
    TableSchema schema;
    SqlTable sql;
    RowLayout layout;
    bool comparable = false;
    std::string batch;  // conditions of rows not asked for yet
    uint32_t batch_rows = 0;
  };

  Result<Table*> Find(const TableSchema& schema);
  static bool Whole(const Table& table, ByteView bitmap);
  // Takes the image apart into slices_; kDataLoss when it is not one.
  Status Split(const Table& table, ByteView bitmap, ByteView image);
  std::string KeyBytes(const Table& table) const;
  Status AppendKeyMatch(const Table& table, std::string* out) const;
  Status AppendExactMatch(const Table& table, std::string* out) const;
  Status Ask(Table* table);

  Connection* const connection_;
  const uint64_t batch_bytes_max_;
  std::map<std::pair<std::string, std::string>, Table> tables_;
  std::unordered_set<std::string> seen_;  // keys of the statement, with their table
  bool equal_ = true;
  RowSlices slices_;
  PresentColumns present_;
};

}  // namespace srdf::engine_mariadb
