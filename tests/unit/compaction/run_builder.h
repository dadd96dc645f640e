// Rows, images and keys as the tests write them: every column a byte string or NULL.
//
// Image: per present column one byte (0 NULL, 1 value), then length and bytes. Key: per key column length
// and bytes, so that ("a.1", "b") and ("a", "1.b") differ.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compaction/compactor.h"
#include "compaction/payload_merger.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::compaction::test {

using Value = std::optional<std::string>;
using Values = std::vector<Value>;

// Columns c0, c1 …; `key` empty: no logical key.
TableSchema MakeSchema(uint32_t ref, const std::string& table, size_t columns, std::vector<uint16_t> key,
                       bool has_secondary_unique = false);

std::string Bitmap(size_t columns, const std::vector<uint16_t>& present);
std::string FullBitmap(size_t columns);
bool Present(ByteView bitmap, size_t column);
std::string Image(const Values& row, ByteView bitmap);
// Absent columns stay as they are in *row.
bool DecodeImage(ByteView image, ByteView bitmap, Values* row);
std::string Key(const TableSchema& schema, const Values& row);

// One change as the source's log has it.
struct Change {
  RowOp op = RowOp::kInsert;
  Values before;
  Values after;
  bool unique_changed = false;
};

// One run of changes with the same operation; images as the bitmaps say (the empty bitmap: all columns).
struct RunSpec {
  RowOp op = RowOp::kInsert;
  uint8_t flags = 0;
  std::string bitmap_before;
  std::string bitmap_after;
};

// The run's record, with keys, as capture would send it.
std::string MakeRun(const TableSchema& schema, const RunSpec& spec, const std::vector<Change>& changes);
ByteView BodyOf(ByteView record);

// For such images.
std::unique_ptr<ImageMerger> NewTestMerger(const TableSchema& schema);
std::unique_ptr<KeyReader> NewTestKeyReader(const TableSchema& schema);
// Places that have nothing to do with the table: any order of rows must do.
std::unique_ptr<KeyPlacer> NewScatteringPlacer(const TableSchema& schema);

}  // namespace srdf::compaction::test
