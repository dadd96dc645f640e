// TargetCopy: makes room at the target for the rows of a copy, which come as insert runs behind each
// RangeCopy record (model/mark.h).
//
// Everything happens inside the wagon's transaction: a crash in between leaves nothing. Rows that are
// replaced go by one DELETE over the range of the key's index, without foreign-key checks, so that nothing
// cascades: the rows that come are those that belong there. What a RangeCopy asks for holds whatever the
// table had before.
//
// Rows outside of a range may be of another time than its rows, and have their unique values: as long as
// there are rows behind the range, those that clash with a row that comes are deleted too. At the source
// there is no such row, so it is not one of those that are as at the source; where a copy goes on, its range
// brings it back. Where a unique key is over prefixes or kept by a hash, the server finds no row by it: those
// behind the range are read, for many rows that come at a time.
//
// The user needs SELECT and DELETE on the table beside what row events need: kPermissionDenied with the
// GRANT. Where DELETE triggers would fire, rows go by row events (target_erase.h). Refused: rows of such a
// table where that is not possible, and rows of a system-versioned table, whose history would grow. Driven by
// one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_applier.h"
#include "engine_mariadb/target_key.h"
#include "model/mark.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

class TargetCopy {
 public:
  // All outlive it.
  TargetCopy(Connection* connection, RowApplier* rows, KeyedTables* tables)
      : connection_(connection), rows_(rows), tables_(tables) {}

  // A piece of the payload begins.
  void BeginPiece() { keys_done_until_ = copies_done_until_ = nullptr; }
  // A record of type kRangeCopy, and the records behind it in the same piece. Rows added before are flushed.
  Status Apply(const Record& record, std::string_view rest);
  // A run of the rows that belong to the last record given to Apply; as RowApplier::AddRun.
  Status AddRun(ByteView body);

  // Deletes rows of the table; `where` is empty or " WHERE …", and `index` the one that it is about. As said
  // above.
  Status Delete(KeyedTable* table, const std::string& where, const std::string& index);
  // Deletes rows that have a value of these rows in the unique key, which is not the logical one. `behind`:
  // only rows for which this condition on the logical key is true can have one; empty: any.
  Status DeleteClashing(KeyedTable* table, const KeyedTable::UniqueKey& key, ByteView bitmap,
                        const std::vector<ByteView>& images, const std::string& behind);
  // The row is left that the condition `but` is true for.
  Status DeleteClashing(KeyedTable* table, const KeyedTable::UniqueKey& key, const RowSlices& row,
                        const std::string& behind, const std::string& but);

  // In front of one statement, whatever the session is set to: nothing cascades, and every date is a literal.
  static constexpr char kSettings[] =
      "SET STATEMENT foreign_key_checks=0, sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00' FOR ";
  // An error of such a statement, with the remedy when it is a privilege.
  static Status Denied(const KeyedTable& table, const Status& status);

 private:
  Status ClearRange(const RangeCopy& copy, KeyedTable* table);
  // Keys come one by one, each with its row: those of the whole piece go before the first row comes. So two
  // rows may exchange a unique value.
  Status ClearKeys(const RangeCopy& first, std::string_view rest, KeyedTable* table);
  // Nothing finds a row of a table without a key but a pass over it: records that follow each other are
  // counted in one.
  Status MakeCopies(const RangeCopy& first, std::string_view rest, KeyedTable* table);
  Status MakeCopies(const RangeCopy& copy, const std::string& bitmap, uint64_t there);
  // Delete for a table with triggers.
  Status Erase(const KeyedTable& table, const std::string& where, const std::string& index);
  Result<bool> AnyRow(const KeyedTable& table, const std::string& where, const std::string& index);
  Result<bool> AnyRowBehind(const KeyedTable& table, const RangeCopy& copy);
  Status DeleteClash(KeyedTable* table, const KeyedTable::UniqueKey& key, const std::string& clash,
                     const std::string& behind);
  // The same image so many times.
  Status AddRows(const RowRunHeader& header, ByteView image, uint64_t count);

  Connection* const connection_;
  RowApplier* const rows_;
  KeyedTables* const tables_;
  bool may_clash_ = false;  // rows that come, with others
  std::string behind_;      // with which; as DeleteClashing
  // In the piece: keys of RangeCopies before it are deleted, and what clashes with their rows in scanned
  // keys.
  const char* keys_done_until_ = nullptr;
  const char* copies_done_until_ =
      nullptr;       // in the piece: RangeCopies before it that ask for copies are done
  std::string run_;  // what AddRows makes
};

}  // namespace srdf::engine_mariadb
