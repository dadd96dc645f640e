#include "engine_mariadb/image_merger.h"

#include <string>
#include <utility>

#include "engine_mariadb/row_layout.h"

namespace srdf::engine_mariadb {

namespace {

class RowImageMerger : public compaction::ImageMerger {
 public:
  explicit RowImageMerger(RowLayout layout) : layout_(std::move(layout)) {}

  bool Merge(ByteView base, ByteView base_bitmap, ByteView over, ByteView over_bitmap,
             std::string* out) override {
    if (!base_.Take(layout_, base, base_bitmap) || !over_.Take(layout_, over, over_bitmap)) return false;
    out->clear();
    size_t present = 0;
    for (size_t i = 0; i < layout_.column_count(); ++i) {
      if (SliceOf(i).state != RowSlices::kAbsent) ++present;
    }
    out->resize((present + 7) / 8, '\0');
    size_t bit = 0;
    for (size_t i = 0; i < layout_.column_count(); ++i) {
      const RowSlices::Slice& slice = SliceOf(i);
      if (slice.state == RowSlices::kAbsent) continue;
      if (slice.state == RowSlices::kNull) {
        (*out)[bit / 8] = static_cast<char>((*out)[bit / 8] | (1 << (bit % 8)));
      } else {
        out->append(slice.view());
      }
      ++bit;
    }
    return true;
  }

 private:
  // One of the two images; rows come in runs, so that the bitmap is mostly the one before.
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

  const RowSlices::Slice& SliceOf(size_t column) const {
    const RowSlices::Slice& slice = over_.slices.columns[column];
    return slice.state != RowSlices::kAbsent ? slice : base_.slices.columns[column];
  }

  const RowLayout layout_;
  Side base_, over_;
};

}  // namespace

std::unique_ptr<compaction::ImageMerger> NewImageMerger(const TableSchema& schema) {
  auto layout = RowLayout::Build(schema.columns);
  if (!layout.ok()) return nullptr;
  return std::make_unique<RowImageMerger>(std::move(*layout));
}

}  // namespace srdf::engine_mariadb
