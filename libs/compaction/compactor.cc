#include "compaction/compactor.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "compaction/key_histories.h"
#include "compaction/run_emitter.h"
#include "model/record.h"

namespace srdf::compaction {

namespace {

constexpr uint8_t kKnownRunFlags = kRunNoForeignKeyChecks | kRunInPlace | kRunNoCheckConstraints;
// What a run needs besides one row's images, generously.
constexpr size_t kRunOverheadBytes = 64u << 10;

struct Table;

// A table by name. Two schemas (refs) of it may occur in one window, but never share a segment.
struct NamedTable {
  TableManifest manifest;
  const Table* in_segment = nullptr;
};

struct Table {
  TableSchema schema;
  std::string encoded;
  std::string full_bitmap;
  NamedTable* named = nullptr;
  bool referred = false;                 // by what remains
  std::vector<ByteView> before_bitmaps;  // all seen, numbered

  // of the current segment
  bool in_segment = false;
  uint8_t segment_flags = 0;
  KeyHistories keys;
  std::vector<std::pair<ByteView, uint8_t>> keyless_runs;  // body, flags
};

// What is left of a row after folding.
struct NetRow {
  const char* before_data;
  const char* after_data;
  uint32_t before_bytes;
  uint32_t after_bytes;
  uint32_t before_bitmap;
};

// One step of what Finish emits: a run as it came, or a range of net rows.
struct Step {
  Table* table = nullptr;
  ByteView body;  // a run as it came; empty: net rows
  size_t first = 0, count = 0;
  uint32_t before_bitmap = 0;
  RowOp op{};
  uint8_t flags = 0;
};

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

std::string NameOf(const TableSchema& schema) { return schema.database + "." + schema.table; }

Status Broken(const TableSchema& schema, const std::string& what) {
  return {StatusCode::kDataLoss, "compaction: table " + NameOf(schema) + ": " + what};
}

Status Impossible(const TableSchema& schema, ByteView key, RowOp op) {
  const char* why = op == RowOp::kInsert ? ", but the row exists already in this window"
                                         : ", but the row does not exist at this point of the window";
  return Broken(schema, "key " + Hex(key) + ": " + std::string(RowOpName(op)) + why);
}

void Count(RowOp op, uint64_t* inserts, uint64_t* updates, uint64_t* deletes) {
  ++*(op == RowOp::kInsert ? inserts : op == RowOp::kUpdate ? updates : deletes);
}

class CompactorImpl : public Compactor {
 public:
  explicit CompactorImpl(bool merge) : merge_(merge) {}

  Status AddSchema(const TableSchema& schema) override;
  Status AddRun(std::string_view body) override;
  Result<CompactionResult> Finish(const RecordSink& sink) override;

 private:
  Status CheckShape(const Table& table, const RowRunHeader& header) const;
  bool Mergeable(const Table& table, const RowRunHeader& header) const;
  void CountBefore(Table* table, RowOp op, const Row& row);
  Status CountRun(Table* table, RowRunReader* run);
  Status Fold(Table* table, RowRunReader* run);
  Status FoldRow(Table* table, RowOp op, const Row& row, uint32_t bitmap);
  uint32_t BitmapNumber(Table* table, ByteView bitmap);
  void Pass(Table* table, ByteView body, uint8_t flags);
  void Enter(Table* table);
  void Cut();
  void SettleTable(Table* table);
  void AddNetRows(Table* table, RowOp op, std::initializer_list<NetEffect> effects);
  Status EmitRun(const Step& step, RunEmitter* emitter);
  Status EmitNetRows(const Step& step, RunEmitter* emitter);
  Status EmitRow(Table* table, RowOp op, uint8_t flags, ByteView before, ByteView after, RunEmitter* emitter);

