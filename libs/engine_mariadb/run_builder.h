// RunBuilder: turns rows events into row runs of the change stream.
//
// The images stay as they are; what is added per row is the logical key, whether a unique value changed and
// whether the row may be merged. Rows of consecutive events go into one run as long as table, operation,
// flags and bitmaps are the same. Nothing is allocated per row. Driven by the reader's thread.
//
// With `full_before` false, updates and deletes of a table with a primary key that may be merged carry of the
// before image only the key's columns, and updates that move neither the key nor a unique value carry of the
// after image only the columns that change (changed_columns.h), but for `whole_after`; everything else keeps
// the whole images.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "engine_mariadb/changed_columns.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/rows_event.h"
#include "engine_mariadb/table_registry.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

class RunBuilder {
 public:
  // Appends to *out, which lives longer.
  RunBuilder(std::string* out, bool full_before, bool whole_after = false)
      : out_(out), full_before_(full_before), whole_after_(whole_after), writer_(out) {}

  // Appends the rows of one event, before them the table's schema if it was not handed on yet. `in_place`
  // forces the flag. kDataLoss when the rows do not fit the table, or there are none; kFailedPrecondition
  // for an inserted row whose image has no columns.
  // Partial images keep their bitmaps. They are left in place where the compactor could not unite them by
  // column: without a logical key, and when an update without all columns changes the key or a unique value.
  Status Add(const RowsEvent& event, TableUse* table, bool in_place);
  // Ends the run in progress. Needed before anything else is appended to the buffer, or it is cut.
  void Close();

  uint64_t rows() const { return rows_; }
  // The caller, after Close, cut the buffer back to where rows() was `rows`.
  void CutBackTo(uint64_t rows) { rows_ = rows; }

 private:
  struct Shape {  // what one run has in common
    uint32_t table_ref = 0;
    RowOp op{};
    uint8_t flags = 0;
    bool key_only = false;
    friend bool operator==(const Shape&, const Shape&) = default;
  };

  Status AddRow(const RowsEvent& event, TableUse* table, uint8_t base_flags, ByteView* rest);
  void Open(const Shape& shape, const RowsEvent& event, ByteView bitmap_after, const TableUse& table);

  std::string* const out_;
  const bool full_before_;
  const bool whole_after_;
  RowRunWriter writer_;
  Shape shape_;                // of the open run
  std::string bitmap_before_;  // of the open run, as in the event
  std::string bitmap_after_;   // of the open run, as it is
  uint64_t rows_ = 0;

  // Scratch, kept for its capacity.
  PresentColumns present_before_, present_after_;
  RowSlices slices_before_, slices_after_;
  ChangedColumns changed_;
  std::string key_before_, key_after_, key_image_, key_bitmap_;
};

}  // namespace srdf::engine_mariadb
