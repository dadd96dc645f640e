#include "engine_mariadb/row_key.h"

#include <utility>

namespace srdf::engine_mariadb {

namespace {

class RowKeyReader : public compaction::KeyReader {
 public:
  RowKeyReader(RowLayout layout, std::vector<uint16_t> columns)
      : layout_(std::move(layout)), columns_(std::move(columns)) {}

  bool Read(const RowRunHeader& header, Row* row) override {
    const bool has_before = header.op != RowOp::kInsert;
    const bool has_after = header.op != RowOp::kDelete;
    if ((has_before && !before_.Take(layout_, row->before, header.bitmap_before)) ||
        (has_after && !after_.Take(layout_, row->after, header.bitmap_after))) {
      return false;
    }
    row->new_key = {};
    row->key = KeyOf(has_before ? before_.slices : after_.slices, nullptr, columns_, &key_);
    if (!has_before || !has_after || row->key.empty()) return true;
    const ByteView new_key = KeyOf(after_.slices, &before_.slices, columns_, &new_key_);
    if (new_key != row->key) row->new_key = new_key;
    return true;
  }

 private:
  // Rows come in runs, so that the bitmap is mostly the one before.
  struct Side {
    std::string bitmap;
    PresentColumns present;
    RowSlices slices;

    bool Take(const RowLayout& layout, ByteView image, ByteView image_bitmap) {
      if (slices.columns.empty() || bitmap != image_bitmap) {
        bitmap.assign(image_bitmap);
        present.Set(bitmap, layout.column_count());
      }
      ByteView whole;
      return layout.Take(&image, present, &whole, &slices) && image.empty();
    }
  };

  const RowLayout layout_;
  const std::vector<uint16_t> columns_;
  Side before_, after_;
  std::string key_, new_key_;
};

}  // namespace

ByteView KeyOf(const RowSlices& row, const RowSlices* unchanged, const std::vector<uint16_t>& columns,
               std::string* scratch) {
  if (columns.empty()) return {};
  const auto slice_of = [&](uint16_t column) -> const RowSlices::Slice& {
    const RowSlices::Slice& slice = row.columns[column];
    const bool look_back = slice.state == RowSlices::kAbsent && unchanged != nullptr;
    return look_back ? unchanged->columns[column] : slice;
  };
  const RowSlices::Slice& first = slice_of(columns[0]);
  if (first.state != RowSlices::kValue) return {};
  const char* end = first.data + first.size;
  bool adjacent = true;
  for (size_t i = 1; i < columns.size(); ++i) {
    const RowSlices::Slice& slice = slice_of(columns[i]);
    if (slice.state != RowSlices::kValue) return {};
    adjacent = adjacent && slice.data == end;
    end = slice.data + slice.size;
  }
  if (adjacent) return {first.data, static_cast<size_t>(end - first.data)};
  scratch->clear();
  for (const uint16_t column : columns) scratch->append(slice_of(column).view());
  return *scratch;
}

std::unique_ptr<compaction::KeyReader> NewKeyReader(const TableSchema& schema) {
  auto layout = RowLayout::Build(schema.columns);
  if (!layout.ok()) return nullptr;
  return std::make_unique<RowKeyReader>(std::move(*layout), schema.key_columns);
}

}  // namespace srdf::engine_mariadb
