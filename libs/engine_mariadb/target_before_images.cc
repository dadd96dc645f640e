#include "engine_mariadb/target_before_images.h"

#include <algorithm>

#include "engine_mariadb/column_type.h"
#include "engine_mariadb/row_json.h"

namespace srdf::engine_mariadb {

namespace {

// Measured: 32 to 128 rows take the same time; more make the server compare each row with more conditions.
constexpr uint32_t kBatchRowsMax = 64;
constexpr uint64_t kBatchBytesMax = 1 << 20;

// What the row at the target holds, as a text that AppendFound understands.
std::string SelectText(const SqlTable::Column& column) {
  const std::string& type = column.sql.data_type;
  if (type == "float") return "CAST(" + column.quoted_name + " AS DOUBLE)";
  if (type == "bit") return column.quoted_name + "+0";
  const bool text = !column.sql.character_set.empty() && column.sql.character_set != "binary";
  static constexpr std::string_view kBinary[] = {
      "binary",          "varbinary",    "tinyblob",          "blob",  "mediumblob", "longblob", "uuid",
      "inet4",           "inet6",        "geometry",          "point", "linestring", "polygon",  "multipoint",
      "multilinestring", "multipolygon", "geometrycollection"};
  const bool binary = std::find(std::begin(kBinary), std::end(kBinary), type) != std::end(kBinary);
  return binary && !text ? "CONCAT('0x',HEX(" + column.quoted_name + "))" : column.quoted_name;
}

void AppendFound(const SqlTable::Column& column, const Value& value, std::string* json) {
  AppendJsonString(column.sql.name, json);
  json->push_back(':');
  static constexpr std::string_view kNumbers[] = {"tinyint", "smallint", "mediumint", "int", "bigint",
                                                  "float",   "double",   "bit",       "year"};
  const std::string& type = column.sql.data_type;
  if (!value) {
    *json += "null";
  } else if (std::find(std::begin(kNumbers), std::end(kNumbers), type) != std::end(kNumbers)) {
    *json += *value;
  } else {
    AppendJsonString(*value, json);
  }
}

}  // namespace

BeforeImages::BeforeImages(Connection* connection, uint64_t packet_bytes_max)
    : connection_(connection), batch_bytes_max_(std::min(packet_bytes_max / 2, kBatchBytesMax)) {}

Result<BeforeImages::Table*> BeforeImages::Find(const TableSchema& schema) {
  Table& table = tables_[{schema.database, schema.table}];
  if (table.schema.columns == schema.columns && table.schema.key_kind == schema.key_kind &&
      table.schema.key_columns == schema.key_columns) {
    return &table;
  }
  table = Table();
  SRDF_ASSIGN_OR_RETURN(table.sql, LoadSqlTable(connection_, schema));
  SRDF_ASSIGN_OR_RETURN(table.layout, RowLayout::Build(schema.columns));
  table.comparable = schema.key_kind != KeyKind::kNone && !table.sql.sequence &&
                     !table.sql.system_versioned &&
                     std::all_of(schema.key_columns.begin(), schema.key_columns.end(), [&](uint16_t c) {
                       return table.sql.columns[c].visible && !table.sql.columns[c].generated;
                     });
  table.schema = schema;
  return &table;
}

bool BeforeImages::Whole(const Table& table, ByteView bitmap) {
  for (size_t i = 0; i < table.schema.columns.size(); ++i) {
    if (!BitmapHas(bitmap, i)) return false;
  }
  return true;
}

Status BeforeImages::Split(const Table& table, ByteView bitmap, ByteView image) {
  present_.Set(bitmap, table.schema.columns.size());
  ByteView rest = image, taken;
  if (table.layout.Take(&rest, present_, &taken, &slices_) && rest.empty()) return {};
  return {StatusCode::kDataLoss,
          "a row of " + table.sql.quoted_name + " does not fit its columns, it cannot be compared"};
}

std::string BeforeImages::KeyBytes(const Table& table) const {
  std::string key = table.sql.quoted_name;
  for (const uint16_t column : table.schema.key_columns) key.append(slices_.columns[column].view());
  return key;
}

Status BeforeImages::AppendKeyMatch(const Table& table, std::string* out) const {
  for (const uint16_t column : table.schema.key_columns) {
    if (column != table.schema.key_columns.front()) *out += " AND ";
    *out += table.sql.columns[column].quoted_name + "=";
    SRDF_RETURN_IF_ERROR(AppendSqlLiteral(table.schema.columns[column], table.sql.columns[column].sql,
                                          slices_.columns[column], SqlUse::kMatch, out));
  }
  return {};
}

Status BeforeImages::AppendExactMatch(const Table& table, std::string* out) const {
  for (size_t i = 0; i < table.schema.columns.size(); ++i) {
    const SqlTable::Column& column = table.sql.columns[i];
    if (!column.visible || column.generated) continue;
    *out += " AND ";
    SRDF_RETURN_IF_ERROR(AppendSqlExactMatch(table.schema.columns[i], column.sql, slices_.columns[i], out));
  }
  return {};
}

void BeforeImages::BeginStatement() {
  seen_.clear();
  equal_ = true;
  for (auto& [name, table] : tables_) {
    table.batch.clear();
    table.batch_rows = 0;
  }
}

Status BeforeImages::Add(const TableSchema& schema, const RowRunHeader& header, RowRunReader from,
                         uint32_t count) {
  SRDF_ASSIGN_OR_RETURN(Table* const table, Find(schema));
  if (!table->comparable) return {};
  const bool before_whole = header.op != RowOp::kInsert && Whole(*table, header.bitmap_before);
  const bool after_whole = header.op != RowOp::kDelete && Whole(*table, header.bitmap_after);
  Row row;
  for (uint32_t i = 0; i < count && equal_; ++i) {
    SRDF_ASSIGN_OR_RETURN(const bool more, from.Next(&row));
    if (!more) return {StatusCode::kInternal, "row run ended early"};
    if (before_whole) {
      SRDF_RETURN_IF_ERROR(Split(*table, header.bitmap_before, row.before));
      if (seen_.insert(KeyBytes(*table)).second) {
        const size_t start = table->batch.size();
        table->batch += start == 0 ? "(" : " OR (";
        Status status = AppendKeyMatch(*table, &table->batch);
        if (status.ok()) status = AppendExactMatch(*table, &table->batch);
        table->batch += ")";
        if (status.code() == StatusCode::kFailedPrecondition ||
            table->batch.size() - start > batch_bytes_max_) {
          table->batch.resize(start);  // has no literal, or is too long for one statement
        } else if (!status.ok()) {
          return status;
        } else if (++table->batch_rows >= kBatchRowsMax || table->batch.size() > batch_bytes_max_ / 2) {
          SRDF_RETURN_IF_ERROR(Ask(table));
        }
      }
    }
    if (after_whole) {
      SRDF_RETURN_IF_ERROR(Split(*table, header.bitmap_after, row.after));
      seen_.insert(KeyBytes(*table));
    }
  }
  return {};
}

Status BeforeImages::Ask(Table* table) {
  if (table->batch_rows == 0) return {};
  SRDF_ASSIGN_OR_RETURN(const std::string count,
                        connection_->QueryValue("SELECT COUNT(*) FROM " + table->sql.quoted_name + " WHERE " +
                                                table->batch + " FOR UPDATE"));
  equal_ = equal_ && count == std::to_string(table->batch_rows);
  table->batch.clear();
  table->batch_rows = 0;
  return {};
}

Result<bool> BeforeImages::AllEqual() {
  for (auto& [name, table] : tables_) {
    if (!equal_) break;
    SRDF_RETURN_IF_ERROR(Ask(&table));
  }
  return equal_;
}

Result<std::string> BeforeImages::Difference(const TableSchema& schema, const RowRunHeader& header,
                                             const Row& row) {
  SRDF_ASSIGN_OR_RETURN(const Table* const table, Find(schema));
  if (!table->comparable || header.op == RowOp::kInsert || !Whole(*table, header.bitmap_before)) {
    return std::string();
  }
  SRDF_RETURN_IF_ERROR(Split(*table, header.bitmap_before, row.before));
  std::vector<const SqlTable::Column*> columns;
  std::string flags, values, match;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const SqlTable::Column& column = table->sql.columns[i];
    if (!column.visible || column.generated) continue;
    std::string flag;
    const Status status = AppendSqlExactMatch(schema.columns[i], column.sql, slices_.columns[i], &flag);
    if (status.code() == StatusCode::kFailedPrecondition) continue;  // has no literal
    SRDF_RETURN_IF_ERROR(status);
    const bool key =
        std::find(schema.key_columns.begin(), schema.key_columns.end(), i) != schema.key_columns.end();
    columns.push_back(&column);
    // 1: differs, 2: part of the key.
    flags += (flags.empty() ? "" : ",") + ("IF(" + flag + "," + (key ? "2" : "0") + ",1)");
    values += "," + SelectText(column);
  }
  SRDF_RETURN_IF_ERROR(AppendKeyMatch(*table, &match));
  const std::string query =
      "SELECT " + flags + values + " FROM " + table->sql.quoted_name + " WHERE " + match + " FOR UPDATE";
  if (query.size() > 2 * batch_bytes_max_) return std::string();
  SRDF_ASSIGN_OR_RETURN(const auto rows, connection_->Query(query));
  if (rows.empty()) return std::string();
  std::string json = "{";
  bool differs = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string flag = rows[0][i].value_or("1");
    if (flag == "0") continue;
    differs = differs || flag == "1";
    if (json.size() > 1) json += ",";
    AppendFound(*columns[i], rows[0][columns.size() + i], &json);
  }
  return differs ? json + "}" : std::string();
}

}  // namespace srdf::engine_mariadb
