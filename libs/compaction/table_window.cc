#include "compaction/table_window.h"

#include <algorithm>

namespace srdf::compaction {

namespace {

constexpr uint8_t kKnownRunFlags = kRunNoForeignKeyChecks | kRunInPlace | kRunNoCheckConstraints;
// What a run needs besides one row's images, generously.
constexpr size_t kRunOverheadBytes = 64u << 10;

bool HasColumn(ByteView bitmap, size_t column) {
  return column / 8 < bitmap.size() && ((static_cast<uint8_t>(bitmap[column / 8]) >> (column % 8)) & 1) != 0;
}

// Bits after the last column may have any value.
bool IsFull(ByteView bitmap, size_t columns) {
  for (size_t i = 0; i < columns; ++i) {
    if (!HasColumn(bitmap, i)) return false;
  }
  return true;
}

bool HasKey(const TableSchema& schema, ByteView bitmap) {
  return std::all_of(schema.key_columns.begin(), schema.key_columns.end(),
                     [&](uint16_t column) { return HasColumn(bitmap, column); });
}

std::string FullBitmap(size_t columns) {
  std::string bitmap((columns + 7) / 8, '\xff');
  if (columns % 8 != 0) bitmap.back() = static_cast<char>((1u << (columns % 8)) - 1);
  return bitmap;
}

std::string Hex(ByteView bytes) {
  constexpr size_t kShownMax = 64;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "0x";
  for (const char c : bytes.substr(0, kShownMax)) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  if (bytes.size() > kShownMax) out += "... (" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

void CountRow(RowOp op, const Row& row, TableManifest* m) {
  ++(op == RowOp::kInsert ? m->inserts_before : op == RowOp::kUpdate ? m->updates_before : m->deletes_before);
  m->bytes_before += row.key.size() + row.new_key.size() + row.before.size() + row.after.size();
}

}  // namespace

TableWindow::TableWindow(const TableSchema& schema, std::string encoded_schema)
    : schema_(schema),
      encoded_schema_(std::move(encoded_schema)),
      full_bitmap_(FullBitmap(schema.columns.size())) {}

Status TableWindow::CheckShape(const RowRunHeader& header) const {
  const size_t before = header.op == RowOp::kInsert ? 0 : full_bitmap_.size();
  const size_t after = header.op == RowOp::kDelete ? 0 : full_bitmap_.size();
  if (header.bitmap_before.size() == before && header.bitmap_after.size() == after) return Status::Ok();
  return Broken(std::string(RowOpName(header.op)) + " run with column bitmaps of " +
                std::to_string(header.bitmap_before.size()) + " and " +
                std::to_string(header.bitmap_after.size()) + " bytes for " +
                std::to_string(schema_.columns.size()) + " columns");
}

bool TableWindow::Mergeable(const RowRunHeader& header) const {
  if ((header.flags & kRunInPlace) != 0 || (header.flags & ~kKnownRunFlags) != 0) return false;
  if (keyless()) return true;
  if (header.op != RowOp::kDelete && !IsFull(header.bitmap_after, schema_.columns.size())) return false;
  return header.op == RowOp::kInsert || HasKey(schema_, header.bitmap_before);
}

Status TableWindow::Count(RowRunReader* run, TableManifest* manifest) {
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, run->Next(&row));
    if (!more) return Status::Ok();
    CountRow(run->header().op, row, manifest);
  }
}

Status TableWindow::Fold(RowRunReader* run, TableManifest* manifest) {
  const RowOp op = run->header().op;
  const uint32_t bitmap = op == RowOp::kInsert ? 0 : BitmapNumber(run->header().bitmap_before);
  segment_flags_ |= run->header().flags & kRunNoCheckConstraints;
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, run->Next(&row));
    if (!more) return Status::Ok();
    CountRow(op, row, manifest);
    SRDF_RETURN_IF_ERROR(FoldRow(op, row, bitmap));
  }
}

Status TableWindow::FoldRow(RowOp op, const Row& row, uint32_t bitmap) {
  if (row.key.empty()) return Broken(std::string(RowOpName(op)) + " of a row without its key");
  KeyHistory& history = keys_.Find(row.key);
  switch (op) {
    case RowOp::kInsert:
      if (history.Insert(row.after)) return Status::Ok();
      break;
    case RowOp::kDelete:
      if (history.Delete(row.before, bitmap)) return Status::Ok();
      break;
    case RowOp::kUpdate:
      if (row.new_key.empty() || row.new_key == row.key) {
        const bool changes_unique = (row.flags & kRowUniqueChanged) != 0;
        if (history.Update(row.before, bitmap, row.after, changes_unique)) return Status::Ok();
        break;
      }
      // A changed key: the row under the old key ends, one under the new key begins.
      if (!history.Delete(row.before, bitmap)) break;
      if (keys_.Find(row.new_key).Insert(row.after)) return Status::Ok();
      return Impossible(row.new_key, RowOp::kInsert);
  }
  return Impossible(row.key, op);
}

