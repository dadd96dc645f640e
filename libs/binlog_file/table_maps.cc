#include "binlog_file/table_maps.h"

#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"

namespace srdf::binlog_file {

namespace {

using engine_mariadb::FieldType;
using engine_mariadb::IsUtf8;

constexpr size_t kDescriptionsMax = 1000;
constexpr uint16_t kUtf8mb4 = 45;

bool IsInteger(const Column& column) {
  switch (static_cast<FieldType>(column.type)) {
    case FieldType::kTiny:
    case FieldType::kShort:
    case FieldType::kInt24:
    case FieldType::kLong:
    case FieldType::kLongLong:
      return true;
    default:
      return false;
  }
}

Result<std::shared_ptr<const KnownTable>> Build(ByteView description, engine_mariadb::LogDialect dialect) {
  auto table = std::make_shared<KnownTable>();
  SRDF_ASSIGN_OR_RETURN(table->map, engine_mariadb::DecodeTableMap(description, dialect));
  // The log writes names in UTF-8.
  bool sound = IsUtf8(table->map.database) && IsUtf8(table->map.table);
  for (const Column& column : table->map.columns) sound = sound && IsUtf8(column.name);
  if (!sound)
    return Status(StatusCode::kDataLoss, "malformed TABLE_MAP event in the binlog: a name is not UTF-8");
  auto layout = engine_mariadb::RowLayout::Build(table->map.columns);
  if (!layout.ok()) return layout.status().WithContext("table " + table->Name());
  table->layout = std::move(*layout);
  table->columns = table->map.columns;
  for (size_t i = 0; i < table->columns.size(); ++i) {
    Column& column = table->columns[i];
    if (!table->map.has_signedness && IsInteger(column)) table->signs_unknown = true;
    if (column.name.empty()) column.name = "@" + std::to_string(i + 1);
    if (column.collation == 0) column.collation = kUtf8mb4;
  }
  return std::shared_ptr<const KnownTable>(std::move(table));
}

}  // namespace

Result<std::shared_ptr<const KnownTable>> TableMaps::Add(ByteView body, engine_mariadb::LogDialect dialect) {
  SRDF_ASSIGN_OR_RETURN(const auto parts, engine_mariadb::SplitTableMap(body));
  std::string description(parts.description);
  description.push_back(static_cast<char>(dialect));
  auto known = by_description_.find(description);
  if (known == by_description_.end()) {
    SRDF_ASSIGN_OR_RETURN(auto table, Build(parts.description, dialect));
    if (by_description_.size() >= kDescriptionsMax) by_description_.clear();
    known = by_description_.emplace(std::move(description), std::move(table)).first;
  }
  by_id_[parts.table_id] = known->second;
  return known->second;
}

std::shared_ptr<const KnownTable> TableMaps::Find(uint64_t table_id) const {
  const auto it = by_id_.find(table_id);
  return it == by_id_.end() ? nullptr : it->second;
}

}  // namespace srdf::binlog_file
