#include "engine_mariadb/target_key.h"

#include <strings.h>

#include <algorithm>

#include "engine_mariadb/table_map.h"

namespace srdf::engine_mariadb {

namespace {

constexpr size_t kVariantsMax = 2;

bool SameTable(const TableSchema& a, const TableSchema& b) {
  return a.columns == b.columns && a.key_kind == b.key_kind && a.key_columns == b.key_columns &&
         a.engine_meta == b.engine_meta;
}

std::string BitmapOf(const std::vector<uint16_t>& columns, size_t column_count) {
  std::string bitmap((column_count + 7) / 8, '\0');
  for (const uint16_t c : columns) bitmap[c / 8] = static_cast<char>(bitmap[c / 8] | 1 << (c % 8));
  return bitmap;
}

}  // namespace

Status KeyedTable::SplitImage(ByteView bitmap, ByteView image, RowSlices* out) const {
  PresentColumns present;
  present.Set(bitmap, schema.columns.size());
  ByteView rest = image, taken;
  if (layout.Take(&rest, present, &taken, out) && rest.empty()) return {};
  return {StatusCode::kDataLoss, sql.quoted_name + ": the image of a row or key does not fit the columns"};
}

std::string KeyedTable::KeyBitmap() const { return BitmapOf(schema.key_columns, schema.columns.size()); }

Status KeyedTable::SplitKey(ByteView key, std::string* image, RowSlices* out) const {
  image->assign((schema.key_columns.size() + 7) / 8, '\0');
  image->append(key);
  return SplitImage(KeyBitmap(), *image, out);
}

Status KeyedTable::AppendLiteral(uint16_t column, const RowSlices& row, std::string* out) const {
  const Status status = row.columns[column].state == RowSlices::kAbsent
                            ? Status(StatusCode::kFailedPrecondition,
                                     "the image of a changed row does not have it, and it is part of the key",
                                     "SET GLOBAL binlog_row_image=FULL at the source")
                            : AppendSqlLiteral(schema.columns[column], sql.columns[column].sql,
                                               row.columns[column], SqlUse::kMatch, out);
  return status.ok() ? status
                     : status.WithContext(sql.quoted_name + ", column " + sql.columns[column].quoted_name);
}

Status KeyedTable::AppendColumnsAre(const std::vector<uint16_t>& columns, const RowSlices& row,
                                    std::string* out) const {
  const char* separator = "";
  for (const uint16_t column : columns) {
    *out += separator + sql.columns[column].quoted_name + "=";
    SRDF_RETURN_IF_ERROR(AppendLiteral(column, row, out));
    separator = " AND ";
  }
  return {};
}

// Compared as the index compares: in the column's collation, with which LEFT goes by characters.
Result<bool> KeyedTable::AppendClash(const UniqueKey& key, const RowSlices& row, std::string* out) const {
  if (!std::all_of(key.columns.begin(), key.columns.end(),
                   [&](uint16_t c) { return row.columns[c].state == RowSlices::kValue; })) {
    return false;
  }
  for (size_t i = 0; i < key.columns.size(); ++i) {
    const std::string& name = sql.columns[key.columns[i]].quoted_name;
    const std::string end = key.prefixes[i] == 0 ? "" : "," + std::to_string(key.prefixes[i]) + ")";
    *out += i == 0 ? "" : " AND ";
    *out += end.empty() ? name + "=" : "LEFT(" + name + end + "=LEFT(";
    SRDF_RETURN_IF_ERROR(AppendLiteral(key.columns[i], row, out));
    *out += end;
  }
  return true;
}

// (a>1 OR (a=1 AND (b>2 OR (b=2 AND c>3)))): read as a range of the index, which (a,b,c)>(1,2,3) is not.
Status KeyedTable::AppendBeyond(const RowSlices& bound, char direction, bool inclusive,
                                std::string* out) const {
  size_t open = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string& name = sql.columns[order[i]].quoted_name;
    const bool last = i + 1 == order.size();
    *out += (last ? "" : "(") + name + direction + (last && inclusive ? "=" : "");
    SRDF_RETURN_IF_ERROR(AppendLiteral(order[i], bound, out));
    if (last) break;
    *out += " OR (" + name + "=";
    SRDF_RETURN_IF_ERROR(AppendLiteral(order[i], bound, out));
    *out += " AND ";
    open += 2;
  }
  out->append(open, ')');
  return {};
}

