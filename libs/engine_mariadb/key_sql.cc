#include "engine_mariadb/key_sql.h"

#include <algorithm>

#include "engine_mariadb/connection.h"
#include "engine_mariadb/table_map.h"

namespace srdf::engine_mariadb {

std::vector<uint16_t> KeyOrderOf(const TableSchema& schema) {
  if (schema.engine_meta.empty()) return schema.key_columns;
  auto map = DecodeTableMap(schema.engine_meta);
  if (!map.ok() || map->primary_key != schema.key_columns || map->primary_key_order.empty()) {
    return schema.key_columns;
  }
  return std::move(map->primary_key_order);
}

Result<KeySql> KeySql::Build(const TableSchema& schema, const std::vector<SqlColumn>& columns) {
  KeySql out;
  out.table_ = schema.database + "." + schema.table;
  if (schema.key_kind == KeyKind::kNone || schema.key_columns.empty()) {
    return Status(StatusCode::kFailedPrecondition, "table " + out.table_ + " has no key");
  }
  out.key_columns_ = schema.key_columns;
  out.order_ = KeyOrderOf(schema);
  for (const uint16_t ordinal : out.key_columns_) {
    if (ordinal >= schema.columns.size() || ordinal >= columns.size()) {
      return Status(StatusCode::kInternal, "table " + out.table_ + " has a key of columns that it has not");
    }
    const Column& column = schema.columns[ordinal];
    auto layout = LayoutOf(column.type, column.type_meta);
    if (!layout.ok()) return layout.status().WithContext("column " + column.name + " of table " + out.table_);
    out.layouts_.push_back(*layout);
  }
  for (const uint16_t ordinal : out.order_) {
    Part part;
    part.place = static_cast<uint16_t>(std::find(out.key_columns_.begin(), out.key_columns_.end(), ordinal) -
                                       out.key_columns_.begin());
    part.column = schema.columns[ordinal];
    part.sql = columns[ordinal];
    part.quoted_name = Connection::QuoteIdentifier(part.column.name);
    out.column_list_ += (out.column_list_.empty() ? "" : ",") + part.quoted_name;
    out.parts_.push_back(std::move(part));
  }
  return out;
}

Status KeySql::Literals(ByteView key, std::vector<std::string>* out) const {
  const Status malformed(StatusCode::kDataLoss, "bytes that are not a key of table " + table_,
                         "its key has changed: begin anew with the key that it has now");
  std::vector<RowSlices::Slice> slices;
  ByteReader in(key);
  for (const ColumnLayout& layout : layouts_) {
    const size_t at = in.offset();
    size_t size = layout.size;
    if (layout.length_bytes != 0) {
      size = 0;
      for (unsigned i = 0; i < layout.length_bytes; ++i) size |= size_t{in.U8()} << (8 * i);
    }
    in.Skip(size);
    if (!in.ok()) return malformed;
    slices.push_back({key.data() + at, static_cast<uint32_t>(in.offset() - at), RowSlices::kValue});
  }
  if (!in.AtEnd()) return malformed;
  out->clear();
  for (const Part& part : parts_) {
    std::string& literal = out->emplace_back();
    const Status status =
        AppendSqlLiteral(part.column, part.sql, slices[part.place], SqlUse::kMatch, &literal);
    if (!status.ok())
      return status.WithContext("column " + part.column.name + " of a key of table " + table_);
  }
  return {};
}

// (`a`>1 OR (`a`=1 AND `b`>2) OR (`a`=1 AND `b`=2 AND `c`>=3))
void KeySql::AppendSteps(const std::vector<std::string>& literals, char sign, bool inclusive,
                         std::string* out) const {
  out->push_back('(');
  for (size_t last = 0; last < parts_.size(); ++last) {
    *out += last == 0 ? "(" : " OR (";
    for (size_t i = 0; i < last; ++i) *out += parts_[i].quoted_name + "=" + literals[i] + " AND ";
    *out += parts_[last].quoted_name + sign;
    if (inclusive && last + 1 == parts_.size()) out->push_back('=');
    *out += literals[last] + ")";
  }
  out->push_back(')');
}

Status KeySql::AppendRange(const engine::KeyRange& range, std::string* out) const {
  std::vector<std::string> literals;
  if (range.after.empty() && range.until.empty()) *out += "TRUE";
  if (!range.after.empty()) {
    SRDF_RETURN_IF_ERROR(Literals(range.after, &literals));
    AppendSteps(literals, '>', false, out);
  }
  if (!range.until.empty()) {
    if (!range.after.empty()) *out += " AND ";
    SRDF_RETURN_IF_ERROR(Literals(range.until, &literals));
    AppendSteps(literals, '<', true, out);
  }
  return {};
}

Status KeySql::AppendKey(ByteView key, std::string* out) const {
  std::vector<std::string> literals;
  SRDF_RETURN_IF_ERROR(Literals(key, &literals));
  out->push_back('(');
  for (size_t i = 0; i < parts_.size(); ++i) {
    *out += (i == 0 ? "" : " AND ") + parts_[i].quoted_name + "=" + literals[i];
  }
  out->push_back(')');
  return {};
}

Status KeySql::AppendKeys(const std::string* keys, size_t count, std::string* out) const {
  const bool one_column = parts_.size() == 1;
  std::vector<std::string> literals;
  *out += one_column ? "(" + parts_[0].quoted_name + " IN (" : "(";
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) *out += one_column ? "," : " OR ";
    if (!one_column) {
      SRDF_RETURN_IF_ERROR(AppendKey(keys[i], out));
      continue;
    }
    SRDF_RETURN_IF_ERROR(Literals(keys[i], &literals));
    *out += literals[0];
  }
  *out += one_column ? "))" : ")";
  return {};
}

}  // namespace srdf::engine_mariadb
