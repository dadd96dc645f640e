// ChangedColumns: of the updates of one rows event, the columns that any of them changes, and after images of
// these columns alone, as a source with binlog_row_image=MINIMAL would write them.
//
// A counter that is moved in a wide row is then a few bytes, through window, wagon, network and the target's
// own log. The set only grows within an event, so that its rows still share a few runs: an event of rows
// (a=1) and (a=1, b=2) has the sets {a} and {a, b}, not one per row; over events column_sets.h bounds
// their number. Nothing is allocated per row. Driven by one thread.
#pragma once

#include <string>

#include "engine_mariadb/row_layout.h"

namespace srdf::engine_mariadb {

class ChangedColumns {
 public:
  // A new event begins.
  void Clear() { any_ = false; }
  // Adds what differs between two whole images of one row; false while no column of the event has differed.
  bool Add(const RowSlices& before, const RowSlices& after);
  // The columns, one bit each, as in a rows event; valid until the next Clear or Add.
  ByteView bitmap() const { return bitmap_; }
  // The image of the columns in `set`; valid until the next call.
  ByteView ImageOf(const RowSlices& row, ByteView set);

 private:
  bool any_ = false;
  std::string bitmap_;
  std::string image_;
};

}  // namespace srdf::engine_mariadb