Status KeyedTable::AppendKeyIn(ByteView after, ByteView until, std::string* out) const {
  if (after.empty() && until.empty()) return {};
  if (order.empty()) {
    return {StatusCode::kDataLoss, sql.quoted_name +
                                       " is to be copied by ranges of its key, whose order is not "
                                       "known: it has no key, or the table map does not tell it"};
  }
  std::string image;
  RowSlices bound;
  if (!after.empty()) {
    SRDF_RETURN_IF_ERROR(SplitKey(after, &image, &bound));
    SRDF_RETURN_IF_ERROR(AppendBeyond(bound, '>', /*inclusive=*/false, out));
    if (until.empty()) return {};
    *out += " AND ";
  }
  SRDF_RETURN_IF_ERROR(SplitKey(until, &image, &bound));
  return AppendBeyond(bound, '<', /*inclusive=*/true, out);
}

Status KeyedTable::AppendRowIs(const RowSlices& row, std::string* out) const {
  const char* separator = "";
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const SqlTable::Column& column = sql.columns[i];
    if (row.columns[i].state == RowSlices::kAbsent || !column.visible || column.generated) continue;
    *out += separator;
    const Status status = AppendSqlExactMatch(schema.columns[i], column.sql, row.columns[i], out);
    if (!status.ok()) return status.WithContext(sql.quoted_name + ", column " + column.quoted_name);
    separator = " AND ";
  }
  return {};
}

Result<KeyedTable*> KeyedTables::Find(const TableSchema& schema) {
  std::deque<KeyedTable>& variants = tables_[{schema.database, schema.table}];
  for (KeyedTable& known : variants) {
    if (!SameTable(known.schema, schema)) continue;
    known.schema.table_ref = schema.table_ref;
    return &known;
  }
  KeyedTable table;
  table.schema = schema;
  SRDF_ASSIGN_OR_RETURN(table.sql, LoadSqlTable(connection_, schema));
  auto layout = RowLayout::Build(schema.columns);
  if (!layout.ok()) return layout.status().WithContext(table.sql.quoted_name);
  table.layout = std::move(layout).value();
  SRDF_RETURN_IF_ERROR(LoadKeys(&table));
  if (variants.size() == kVariantsMax) variants.pop_front();
  return &variants.emplace_back(std::move(table));
}

// The two sides may have the key's columns in different orders. Ranges are those of the source, whose order
// the table map tells.
Status KeyedTables::LoadKeys(KeyedTable* table) const {
  const TableSchema& schema = table->schema;
  if (schema.key_kind == KeyKind::kNone) return {};
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection_->Query("SELECT index_name, column_name, IFNULL(sub_part,0), index_type='BTREE' FROM "
                         "information_schema.statistics WHERE table_schema=" +
                         connection_->Quote(schema.database) +
                         " AND table_name=" + connection_->Quote(schema.table) +
                         " AND non_unique=0 ORDER BY index_name<>'PRIMARY', index_name, seq_in_index"));
  for (size_t i = 0; i < rows.size();) {
    const std::string name = rows[i][0].value_or("");
    KeyedTable::UniqueKey key;
    bool known = true, scanned = false;
    for (; i < rows.size() && rows[i][0].value_or("") == name; ++i) {
      const auto column = std::find_if(schema.columns.begin(), schema.columns.end(), [&](const Column& c) {
        return strcasecmp(c.name.c_str(), rows[i][1].value_or("").c_str()) == 0;
      });
      known = known && column != schema.columns.end();
      key.columns.push_back(static_cast<uint16_t>(column - schema.columns.begin()));
      key.prefixes.push_back(static_cast<unsigned>(std::stoul(rows[i][2].value_or("0"))));
      scanned = scanned || key.prefixes.back() != 0 || rows[i][3] != "1";
    }
    if (!known) continue;
    if (!scanned) key.index = name;
    const bool logical = !scanned && table->index.empty() &&
                         std::is_permutation(key.columns.begin(), key.columns.end(),
                                             schema.key_columns.begin(), schema.key_columns.end());
    if (logical) {
      table->index = key.index;
    } else {
      table->other_keys.push_back(std::move(key));
    }
  }
  if (!schema.engine_meta.empty()) {
    SRDF_ASSIGN_OR_RETURN(const TableMap map, DecodeTableMap(schema.engine_meta));
    if (std::is_permutation(map.primary_key_order.begin(), map.primary_key_order.end(),
                            schema.key_columns.begin(), schema.key_columns.end())) {
      table->order = map.primary_key_order;
      return {};
    }
  }
  // Of one column there is but one order.
  table->order = schema.key_columns.size() == 1 ? schema.key_columns : std::vector<uint16_t>();
  return {};
}

Status KeyedTables::LoadTriggers(KeyedTable* table) {
  if (table->triggers_known) return {};
  SRDF_RETURN_IF_ERROR(LoadSqlTriggers(connection_, table->schema, &table->sql));
  table->triggers_known = true;
  return {};
}

void KeyedTables::BeginWagon() {
  for (auto& [name, variants] : tables_) {
    for (KeyedTable& table : variants) table.triggers_known = false;
  }
}

}  // namespace srdf::engine_mariadb
