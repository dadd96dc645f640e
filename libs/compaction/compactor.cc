#include "compaction/compactor.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "compaction/run_emitter.h"
#include "compaction/table_window.h"
#include "model/mark.h"
#include "model/record.h"

namespace srdf::compaction {

namespace {

struct Table;

// A table by name. Two schemas (refs) of it may occur in one window, but never share a segment.
struct NamedTable {
  TableManifest manifest;
  const Table* in_segment = nullptr;
};

struct PassedRun {
  ByteView body;
  uint8_t flags = 0;  // as it leaves
};

struct Table {
  Table(const TableSchema& schema, std::string encoded, const ImageMergers& mergers,
        const KeyPlacers& placers)
      : window(schema, std::move(encoded), mergers, placers) {}
  TableWindow window;
  NamedTable* named = nullptr;
  bool referred = false;                // by what remains
  std::vector<PassedRun> keyless_runs;  // of the current segment
};

// One step of what Finish emits: a record as it came, or (without a body) a range of net rows.
struct Step {
  Table* table = nullptr;  // of rows
  PassedRun passed;
  NetRange net;
  RecordType type = RecordType::kRowRun;  // of `passed`
};

class CompactorImpl : public Compactor {
 public:
  CompactorImpl(bool merge, ImageMergers mergers, KeyPlacers placers)
      : merge_(merge), mergers_(std::move(mergers)), placers_(std::move(placers)) {}

  Status AddSchema(const TableSchema& schema) override;
  Status AddRun(std::string_view body) override;
  Status AddPrepared(RecordType type, std::string_view body) override;
  Status AddCopy(RecordType type, std::string_view body) override;
  Result<CompactionResult> Finish(const RecordSink& sink) override;

 private:
  Result<Table*> FindTable(uint32_t table_ref);
  void Enter(Table* table);
  // Ends the segment of the tables that a change in this constraint group may touch; 0: of all.
  void Cut(uint32_t constraint_group);
  Status Emit(const Step& step, RunEmitter* emitter);
  Status EmitRow(Table* table, RowOp op, uint8_t flags, ByteView before, ByteView after, RunEmitter* emitter);

  const bool merge_;
  const ImageMergers mergers_;
  const KeyPlacers placers_;
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
    if (slot->window.encoded_schema() == encoded) return Status::Ok();
    const TableSchema& known = slot->window.schema();
    return {StatusCode::kDataLoss,
            "compaction: table_ref " + std::to_string(schema.table_ref) + " of " + schema.database + "." +
                schema.table + " already names another schema, of " + known.database + "." + known.table};
  }
  slot = std::make_unique<Table>(schema, std::move(encoded), mergers_, placers_);
  slot->named = &named_[{schema.database, schema.table}];
  slot->named->manifest.database = schema.database;
  slot->named->manifest.table = schema.table;
  tables_in_order_.push_back(slot.get());
  return Status::Ok();
}

Status CompactorImpl::AddRun(std::string_view body) {
  SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(body));
  const RowRunHeader& header = run.header();
  SRDF_ASSIGN_OR_RETURN(Table* const table, FindTable(header.table_ref));
  SRDF_RETURN_IF_ERROR(table->window.CheckShape(header));
  TableManifest* const manifest = &table->named->manifest;
  if (run.row_count() == 0) return TableWindow::Count(&run, manifest);

  if (!merge_) {
    steps_.push_back({table, {body, header.flags}, {}, RecordType::kRowRun});
    return TableWindow::Count(&run, manifest);
  }
  SRDF_ASSIGN_OR_RETURN(const bool mergeable, table->window.Mergeable(run));
  if (!mergeable) {
    Cut(table->window.schema().constraint_group);
    steps_.push_back(
        {table, {body, static_cast<uint8_t>(header.flags | kRunInPlace)}, {}, RecordType::kRowRun});
    return TableWindow::Count(&run, manifest);
  }
  Enter(table);
  if (!table->window.keyless()) return table->window.Fold(&run, manifest);
  table->keyless_runs.push_back({body, static_cast<uint8_t>(header.flags | kRunNoForeignKeyChecks)});
  return TableWindow::Count(&run, manifest);
}

Status CompactorImpl::AddPrepared(RecordType type, std::string_view body) {
  if (type == RecordType::kPreparedOutcome) Cut(0);
  steps_.push_back({nullptr, {body, 0}, {}, type});
  return Status::Ok();
}

