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

TableWindow::TableWindow(const TableSchema& schema, std::string encoded_schema, const ImageMergers& mergers,
                         const KeyPlacers& placers)
    : schema_(schema),
      encoded_schema_(std::move(encoded_schema)),
      full_bitmap_(FullBitmap(schema.columns.size())),
      bitmaps_{full_bitmap_},
      mergers_(mergers),
      placers_(placers) {}

Status TableWindow::CheckShape(const RowRunHeader& header) const {
  const size_t before = header.op == RowOp::kInsert ? 0 : full_bitmap_.size();
  const size_t after = header.op == RowOp::kDelete ? 0 : full_bitmap_.size();
  if (header.bitmap_before.size() == before && header.bitmap_after.size() == after) return Status::Ok();
  return Broken(std::string(RowOpName(header.op)) + " run with column bitmaps of " +
                std::to_string(header.bitmap_before.size()) + " and " +
                std::to_string(header.bitmap_after.size()) + " bytes for " +
                std::to_string(schema_.columns.size()) + " columns");
}

Result<bool> TableWindow::Mergeable(const RowRunReader& run) {
  const RowRunHeader& header = run.header();
  if ((header.flags & kRunInPlace) != 0 || (header.flags & ~kKnownRunFlags) != 0) return false;
  if (keyless()) return true;
  if (header.op != RowOp::kInsert && !HasKey(schema_, header.bitmap_before)) return false;
  if (header.op == RowOp::kDelete || IsFull(header.bitmap_after, schema_.columns.size())) return true;
  if (!CanMergeImages()) return false;
  if (header.op == RowOp::kInsert) return HasKey(schema_, header.bitmap_after);
  // A row that has to be deleted and inserted again would need all its columns.
  RowRunReader rows = run;
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, rows.Next(&row));
    if (!more) return true;
    const bool moves = !row.new_key.empty() && row.new_key != row.key;
    if (moves || (row.flags & kRowUniqueChanged) != 0) return false;
  }
}

bool TableWindow::CanMergeImages() {
  if (!merger_asked_ && mergers_ != nullptr) merger_ = mergers_(schema_);
  merger_asked_ = true;
  return merger_ != nullptr;
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
  const uint32_t before = op == RowOp::kInsert ? 0 : BitmapNumber(run->header().bitmap_before);
  const uint32_t after = op == RowOp::kDelete ? 0 : BitmapNumber(run->header().bitmap_after);
  segment_flags_ |= run->header().flags & kRunNoCheckConstraints;
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, run->Next(&row));
    if (!more) return Status::Ok();
    CountRow(op, row, manifest);
    SRDF_RETURN_IF_ERROR(FoldRow(op, row, before, after));
  }
}

Status TableWindow::FoldRow(RowOp op, const Row& row, uint32_t before_bitmap, uint32_t after_bitmap) {
  if (row.key.empty()) return Broken(std::string(RowOpName(op)) + " of a row without its key");
  KeyHistory& history = keys_.Find(row.key);
  switch (op) {
    case RowOp::kInsert:
      if (history.Insert(row.after, after_bitmap)) return Status::Ok();
      break;
    case RowOp::kDelete:
      if (history.Delete(row.before, before_bitmap)) return Status::Ok();
      break;
    case RowOp::kUpdate:
      if (row.new_key.empty() || row.new_key == row.key) {
        return FoldUpdate(row, before_bitmap, after_bitmap, &history);
      }
      // A changed key: the row under the old key ends, one under the new key begins.
      if (!history.Delete(row.before, before_bitmap)) break;
      if (keys_.Find(row.new_key).Insert(row.after, after_bitmap)) return Status::Ok();
      return Impossible(row.new_key, RowOp::kInsert);
  }
  return Impossible(row.key, op);
}

Status TableWindow::FoldUpdate(const Row& row, uint32_t before_bitmap, uint32_t after_bitmap,
                               KeyHistory* history) {
  const bool changes_unique = (row.flags & kRowUniqueChanged) != 0;
  const bool covers = after_bitmap == 0 || !history->begun || after_bitmap == history->after_bitmap ||
                      UnionOf(history->after_bitmap, after_bitmap) == after_bitmap;
  if (!covers && history->exists) return MergeAfter(row, after_bitmap, history);
  if (!history->Update(row.before, before_bitmap, row.after, after_bitmap, changes_unique)) {
    return Impossible(row.key, RowOp::kUpdate);
  }
  return Status::Ok();
}

Status TableWindow::MergeAfter(const Row& row, uint32_t after_bitmap, KeyHistory* history) {
  if (!merger_->Merge(history->after(), bitmaps_[history->after_bitmap], row.after, bitmaps_[after_bitmap],
                      &scratch_)) {
    return Broken("key " + Hex(row.key) + ": an image does not fit its columns");
  }
  const uint32_t bitmap = UnionOf(history->after_bitmap, after_bitmap);
  // Pieces of one row, each within the limit, need not be together; and a row of which a part is known cannot
  // be written as delete and insert.
  if (history->before_bytes + scratch_.size() + kRunOverheadBytes > kRecordBodyBytesMax) {
    return {StatusCode::kFailedPrecondition,
            "compaction: a row of table " + schema_.database + "." + schema_.table + " has " +
                std::to_string(scratch_.size()) + " bytes when its changes are put together",
            "rows of this size cannot be merged: set compaction_enabled: false for the flow"};
  }
  if (history->merged == 0) {
    merged_.emplace_back();
    history->merged = static_cast<uint32_t>(merged_.size());
  }
  std::string& image = merged_[history->merged - 1];
  image.swap(scratch_);
  history->SetAfter(image, bitmap);
  return Status::Ok();
}

