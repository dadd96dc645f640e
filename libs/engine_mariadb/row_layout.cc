#include "engine_mariadb/row_layout.h"

#include <fmt/format.h>

namespace srdf::engine_mariadb {

void PresentColumns::Set(ByteView bitmap, size_t column_count) {
  ordinals.clear();
  for (size_t i = 0; i < column_count; ++i) {
    if (BitmapHas(bitmap, i)) ordinals.push_back(static_cast<uint16_t>(i));
  }
  all = ordinals.size() == column_count;
}

Result<RowLayout> RowLayout::Build(const std::vector<Column>& columns) {
  RowLayout layout;
  layout.columns_.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    auto column = LayoutOf(columns[i].type, columns[i].type_meta);
    if (!column.ok()) {
      const std::string name =
          columns[i].name.empty() ? fmt::format("column {}", i + 1) : "column " + columns[i].name;
      return column.status().WithContext(name);
    }
    layout.columns_.push_back(*column);
  }
  return layout;
}

bool RowLayout::Take(ByteView* in, const PresentColumns& present, ByteView* image, RowSlices* slices) const {
  const char* const begin = in->data();
  const size_t available = in->size();
  const size_t null_bytes = (present.ordinals.size() + 7) / 8;
  if (available < null_bytes) return false;
  slices->columns.resize(columns_.size());
  if (!present.all) {
    for (auto& slice : slices->columns) slice.state = RowSlices::kAbsent;
  }
  const auto* nulls = reinterpret_cast<const uint8_t*>(begin);
  size_t at = null_bytes;
  for (size_t i = 0; i < present.ordinals.size(); ++i) {
    const uint16_t ordinal = present.ordinals[i];
    RowSlices::Slice& slice = slices->columns[ordinal];
    slice.data = begin + at;
    if (((nulls[i / 8] >> (i % 8)) & 1) != 0) {
      slice.size = 0;
      slice.state = RowSlices::kNull;
      continue;
    }
    const ColumnLayout& column = columns_[ordinal];
    size_t size = column.size;
    if (column.length_bytes != 0) {
      if (available - at < column.length_bytes) return false;
      const auto* p = reinterpret_cast<const uint8_t*>(begin + at);
      uint32_t length = p[0];
      for (uint8_t b = 1; b < column.length_bytes; ++b) length |= static_cast<uint32_t>(p[b]) << (8 * b);
      size = size_t{column.length_bytes} + length;
    }
    if (available - at < size) return false;
    slice.size = static_cast<uint32_t>(size);
    slice.state = RowSlices::kValue;
    at += size;
  }
  *image = in->substr(0, at);
  in->remove_prefix(at);
  return true;
}

}  // namespace srdf::engine_mariadb