Status CompactorImpl::AddCopy(RecordType type, std::string_view body) {
  Cut(0);
  if (type == RecordType::kRangeCopy) {
    SRDF_ASSIGN_OR_RETURN(const RangeCopy copy, DecodeRangeCopy(body));
    SRDF_ASSIGN_OR_RETURN(Table* const table, FindTable(copy.table_ref));
    table->referred = true;  // also by a range without rows
  }
  steps_.push_back({nullptr, {body, 0}, {}, type});
  return Status::Ok();
}

Result<Table*> CompactorImpl::FindTable(uint32_t table_ref) {
  if (last_table_ == nullptr || last_table_->window.schema().table_ref != table_ref) {
    const auto found = tables_.find(table_ref);
    if (found == tables_.end()) {
      return Status(StatusCode::kDataLoss, "compaction: a record refers to table_ref " +
                                               std::to_string(table_ref) + ", which has no schema");
    }
    last_table_ = found->second.get();
  }
  return last_table_;
}

void CompactorImpl::Enter(Table* table) {
  if (table->named->in_segment == table) return;
  // The same table under another ref: their rows may be the same ones, so their order must be kept.
  if (table->named->in_segment != nullptr) Cut(0);
  table->named->in_segment = table;
  segment_.push_back(table);
}

void CompactorImpl::Cut(uint32_t constraint_group) {
  std::vector<NetRange> ranges;
  std::vector<Table*> untouched;
  for (Table* table : segment_) {
    const uint32_t own = table->window.schema().constraint_group;
    if (constraint_group != 0 && own != 0 && own != constraint_group) {
      untouched.push_back(table);
      continue;
    }
    for (const PassedRun& run : table->keyless_runs) steps_.push_back({table, run, {}, RecordType::kRowRun});
    table->keyless_runs.clear();
    table->window.Settle(&net_rows_, &ranges);
    for (const NetRange& range : ranges) steps_.push_back({table, {}, range, RecordType::kRowRun});
    ranges.clear();
    table->named->in_segment = nullptr;
  }
  segment_ = std::move(untouched);
}

Result<CompactionResult> CompactorImpl::Finish(const RecordSink& sink) {
  Cut(0);
  for (const Step& step : steps_) {
    if (step.table != nullptr) step.table->referred = true;
  }
  RunEmitter emitter(sink);
  for (const Table* table : tables_in_order_) {
    if (!table->referred) continue;
    SRDF_RETURN_IF_ERROR(emitter.AddRecord(RecordType::kTableSchema, table->window.encoded_schema()));
  }
  for (const Step& step : steps_) SRDF_RETURN_IF_ERROR(Emit(step, &emitter));
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

Status CompactorImpl::Emit(const Step& step, RunEmitter* emitter) {
  if (step.table == nullptr) return emitter->AddRecord(step.type, step.passed.body);
  if (!step.passed.body.empty()) {
    SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(step.passed.body));
    RowRunHeader header = run.header();
    header.flags = step.passed.flags;
    SRDF_RETURN_IF_ERROR(emitter->Select(header));
    Row row;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, run.Next(&row));
      if (!more) return Status::Ok();
      SRDF_RETURN_IF_ERROR(EmitRow(step.table, header.op, row.flags, row.before, row.after, emitter));
    }
  }
  const TableWindow& window = step.table->window;
  RowRunHeader header;
  header.table_ref = window.schema().table_ref;
  header.op = step.net.op;
  header.flags = step.net.flags;
  if (header.op != RowOp::kInsert) header.bitmap_before = window.bitmap(step.net.before_bitmap);
  if (header.op != RowOp::kDelete) header.bitmap_after = window.bitmap(step.net.after_bitmap);
  SRDF_RETURN_IF_ERROR(emitter->Select(header));
  for (size_t i = step.net.first; i < step.net.first + step.net.count; ++i) {
    const NetRow& row = net_rows_[i];
    SRDF_RETURN_IF_ERROR(EmitRow(step.table, header.op, 0, row.before(), row.after(), emitter));
  }
  return Status::Ok();
}

Status CompactorImpl::EmitRow(Table* table, RowOp op, uint8_t flags, ByteView before, ByteView after,
                              RunEmitter* emitter) {
  TableManifest& m = table->named->manifest;
  ++(op == RowOp::kInsert ? m.inserts_after : op == RowOp::kUpdate ? m.updates_after : m.deletes_after);
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

std::unique_ptr<Compactor> NewCompactor(bool merge, ImageMergers mergers, KeyPlacers placers) {
  return std::make_unique<CompactorImpl>(merge, std::move(mergers), std::move(placers));
}

}  // namespace srdf::compaction