  const bool merge_;
  std::unordered_map<uint32_t, std::unique_ptr<Table>> tables_;
  std::vector<Table*> tables_in_order_;
  std::map<std::pair<std::string, std::string>, NamedTable> named_;
  std::vector<Table*> segment_;  // tables of the current segment, as it met them
  std::vector<Step> steps_;
  std::vector<NetRow> net_rows_;
  Table* last_table_ = nullptr;
};

Status CompactorImpl::AddSchema(const TableSchema& schema) {
  std::string encoded;
  EncodeTableSchema(schema, &encoded);
  std::unique_ptr<Table>& slot = tables_[schema.table_ref];
  if (slot != nullptr) {
    if (slot->encoded == encoded) return Status::Ok();
    return Broken(schema, "table_ref " + std::to_string(schema.table_ref) +
                              " already names another schema, of " + NameOf(slot->schema));
  }
  slot = std::make_unique<Table>();
  slot->schema = schema;
  slot->encoded = std::move(encoded);
  slot->full_bitmap = FullBitmap(schema.columns.size());
  slot->named = &named_[{schema.database, schema.table}];
  slot->named->manifest.database = schema.database;
  slot->named->manifest.table = schema.table;
  tables_in_order_.push_back(slot.get());
  return Status::Ok();
}

Status CompactorImpl::AddRun(std::string_view body) {
  SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(body));
  const RowRunHeader& header = run.header();
  if (last_table_ == nullptr || last_table_->schema.table_ref != header.table_ref) {
    const auto found = tables_.find(header.table_ref);
    if (found == tables_.end()) {
      return {StatusCode::kDataLoss, "compaction: a row run refers to table_ref " +
                                         std::to_string(header.table_ref) + ", which has no schema"};
    }
    last_table_ = found->second.get();
  }
  Table* const table = last_table_;
  SRDF_RETURN_IF_ERROR(CheckShape(*table, header));
  if (run.row_count() == 0) return CountRun(table, &run);

  if (!merge_) {
    Pass(table, body, header.flags);
    return CountRun(table, &run);
  }
  if (!Mergeable(*table, header)) {
    Cut();
    Pass(table, body, header.flags | kRunInPlace);
    return CountRun(table, &run);
  }
  Enter(table);
  if (table->schema.key_kind == KeyKind::kNone) {
    table->keyless_runs.emplace_back(body, header.flags | kRunNoForeignKeyChecks);
    return CountRun(table, &run);
  }
  table->segment_flags |= header.flags & kRunNoCheckConstraints;
  return Fold(table, &run);
}

// A bitmap that is not of the table would make a reader take one column's bytes for another's.
Status CompactorImpl::CheckShape(const Table& table, const RowRunHeader& header) const {
  const size_t bytes = table.full_bitmap.size();
  const size_t before = header.op == RowOp::kInsert ? 0 : bytes;
  const size_t after = header.op == RowOp::kDelete ? 0 : bytes;
  if (header.bitmap_before.size() == before && header.bitmap_after.size() == after) return Status::Ok();
  return Broken(table.schema, std::string(RowOpName(header.op)) + " run with column bitmaps of " +
                                  std::to_string(header.bitmap_before.size()) + " and " +
                                  std::to_string(header.bitmap_after.size()) + " bytes for " +
                                  std::to_string(table.schema.columns.size()) + " columns");
}

bool CompactorImpl::Mergeable(const Table& table, const RowRunHeader& header) const {
  if ((header.flags & kRunInPlace) != 0 || (header.flags & ~kKnownRunFlags) != 0) return false;
  if (table.schema.key_kind == KeyKind::kNone) return true;
  if (header.op != RowOp::kDelete && !IsFull(header.bitmap_after, table.schema.columns.size())) return false;
  return header.op == RowOp::kInsert || HasKey(table.schema, header.bitmap_before);
}

void CompactorImpl::CountBefore(Table* table, RowOp op, const Row& row) {
  TableManifest& m = table->named->manifest;
  Count(op, &m.inserts_before, &m.updates_before, &m.deletes_before);
  m.bytes_before += row.key.size() + row.new_key.size() + row.before.size() + row.after.size();
}

Status CompactorImpl::CountRun(Table* table, RowRunReader* run) {
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, run->Next(&row));
    if (!more) return Status::Ok();
    CountBefore(table, run->header().op, row);
  }
}

Status CompactorImpl::Fold(Table* table, RowRunReader* run) {
  const RowOp op = run->header().op;
  const uint32_t bitmap = op == RowOp::kInsert ? 0 : BitmapNumber(table, run->header().bitmap_before);
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, run->Next(&row));
    if (!more) return Status::Ok();
    CountBefore(table, op, row);
    SRDF_RETURN_IF_ERROR(FoldRow(table, op, row, bitmap));
  }
}

