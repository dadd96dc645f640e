#include "capture/copy_filter.h"

#include "model/schema.h"

namespace srdf::capture {

// A length before the first part, so that no two pairs make one name.
std::string CopyFilter::NameOf(std::string_view database, std::string_view table) {
  std::string name;
  ByteWriter w(&name);
  w.Blob(database);
  w.Raw(table);
  return name;
}

Status CopyFilter::SeeSchema(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(const TableSchema schema, DecodeTableSchema(body));
  std::string name = NameOf(schema.database, schema.table);
  if (waiting_.count(name) != 0) {
    left_out_.insert(schema.table_ref);
  } else {
    left_out_.erase(schema.table_ref);
  }
  tables_[schema.table_ref] = std::move(name);
  return {};
}

void CopyFilter::Follow(const std::optional<CopyState>& copy, std::string encoded) {
  active_ = copy.has_value();
  nothing_passes_ = active_ && (copy->unplanned() || (copy->all_tables && !copy->schema_done));
  encoded_ = std::move(encoded);
  waiting_.clear();
  left_out_.clear();
  if (!active_) return;
  for (const TableCopy& table : copy->tables) {
    if (table.phase == CopyPhase::kWaiting) waiting_.insert(NameOf(table.database, table.table));
  }
  for (const auto& [ref, name] : tables_) {
    if (waiting_.count(name) != 0) left_out_.insert(ref);
  }
}

Status CopyFilter::Append(const Record& record, std::string* out) {
  switch (record.type) {
    case RecordType::kRowRun:
      if (nothing_passes_ || left_out_.count(ByteReader(record.body).U32()) != 0) return {};
      break;
    case RecordType::kStatement:
      if (nothing_passes_) return {};
      break;
    default:
      break;
  }
  out->append(record.whole);
  return {};
}

}  // namespace srdf::capture