uint32_t TableWindow::BitmapNumber(ByteView bitmap) {
  // A table has one or two of them, and neighbouring runs the same one: the newest is looked at first.
  for (size_t i = before_bitmaps_.size(); i > 0; --i) {
    if (before_bitmaps_[i - 1] == bitmap) return static_cast<uint32_t>(i - 1);
  }
  before_bitmaps_.push_back(bitmap);
  return static_cast<uint32_t>(before_bitmaps_.size() - 1);
}

NetEffect TableWindow::EffectOf(const KeyHistory& h) const {
  if (!h.existed) return h.exists ? NetEffect::kInsert : NetEffect::kNothing;
  if (!h.exists) return NetEffect::kDelete;
  if (h.before() == h.after() && IsFull(before_bitmaps_[h.before_bitmap], schema_.columns.size())) {
    return NetEffect::kNothing;
  }
  // Two images of which each was within the limit of a record may not both fit into one.
  const bool too_large = size_t{h.before_bytes} + h.after_bytes + kRunOverheadBytes > kRecordBodyBytesMax;
  const bool split = h.unique_changed || (h.recreated && schema_.has_secondary_unique) || too_large;
  return split ? NetEffect::kDeleteAndInsert : NetEffect::kUpdate;
}

void TableWindow::Settle(std::vector<NetRow>* rows, std::vector<NetRange>* ranges) {
  for (KeyHistory& h : keys_.all()) h.net = EffectOf(h);
  AddRange(RowOp::kDelete, {NetEffect::kDelete, NetEffect::kDeleteAndInsert}, rows, ranges);
  AddRange(RowOp::kUpdate, {NetEffect::kUpdate}, rows, ranges);
  AddRange(RowOp::kInsert, {NetEffect::kInsert, NetEffect::kDeleteAndInsert}, rows, ranges);
  keys_.Clear();
  segment_flags_ = 0;
}

void TableWindow::AddRange(RowOp op, std::initializer_list<NetEffect> effects, std::vector<NetRow>* rows,
                           std::vector<NetRange>* ranges) {
  const size_t first = rows->size();
  for (const KeyHistory& h : keys_.all()) {
    if (std::find(effects.begin(), effects.end(), h.net) == effects.end()) continue;
    NetRow& row = rows->emplace_back();
    if (op != RowOp::kInsert) {
      row.before_data = h.before_data;
      row.before_bytes = h.before_bytes;
      row.before_bitmap = h.before_bitmap;
    }
    if (op != RowOp::kDelete) {
      row.after_data = h.after_data;
      row.after_bytes = h.after_bytes;
    }
  }
  const auto from = rows->begin() + static_cast<ptrdiff_t>(first);
  if (before_bitmaps_.size() > 1) {
    std::stable_sort(from, rows->end(),
                     [](const NetRow& a, const NetRow& b) { return a.before_bitmap < b.before_bitmap; });
  }
  for (auto at = from; at != rows->end();) {
    const uint32_t bitmap = at->before_bitmap;
    const auto end =
        std::find_if(at, rows->end(), [&](const NetRow& row) { return row.before_bitmap != bitmap; });
    const auto flags = static_cast<uint8_t>(segment_flags_ | kRunNoForeignKeyChecks);
    ranges->push_back(
        {op, flags, bitmap, static_cast<size_t>(at - rows->begin()), static_cast<size_t>(end - at)});
    at = end;
  }
}

Status TableWindow::Broken(const std::string& what) const {
  return {StatusCode::kDataLoss, "compaction: table " + schema_.database + "." + schema_.table + ": " + what};
}

Status TableWindow::Impossible(ByteView key, RowOp op) const {
  const char* why = op == RowOp::kInsert ? ", but the row exists already in this window"
                                         : ", but the row does not exist at this point of the window";
  return Broken("key " + Hex(key) + ": " + std::string(RowOpName(op)) + why);
}

}  // namespace srdf::compaction
