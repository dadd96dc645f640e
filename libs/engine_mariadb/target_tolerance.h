// TolerantRows: changes of tables that are being copied, applied to what is there of them.
//
// While a copy goes on (model/copy_state.h), a table has the rows up to the copy's cursor, and of the rest
// some; each of them is as at the source. So a change of a row that is not there is left out: the row comes
// with its range, read later. An update that moves such a row to another key becomes an insert, for the new
// key may lie before the cursor. A row that is inserted where the target has one already, or one with its
// unique values (of an older life of the table, behind the cursor), takes its place. Changes of tables that
// wait for their copy are left out altogether.
//
// Foreign keys of rows that were copied may refer to rows that were not: what cannot cascade is written
// without their checks as long as any table is listed.
//
// So in a copied part a row that is missing shows as a divergence only when it is verified, not when it is
// changed. Each run of such a table costs a question or two; outside of a copy nothing is done. Driven by one
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_applier.h"
#include "engine_mariadb/target_copy.h"
#include "engine_mariadb/target_key.h"
#include "model/copy_state.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

class TolerantRows {
 public:
  // All outlive it.
  TolerantRows(Connection* connection, RowApplier* rows, KeyedTables* tables, TargetCopy* copy)
      : connection_(connection), rows_(rows), tables_(tables), copy_(copy) {}

  // The state of the copy where the wagon begins; empty: none is going on.
  Status BeginWagon(const std::string& copy_state);
  // As RowApplier::AddRun.
  Status AddRun(ByteView body);
  // The tables are not there for certain: no change before this place counts, all rows come with the copy.
  bool nothing_counts() const { return nothing_counts_; }
  // All rows added were flushed.
  void Flushed() { made_.clear(); }

 private:
  using Run = std::vector<Row>;

  Status AddInserts(const RowRunHeader& header, const Run& rows, ByteView body, KeyedTable* table);
  Status AddChangesOfPresent(const RowRunHeader& header, const Run& rows, const KeyedTable& table);
  Status AddOneByOne(const RowRunHeader& header, const Run& rows, KeyedTable* table);
  Status AddMove(const RowRunHeader& header, const Row& row, KeyedTable* table);

  // Does a row get another key, or another unique value?
  Result<bool> AnyMoves(const RowRunHeader& header, const Run& rows, const KeyedTable& table);
  // Takes the images apart into before_ and after_; what the after image lacks of the key is the old one.
  Status Split(const RowRunHeader& header, const Row& row, const KeyedTable& table);
  bool Differs(const std::vector<uint16_t>& columns) const;
  // Of conditions: is there a row of the table for which it is true?
  Result<std::vector<bool>> AreThere(const KeyedTable& table, const std::vector<std::string>& conditions);
  // Rows that are told by their key alone where the server finds them so: nothing of the others is compared.
  Status AddRun(RowRunHeader header, const Run& rows, const KeyedTable& table);
  Status FlushAll();

  Connection* const connection_;
  RowApplier* const rows_;
  KeyedTables* const tables_;
  TargetCopy* const copy_;
  std::string state_;                                  // that listed_ was made of
  std::unordered_map<std::string, TableCopy> listed_;  // by database, 0 byte, table
  std::string behind_;  // of the run's table: a condition for rows behind the cursor
  bool nothing_counts_ = false;
  std::deque<std::string> made_;  // runs that rows_ refers to
  RowSlices before_, after_;
};

}  // namespace srdf::engine_mariadb
