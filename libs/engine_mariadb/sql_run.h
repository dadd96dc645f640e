// SqlRun: the rows of one run as SQL statements that do what the row events would do.
//
//   insert   INSERT … VALUES (…),(…)                        row by row in order, as the events
//   update   INSERT … VALUES (…),(…) ON DUPLICATE KEY UPDATE c=VALUES(c),…
//                                                           where that is an update for certain, see below
//            UPDATE … SET … WHERE key                       else
//   delete   DELETE … WHERE key IN (…)                      only without foreign-key checks: nothing cascades
//            DELETE … WHERE key                             else: a cascade must meet its rows in their order
//   a sequence's one row             INSERT … SELECT new values, or those it has, FROM itself: images have
//   the
//                                    columns that have changed, and a sequence takes no UPDATE
//   without a key, one statement per row: WHERE all columns are equal to the bit … LIMIT 1
//
// INSERT … ON DUPLICATE KEY UPDATE is the fast form of many updates, and hits the wrong row when another
// unique key than the primary one clashes. It is used only when the whole new row is known, its primary key
// is the old one's, and the table has no other unique key. Then each row, in order, either finds its own row
// and updates it as UPDATE would (with the same cascades), or its row is missing, which shows in the count of
// duplicates. Columns are always named. Generated ones are never written: what the target computes for a
// stored one may depend on its session (a TIMESTAMP's hour), so a SELECT behind the statement counts the rows
// where it is not the image's; there has to be none. docs/adr/0005-sql-apply.md has
// the reasons. Pure but for the batch that it appends to.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/sql_batch.h"
#include "engine_mariadb/sql_table.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// A table of a wagon, with what is needed to read its images and to write to it.
struct SqlTarget {
  TableSchema schema;
  SqlTable sql;
  RowLayout layout;
};

class SqlRun {
 public:
  // `target`, and what `header` views, outlive the run. A statement is ended when it has
  // `statement_bytes_max`.
  SqlRun(const SqlTarget* target, const RowRunHeader& header, size_t statement_bytes_max, SqlBatch* batch);

  // Appends the row; its views live until Close.
  Status Add(const Row& row);
  // Ends the open statement; before_ and after_ are then those of any of its rows.
  Status Close();

  // A query for the number of rows that are exactly the row's after image (and have its key).
  Result<std::string> CountQuery(const Row& row);

 private:
  enum class Open { kNothing, kInsert, kUpsert, kDelete };

  Status Take(const Row& row);
  bool Upserts() const;  // of the row taken
  // No statement can store one; a column that was added as NOT NULL has it, and keeps it in an update.
  bool IsEmptyGeometry(uint16_t ordinal) const;
  Status OpenStatement(Open kind);
  Status AppendTuple(const std::vector<uint16_t>& ordinals, const RowSlices& from, SqlUse use);
  // Whole statements for the row taken; begun by the caller.
  Status AppendUpdate();
  Status AppendDelete();
  // A sequence's row is replaced as a whole: what a partial image lacks is the row's own.
  Status AppendSequence();
  // Of the row taken, once it is written: its stored generated columns have the values of the image. Asked
  // behind the statement.
  Status AddStoredCheck();
  std::vector<uint16_t> ColumnsThatFindTheRow() const;
  // What the column holds when the change is done, as far as the images say.
  const RowSlices::Slice& ValueNow(uint16_t ordinal) const;
  void EndStoredChecks();
  // " WHERE …" that finds the old row.
  Status AppendWhere(std::string* out);
  Status AppendValue(uint16_t ordinal, const RowSlices& from, SqlUse use, std::string* out) const;
  Status Named(uint16_t ordinal, const Status& status) const;
  bool IsKey(uint16_t ordinal) const;

  const SqlTarget* const target_;
  const RowRunHeader header_;
  const size_t statement_bytes_max_;
  SqlBatch* const batch_;
  PresentColumns before_present_, after_present_;
  std::vector<uint16_t> written_;  // columns of the after image that SQL may write
  std::vector<uint16_t> stored_;   // generated columns of the after image that are kept in the row
  bool may_upsert_ = false;
  // The image that finds the row has the schema's key. It need not: where the log names no key, and a table
  // has several unique keys without NULLs, a MINIMAL image may have another one of them.
  bool keyed_ = false;
  bool may_group_deletes_ = false;

  RowSlices before_, after_;  // of the row taken
  Open open_ = Open::kNothing;
  size_t open_at_ = 0;  // in the batch's text
  uint64_t open_rows_ = 0;
  Row first_row_;              // of the open statement
  std::string stored_checks_;  // conditions of rows that the target has computed otherwise
};

}  // namespace srdf::engine_mariadb
