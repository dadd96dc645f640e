// TableWindow: one table's part of a window: its schema, and its rows folding within the current segment.
//
// Rows go in by Fold, one run at a time; Settle turns what they came to into net rows and makes the table
// ready for the next segment. Net rows are views into the window, or into images that were merged here.
// Bitmaps are numbered per table, over all segments. One thread.
#pragma once

#include <compare>
#include <deque>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "compaction/compactor.h"
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
  uint32_t after_bitmap = 0;

  bool SameBitmaps(const NetRow& other) const {
    return before_bitmap == other.before_bitmap && after_bitmap == other.after_bitmap;
  }
  ByteView before() const { return {before_data, before_bytes}; }
  ByteView after() const { return {after_data, after_bytes}; }
};

// Net rows [first, first + count) that can share a run.
struct NetRange {
  RowOp op{};
  uint8_t flags = 0;
  uint32_t before_bitmap = 0;
  uint32_t after_bitmap = 0;
  size_t first = 0;
  size_t count = 0;
};

class TableWindow {
 public:
  // `mergers` and `placers` live longer.
  TableWindow(const TableSchema& schema, std::string encoded_schema, const ImageMergers& mergers,
              const KeyPlacers& placers);

  const TableSchema& schema() const { return schema_; }
  const std::string& encoded_schema() const { return encoded_schema_; }
  bool keyless() const { return schema_.key_kind == KeyKind::kNone; }
  ByteView bitmap(uint32_t number) const { return bitmaps_[number]; }

  // A bitmap that is not of the table would make a reader take one column's bytes for another's.
  Status CheckShape(const RowRunHeader& header) const;
  // May the rows of a run just opened be folded (or, without a logical key, moved within a segment)?
  Result<bool> Mergeable(const RowRunReader& run);

  // Counts every row of the run into *manifest, and no more.
  static Status Count(RowRunReader* run, TableManifest* manifest);
  // The same, and folds every row into its key's history. The run is mergeable, the table has a key.
  Status Fold(RowRunReader* run, TableManifest* manifest);

  // Appends the segment's net effect to *rows, and the ranges of it in the order in which they have to be
  // applied. The next segment may begin.
  void Settle(std::vector<NetRow>* rows, std::vector<NetRange>* ranges);

 private:
  Status FoldRow(RowOp op, const Row& row, uint32_t before_bitmap, uint32_t after_bitmap);
  Status FoldUpdate(const Row& row, uint32_t before_bitmap, uint32_t after_bitmap, KeyHistory* history);
  // The update's image over what the history has.
  Status MergeAfter(const Row& row, uint32_t after_bitmap, KeyHistory* history);
  bool CanMergeImages();
  uint32_t BitmapNumber(ByteView bitmap);
  uint32_t UnionOf(uint32_t a, uint32_t b);
  NetEffect EffectOf(const KeyHistory& history) const;
  // Fills order_, unless the keys came in the order of their rows.
  void SortByPlace();
  void AddRange(RowOp op, std::initializer_list<NetEffect> effects, std::vector<NetRow>* rows,
                std::vector<NetRange>* ranges);
  Status Broken(const std::string& what) const;
  Status Impossible(ByteView key, RowOp op) const;

  const TableSchema schema_;
  const std::string encoded_schema_;
  const std::string full_bitmap_;
  std::vector<ByteView> bitmaps_;  // by number; 0 is the full one
  std::unordered_map<ByteView, uint32_t> numbers_;
  const ImageMergers& mergers_;
  std::unique_ptr<ImageMerger> merger_;  // made for the first partial image
  bool merger_asked_ = false;
  std::deque<std::string> merged_bitmaps_;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> unions_;
  std::deque<std::string> merged_;  // images made by merging, one per key and segment
  std::string scratch_;
  const KeyPlacers& placers_;
  std::unique_ptr<KeyPlacer> placer_;  // made for the first segment of several keys
  bool placer_asked_ = false;
  struct Placed {
    uint64_t place = 0;
    uint32_t history = 0;
    friend auto operator<=>(const Placed&, const Placed&) = default;
  };
  std::vector<Placed> order_;  // while a segment is settled; empty: as the keys came

  // of the current segment
  KeyHistories keys_;
  uint8_t segment_flags_ = 0;
};

}  // namespace srdf::compaction