uint32_t TableWindow::BitmapNumber(ByteView bitmap) {
  if (IsFull(bitmap, schema_.columns.size())) return 0;
  // Capture keeps to a few per table; a source with MINIMAL images may have as many as rows.
  const auto [at, is_new] = numbers_.try_emplace(bitmap, static_cast<uint32_t>(bitmaps_.size()));
  if (is_new) bitmaps_.push_back(bitmap);
  return at->second;
}

uint32_t TableWindow::UnionOf(uint32_t a, uint32_t b) {
  const auto [at, is_new] = unions_.try_emplace({a, b}, 0);
  if (!is_new) return at->second;
  std::string both(bitmaps_[a]);
  for (size_t i = 0; i < both.size(); ++i) both[i] = static_cast<char>(both[i] | bitmaps_[b][i]);
  merged_bitmaps_.push_back(std::move(both));
  at->second = BitmapNumber(merged_bitmaps_.back());
  return at->second;
}

NetEffect TableWindow::EffectOf(const KeyHistory& h) const {
  if (!h.existed) return h.exists ? NetEffect::kInsert : NetEffect::kNothing;
  if (!h.exists) return NetEffect::kDelete;
  const bool after_full = h.after_bitmap == 0;
  if (after_full && h.before_bitmap == 0 && h.before() == h.after()) return NetEffect::kNothing;
  // What the insert left out has its default, which an update would not bring back. Any other partial image
  // belongs to a row of which nothing unique was changed.
  if (!after_full) return h.recreated ? NetEffect::kDeleteAndInsert : NetEffect::kUpdate;
  // Two images of which each was within the limit of a record may not both fit into one.
  const bool too_large = size_t{h.before_bytes} + h.after_bytes + kRunOverheadBytes > kRecordBodyBytesMax;
  const bool split = h.unique_changed || (h.recreated && schema_.has_secondary_unique) || too_large;
  return split ? NetEffect::kDeleteAndInsert : NetEffect::kUpdate;
}

void TableWindow::Settle(std::vector<NetRow>* rows, std::vector<NetRange>* ranges) {
  for (KeyHistory& h : keys_.all()) h.net = EffectOf(h);
  SortByPlace();
  AddRange(RowOp::kDelete, {NetEffect::kDelete, NetEffect::kDeleteAndInsert}, rows, ranges);
  AddRange(RowOp::kUpdate, {NetEffect::kUpdate}, rows, ranges);
  AddRange(RowOp::kInsert, {NetEffect::kInsert, NetEffect::kDeleteAndInsert}, rows, ranges);
  keys_.Clear();
  order_.clear();
  order_.shrink_to_fit();
  segment_flags_ = 0;
}

void TableWindow::SortByPlace() {
  const std::vector<KeyHistory>& histories = keys_.all();
  if (histories.size() < 2) return;
  if (!placer_asked_ && placers_ != nullptr) placer_ = placers_(schema_);
  placer_asked_ = true;
  if (placer_ == nullptr) return;
  order_.reserve(histories.size());
  for (const KeyHistory& h : histories) {
    order_.push_back({placer_->Place(h.key()), static_cast<uint32_t>(order_.size())});
  }
  if (std::is_sorted(order_.begin(), order_.end())) {
    order_.clear();
  } else {
    std::sort(order_.begin(), order_.end());
  }
}

void TableWindow::AddRange(RowOp op, std::initializer_list<NetEffect> effects, std::vector<NetRow>* rows,
                           std::vector<NetRange>* ranges) {
  const size_t first = rows->size();
  bool mixed = false;
  const std::vector<KeyHistory>& histories = keys_.all();
  for (size_t i = 0; i < histories.size(); ++i) {
    const KeyHistory& h = histories[order_.empty() ? i : order_[i].history];
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
      row.after_bitmap = h.after_bitmap;
    }
    mixed = mixed || !row.SameBitmaps((*rows)[first]);
  }
  const auto from = rows->begin() + static_cast<ptrdiff_t>(first);
  if (mixed) {
    std::stable_sort(from, rows->end(), [](const NetRow& a, const NetRow& b) {
      return std::pair(a.before_bitmap, a.after_bitmap) < std::pair(b.before_bitmap, b.after_bitmap);
    });
  }
  for (auto at = from; at != rows->end();) {
    const auto end = std::find_if(at, rows->end(), [&](const NetRow& row) { return !row.SameBitmaps(*at); });
    const auto flags = static_cast<uint8_t>(segment_flags_ | kRunNoForeignKeyChecks);
    ranges->push_back({op, flags, at->before_bitmap, at->after_bitmap,
                       static_cast<size_t>(at - rows->begin()), static_cast<size_t>(end - at)});
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
