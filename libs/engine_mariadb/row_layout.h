// RowLayout: walks row images of one table by its column types, to find where rows and columns begin.
//
// The image of a row is a null bitmap over the columns present, then the values of those not NULL, packed.
// Nothing is decoded and nothing is allocated per row. Pure; the layout is built once per table map.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/column_type.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

inline bool BitmapHas(ByteView bitmap, size_t bit) {
  return bit / 8 < bitmap.size() && ((static_cast<uint8_t>(bitmap[bit / 8]) >> (bit % 8)) & 1) != 0;
}

// Where the values of one row are: per column a view into the image. A column that is absent or NULL has
// kAbsent or kNull.
struct RowSlices {
  enum State : uint8_t { kAbsent, kNull, kValue };
  struct Slice {
    const char* data = nullptr;
    uint32_t size = 0;  // with its length prefix
    State state = kAbsent;
    ByteView view() const { return {data, size}; }
  };
  std::vector<Slice> columns;
};

// The columns that the rows of one event carry: built per event, no allocation after the first.
struct PresentColumns {
  std::vector<uint16_t> ordinals;
  bool all = false;
  void Set(ByteView bitmap, size_t column_count);
};

class RowLayout {
 public:
  // kFailedPrecondition, naming the column, for a type that cannot be walked.
  static Result<RowLayout> Build(const std::vector<Column>& columns);

  size_t column_count() const { return columns_.size(); }

  // Walks one image at the front of *in and takes it off: `*image` becomes its bytes, `slices` its columns.
  // False when the bytes are not an image of this table.
  bool Take(ByteView* in, const PresentColumns& present, ByteView* image, RowSlices* slices) const;

 private:
  std::vector<ColumnLayout> columns_;
};

}  // namespace srdf::engine_mariadb
