#include "capture/copy_records.h"

namespace srdf::capture {

uint32_t CopyTableRefs::RefOf(const TableSchema& schema) {
  TableSchema plain = schema;
  plain.table_ref = 0;
  std::string bytes;
  EncodeTableSchema(plain, &bytes);
  std::lock_guard lock(mu_);
  return refs_.try_emplace(std::move(bytes), kFirst + static_cast<uint32_t>(refs_.size())).first->second;
}

void CopyRecords::Table(TableSchema schema) {
  CloseRuns();
  schema_ = std::move(schema);
  schema_.table_ref = refs_->RefOf(schema_);
  columns_ = SnapshotColumns(schema_);
  announced_ = false;
}

void CopyRecords::Announce() {
  if (announced_) return;
  std::string body;
  EncodeTableSchema(schema_, &body);
  AppendRecord(RecordType::kTableSchema, body, &out_);
  announced_ = true;
}

void CopyRecords::Append(RangeCopy range) {
  range.table_ref = schema_.table_ref;
  std::string body;
  EncodeRangeCopy(range, &body);
  AppendRecord(RecordType::kRangeCopy, body, &out_);
}

void CopyRecords::Range(RangeCopy range) {
  CloseRuns();
  Announce();
  Append(std::move(range));
}

void CopyRecords::RangeOfRowsBefore(RangeCopy range) {
  if (writer_.open()) writer_.End();
  Announce();
  Append(std::move(range));
  CloseRuns();
}

Status CopyRecords::Row(ByteView key, ByteView image) {
  if (writer_.open() && (writer_.row_count() >= kRunRowsMax || writer_.run_bytes() >= kRunBytesMax)) {
    writer_.End();
  }
  if (!writer_.open()) {
    // The rows are those of one moment: no constraint of the target is asked, and nothing is merged with
    // them.
    writer_.Begin({schema_.table_ref,
                   RowOp::kInsert,
                   kRunInPlace | kRunNoForeignKeyChecks | kRunNoCheckConstraints,
                   {},
                   columns_});
  }
  writer_.Add({0, key, {}, {}, image});
  ++rows_;
  return {};
}

void CopyRecords::CloseRuns() {
  if (writer_.open()) writer_.End();
  out_ += runs_;
  runs_.clear();
}

std::string CopyRecords::Take() {
  CloseRuns();
  announced_ = false;
  return std::exchange(out_, {});
}

}  // namespace srdf::capture