Status CompactorImpl::FoldRow(Table* table, RowOp op, const Row& row, uint32_t bitmap) {
  if (row.key.empty()) return Broken(table->schema, std::string(RowOpName(op)) + " of a row without its key");
  KeyHistory& history = table->keys.Find(row.key);
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
      if (table->keys.Find(row.new_key).Insert(row.after)) return Status::Ok();
      return Impossible(table->schema, row.new_key, RowOp::kInsert);
  }
  return Impossible(table->schema, row.key, op);
}

uint32_t CompactorImpl::BitmapNumber(Table* table, ByteView bitmap) {
  // A table has one or two of them, and neighbouring runs the same one: the newest is looked at first.
  auto& known = table->before_bitmaps;
  for (size_t i = known.size(); i > 0; --i) {
    if (known[i - 1] == bitmap) return static_cast<uint32_t>(i - 1);
  }
  known.push_back(bitmap);
  return static_cast<uint32_t>(known.size() - 1);
}

void CompactorImpl::Pass(Table* table, ByteView body, uint8_t flags) {
  Step step;
  step.table = table;
  step.body = body;
  step.flags = flags;
  steps_.push_back(step);
}

void CompactorImpl::Enter(Table* table) {
  if (table->in_segment) return;
  // The same table under another ref: their rows may be the same ones, so their order must be kept.
  if (table->named->in_segment != nullptr) Cut();
  table->named->in_segment = table;
  table->in_segment = true;
  segment_.push_back(table);
}

void CompactorImpl::Cut() {
  for (Table* table : segment_) {
    SettleTable(table);
    table->named->in_segment = nullptr;
    table->in_segment = false;
    table->segment_flags = 0;
    table->keyless_runs.clear();
    table->keys.Clear();
  }
  segment_.clear();
}

void CompactorImpl::SettleTable(Table* table) {
  for (const auto& [body, flags] : table->keyless_runs) Pass(table, body, flags);
  for (KeyHistory& h : table->keys.all()) {
    if (!h.existed) {
      h.net = h.exists ? NetEffect::kInsert : NetEffect::kNothing;
    } else if (!h.exists) {
      h.net = NetEffect::kDelete;
    } else if (h.before() == h.after() &&
               IsFull(table->before_bitmaps[h.before_bitmap], table->schema.columns.size())) {
      h.net = NetEffect::kNothing;
    } else {
      // Two images of which each was within the limit of a record may not both fit into one.
      const bool too_large = size_t{h.before_bytes} + h.after_bytes + kRunOverheadBytes > kRecordBodyBytesMax;
      const bool split = h.unique_changed || (h.recreated && table->schema.has_secondary_unique) || too_large;
      h.net = split ? NetEffect::kDeleteAndInsert : NetEffect::kUpdate;
    }
  }
  AddNetRows(table, RowOp::kDelete, {NetEffect::kDelete, NetEffect::kDeleteAndInsert});
  AddNetRows(table, RowOp::kUpdate, {NetEffect::kUpdate});
  AddNetRows(table, RowOp::kInsert, {NetEffect::kInsert, NetEffect::kDeleteAndInsert});
}

void CompactorImpl::AddNetRows(Table* table, RowOp op, std::initializer_list<NetEffect> effects) {
  const size_t first = net_rows_.size();
  for (const KeyHistory& h : table->keys.all()) {
    if (std::find(effects.begin(), effects.end(), h.net) == effects.end()) continue;
    net_rows_.push_back({h.before_data, h.after_data, h.before_bytes, h.after_bytes, h.before_bitmap});
  }
  const auto by_bitmap = [](const NetRow& a, const NetRow& b) { return a.before_bitmap < b.before_bitmap; };
  if (op != RowOp::kInsert && table->before_bitmaps.size() > 1) {
    std::stable_sort(net_rows_.begin() + static_cast<ptrdiff_t>(first), net_rows_.end(), by_bitmap);
  }
  for (size_t at = first; at < net_rows_.size();) {
    Step step;
    step.table = table;
    step.op = op;
    step.flags = table->segment_flags | kRunNoForeignKeyChecks;
    step.first = at;
    step.before_bitmap = net_rows_[at].before_bitmap;
    const auto other = [&](const NetRow& row) {
      return op != RowOp::kInsert && row.before_bitmap != step.before_bitmap;
    };
    const auto from = net_rows_.begin() + static_cast<ptrdiff_t>(at);
    step.count = static_cast<size_t>(std::find_if(from, net_rows_.end(), other) - from);
    at += step.count;
    steps_.push_back(step);
  }
}

