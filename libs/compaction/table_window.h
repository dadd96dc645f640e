// TableWindow: one table's part of a window: its schema, and its rows folding within the current segment.
//
// Rows go in by Fold, one run at a time; Settle turns what they came to into net rows and makes the table
// ready for the next segment. Net rows are views into the window. Before-image bitmaps are numbered per
// table, over all segments. One thread.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "compaction/key_histories.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/wagon.h"

namespace srdf::compaction {

// What is left of a row after folding; only the images that its operation has.
struct NetRow {
  const char* before_data = nullptr;
  const char* after_data = nullptr;
  uint32_t before_bytes = 0;
  uint32_t after_bytes = 0;
  uint32_t before_bitmap = 0;

  ByteView before() const { return {before_data, before_bytes}; }
  ByteView after() const { return {after_data, after_bytes}; }
};

// Net rows [first, first + count) that can share a run.
struct NetRange {
  RowOp op{};
  uint8_t flags = 0;
  uint32_t before_bitmap = 0;
  size_t first = 0;
  size_t count = 0;
};

class TableWindow {
 public:
  TableWindow(const TableSchema& schema, std::string encoded_schema);

  const TableSchema& schema() const { return schema_; }
  const std::string& encoded_schema() const { return encoded_schema_; }
  bool keyless() const { return schema_.key_kind == KeyKind::kNone; }
  ByteView before_bitmap(uint32_t number) const { return before_bitmaps_[number]; }
  ByteView full_bitmap() const { return full_bitmap_; }

  // A bitmap that is not of the table would make a reader take one column's bytes for another's.
  Status CheckShape(const RowRunHeader& header) const;
  // May its rows be folded (or, without a logical key, moved within a segment)?
  bool Mergeable(const RowRunHeader& header) const;

  // Counts every row of the run into *manifest, and no more.
  static Status Count(RowRunReader* run, TableManifest* manifest);
  // The same, and folds every row into its key's history. The run is mergeable, the table has a key.
  Status Fold(RowRunReader* run, TableManifest* manifest);

  // Appends the segment's net effect to *rows, and the ranges of it in the order in which they have to be
  // applied. The next segment may begin.
  void Settle(std::vector<NetRow>* rows, std::vector<NetRange>* ranges);

 private:
  Status FoldRow(RowOp op, const Row& row, uint32_t bitmap);
  uint32_t BitmapNumber(ByteView bitmap);
  NetEffect EffectOf(const KeyHistory& history) const;
  void AddRange(RowOp op, std::initializer_list<NetEffect> effects, std::vector<NetRow>* rows,
                std::vector<NetRange>* ranges);
  Status Broken(const std::string& what) const;
  Status Impossible(ByteView key, RowOp op) const;

  const TableSchema schema_;
  const std::string encoded_schema_;
  const std::string full_bitmap_;
  std::vector<ByteView> before_bitmaps_;

  // of the current segment
  KeyHistories keys_;
  uint8_t segment_flags_ = 0;
};

}  // namespace srdf::compaction
