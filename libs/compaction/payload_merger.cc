#include "compaction/payload_merger.h"

#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

namespace srdf::compaction {

namespace {

// In a run's record: after the record's header, table_ref and operation.
constexpr size_t kRunFlagsAt = kRecordHeaderBytes + 4 + 1;

// A schema as the merged wagon has it.
struct MergedTable {
  TableSchema schema;
  std::unique_ptr<KeyReader> reader;  // nothing: rows keep their place, or the table has no key
};

class PayloadMergerImpl : public PayloadMerger {
 public:
  PayloadMergerImpl(ImageMergers mergers, KeyReaders readers, KeyPlacers placers)
      : compactor_(NewCompactor(true, std::move(mergers), std::move(placers))),
        readers_(std::move(readers)) {}

  void BeginWagon() override { by_ref_.clear(); }

  Status Add(std::string_view records) override {
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) return {};
      SRDF_RETURN_IF_ERROR(AddRecord(record));
    }
  }

  uint64_t bytes() const override { return bytes_; }

  Result<CompactionResult> Finish(const RecordSink& sink) override { return compactor_->Finish(sink); }

 private:
  Status AddRecord(const Record& record) {
    switch (record.type) {
      case RecordType::kTableSchema:
        return AddSchema(record.body);
      case RecordType::kRowRun:
        return AddRun(record.body);
      case RecordType::kPreparedPart:
      case RecordType::kPreparedOutcome:
        return compactor_->AddPrepared(record.type, Keep(std::string(record.body)));
      case RecordType::kStatement:
        return {StatusCode::kFailedPrecondition, "a wagon with a statement cannot be merged with others"};
      case RecordType::kMark:
      case RecordType::kRangeCopy:
        return {StatusCode::kFailedPrecondition, "a mark, or rows of a copy, cannot be merged with others"};
      case RecordType::kTransactionBegin:
      case RecordType::kTransactionEnd:
        break;
    }
    return {StatusCode::kDataLoss,
            "a wagon's payload holds a record of type " + std::to_string(static_cast<int>(record.type))};
  }

  Status AddSchema(ByteView body) {
    SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(body));
    const uint32_t ref = std::exchange(schema.table_ref, 0);
    std::string contents;
    EncodeTableSchema(schema, &contents);
    const auto [at, is_new] = tables_.try_emplace(std::move(contents));
    MergedTable& table = at->second;
    if (is_new) {
      schema.table_ref = static_cast<uint32_t>(tables_.size());
      if (schema.key_kind != KeyKind::kNone) table.reader = readers_(schema);
      table.schema = std::move(schema);
      SRDF_RETURN_IF_ERROR(compactor_->AddSchema(table.schema));
    }
    by_ref_[ref] = &table;
    return {};
  }

  Status AddRun(ByteView body) {
    SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(body));
    RowRunHeader header = run.header();
    const auto found = by_ref_.find(header.table_ref);
    if (found == by_ref_.end()) {
      return {StatusCode::kDataLoss, "a wagon's rows refer to table_ref " + std::to_string(header.table_ref) +
                                         ", which has no schema in it"};
    }
    MergedTable& table = *found->second;
    header.table_ref = table.schema.table_ref;
    const bool keyed = table.schema.key_kind != KeyKind::kNone && (header.flags & kRunInPlace) == 0;
    if (!keyed) return Copy(header, &run, nullptr);
    if (table.reader == nullptr) {
      header.flags |= kRunInPlace;
      return Copy(header, &run, nullptr);
    }
    SRDF_RETURN_IF_ERROR(CheckBitmaps(header, table.schema));
    return Copy(header, &run, &table);
  }

  // A reader takes them at their word.
  static Status CheckBitmaps(const RowRunHeader& header, const TableSchema& schema) {
    const size_t bytes = (schema.columns.size() + 7) / 8;
    if (header.bitmap_before.size() == (header.op == RowOp::kInsert ? 0 : bytes) &&
        header.bitmap_after.size() == (header.op == RowOp::kDelete ? 0 : bytes)) {
      return {};
    }
    return {StatusCode::kDataLoss, "a wagon's rows of table " + schema.database + "." + schema.table +
                                       " come with column bitmaps of another table"};
  }

  // `keyed` null: rows leave without keys.
  Status Copy(RowRunHeader header, RowRunReader* run, MergedTable* keyed) {
    std::string record;
    RowRunWriter writer(&record);
    writer.Begin(header);
    bool keyless_row = false;
    Row row;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, run->Next(&row));
      if (!more) break;
      row.key = row.new_key = {};
      if (keyed != nullptr) {
        if (!keyed->reader->Read(header, &row)) {
          return {StatusCode::kDataLoss, "a row of table " + keyed->schema.database + "." +
                                             keyed->schema.table + " in a wagon does not fit its columns"};
        }
        if (row.key.empty()) keyless_row = true;
      }
      writer.Add(row);
    }
    writer.End();
    // Without its key a row cannot be found among the others.
    if (keyless_row) record[kRunFlagsAt] = static_cast<char>(header.flags | kRunInPlace);
    return compactor_->AddRun(ByteView(Keep(std::move(record))).substr(kRecordHeaderBytes));
  }

  const std::string& Keep(std::string bytes) {
    bytes_ += bytes.size();
    return kept_.emplace_back(std::move(bytes));
  }

  const std::unique_ptr<Compactor> compactor_;
  const KeyReaders readers_;
  std::map<std::string, MergedTable> tables_;          // by encoded schema with table_ref 0
  std::unordered_map<uint32_t, MergedTable*> by_ref_;  // of the present wagon
  std::deque<std::string> kept_;                       // views into it go to the compactor
  uint64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<PayloadMerger> NewPayloadMerger(ImageMergers mergers, KeyReaders readers,
                                                KeyPlacers placers) {
  return std::make_unique<PayloadMergerImpl>(std::move(mergers), std::move(readers), std::move(placers));
}

}  // namespace srdf::compaction