Result<CompactionResult> CompactorImpl::Finish(const RecordSink& sink) {
  Cut();
  for (const Step& step : steps_) step.table->referred = true;
  RunEmitter emitter(sink);
  for (const Table* table : tables_in_order_) {
    if (table->referred) SRDF_RETURN_IF_ERROR(emitter.AddRecord(RecordType::kTableSchema, table->encoded));
  }
  for (const Step& step : steps_) {
    SRDF_RETURN_IF_ERROR(step.body.empty() ? EmitNetRows(step, &emitter) : EmitRun(step, &emitter));
  }
  SRDF_RETURN_IF_ERROR(emitter.Finish());

  CompactionResult result;
  for (const auto& [name, table] : named_) {
    const TableManifest& m = table.manifest;
    const uint64_t rows = m.inserts_before + m.updates_before + m.deletes_before;
    if (rows == 0) continue;
    result.rows_before += rows;
    result.rows_after += m.inserts_after + m.updates_after + m.deletes_after;
    result.bytes_before += m.bytes_before;
    result.bytes_after += m.bytes_after;
    result.tables.push_back(m);
  }
  return result;
}

Status CompactorImpl::EmitRun(const Step& step, RunEmitter* emitter) {
  SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(step.body));
  RowRunHeader header = run.header();
  header.flags = step.flags;
  SRDF_RETURN_IF_ERROR(emitter->Select(header));
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, run.Next(&row));
    if (!more) return Status::Ok();
    SRDF_RETURN_IF_ERROR(EmitRow(step.table, header.op, row.flags, row.before, row.after, emitter));
  }
}

Status CompactorImpl::EmitNetRows(const Step& step, RunEmitter* emitter) {
  RowRunHeader header;
  header.table_ref = step.table->schema.table_ref;
  header.op = step.op;
  header.flags = step.flags;
  if (step.op != RowOp::kInsert) header.bitmap_before = step.table->before_bitmaps[step.before_bitmap];
  if (step.op != RowOp::kDelete) header.bitmap_after = step.table->full_bitmap;
  SRDF_RETURN_IF_ERROR(emitter->Select(header));
  for (size_t i = step.first; i < step.first + step.count; ++i) {
    const NetRow& row = net_rows_[i];
    const ByteView before(row.before_data, step.op == RowOp::kInsert ? 0 : row.before_bytes);
    const ByteView after(row.after_data, step.op == RowOp::kDelete ? 0 : row.after_bytes);
    SRDF_RETURN_IF_ERROR(EmitRow(step.table, step.op, 0, before, after, emitter));
  }
  return Status::Ok();
}

Status CompactorImpl::EmitRow(Table* table, RowOp op, uint8_t flags, ByteView before, ByteView after,
                              RunEmitter* emitter) {
  TableManifest& m = table->named->manifest;
  Count(op, &m.inserts_after, &m.updates_after, &m.deletes_after);
  m.bytes_after += before.size() + after.size();
  return emitter->AddRow(flags, before, after);
}

}  // namespace

void Accumulate(const CompactionResult& part, CompactionResult* total) {
  total->rows_before += part.rows_before;
  total->rows_after += part.rows_after;
  total->bytes_before += part.bytes_before;
  total->bytes_after += part.bytes_after;
  const auto name = [](const TableManifest& m) { return std::tie(m.database, m.table); };
  for (const TableManifest& m : part.tables) {
    const auto at = std::lower_bound(total->tables.begin(), total->tables.end(), m,
                                     [&](const auto& a, const auto& b) { return name(a) < name(b); });
    if (at == total->tables.end() || name(*at) != name(m)) {
      total->tables.insert(at, m);
      continue;
    }
    at->inserts_before += m.inserts_before;
    at->updates_before += m.updates_before;
    at->deletes_before += m.deletes_before;
    at->bytes_before += m.bytes_before;
    at->inserts_after += m.inserts_after;
    at->updates_after += m.updates_after;
    at->deletes_after += m.deletes_after;
    at->bytes_after += m.bytes_after;
  }
}

std::unique_ptr<Compactor> NewCompactor(bool merge) { return std::make_unique<CompactorImpl>(merge); }

}  // namespace srdf::compaction
