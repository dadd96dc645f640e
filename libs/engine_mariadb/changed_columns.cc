#include "engine_mariadb/changed_columns.h"

namespace srdf::engine_mariadb {

namespace {

bool Differs(const RowSlices::Slice& a, const RowSlices::Slice& b) {
  return a.state != b.state || (a.state == RowSlices::kValue && a.view() != b.view());
}

void SetBit(size_t bit, std::string* bytes) {
  (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] | (1 << (bit % 8)));
}

}  // namespace

bool ChangedColumns::Add(const RowSlices& before, const RowSlices& after) {
  const size_t columns = after.columns.size();
  if (!any_) bitmap_.assign((columns + 7) / 8, '\0');
  for (size_t i = 0; i < columns; ++i) {
    if (!Differs(before.columns[i], after.columns[i])) continue;
    SetBit(i, &bitmap_);
    any_ = true;
  }
  return any_;
}

ByteView ChangedColumns::ImageOf(const RowSlices& row, ByteView set) {
  size_t present = 0;
  for (size_t i = 0; i < row.columns.size(); ++i) present += BitmapHas(set, i) ? 1 : 0;
  image_.assign((present + 7) / 8, '\0');
  size_t bit = 0;
  for (size_t i = 0; i < row.columns.size(); ++i) {
    if (!BitmapHas(set, i)) continue;
    const RowSlices::Slice& slice = row.columns[i];
    if (slice.state == RowSlices::kNull) {
      SetBit(bit, &image_);
    } else {
      image_.append(slice.view());
    }
    ++bit;
  }
  return image_;
}

}  // namespace srdf::engine_mariadb
