#include "binlog_file/rows_json.h"

#include <fmt/format.h>

#include "engine_mariadb/row_json.h"
#include "engine_mariadb/rows_event.h"
#include "engine_mysql/mysql_event.h"
#include "engine_mysql/mysql_row.h"

namespace srdf::binlog_file {

namespace {

using engine_mariadb::EventType;
using engine_mariadb::RowSlices;
using engine_mysql::MysqlEventType;

bool IsPartial(const LogEvent& event) {
  return static_cast<MysqlEventType>(event.type()) == MysqlEventType::kPartialUpdateRows;
}

// MariaDB's codes of compressed events mean nothing in a MySQL log, nor MySQL's in one of MariaDB.
constexpr uint8_t kMySqlTypeMax = 42;

}  // namespace

bool IsRows(const LogEvent& event, LogDialect dialect) {
  if (dialect == LogDialect::kMariaDb) return engine_mariadb::IsRowsEvent(event.view.header.event_type());
  return IsPartial(event) ||
         (event.type() <= kMySqlTypeMax && engine_mariadb::IsRowsEvent(event.view.header.event_type()));
}

Status RowsJson::Read(const LogEvent& event, TableMaps* maps,
                      const std::function<bool(const KnownTable&)>& wanted, const OnRow& on_row) {
  const bool partial = IsPartial(event);
  engine_mariadb::EventView view = event.view;
  if (partial) view.header.type = static_cast<uint8_t>(EventType::kUpdateRows);  // the same header
  SRDF_ASSIGN_OR_RETURN(engine_mariadb::RowsEvent rows, engine_mariadb::DecodeRowsEvent(view, &inflated_));
  const bool statement_ends = (rows.flags & engine_mariadb::kRowsStatementEnd) != 0;
  if (rows.table_id == engine_mariadb::kDummyTableId && rows.rows.empty()) {
    if (statement_ends) maps->Forget();
    return {};
  }
  const std::shared_ptr<const KnownTable> table = maps->Find(rows.table_id);
  if (table == nullptr) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("rows of table id {}, which no TABLE_MAP event before them announces", rows.table_id),
            "begin at the offset of a transaction"};
  }
  if (statement_ends) maps->Forget();  // `table` keeps its own
  if (rows.column_count != table->columns.size()) {
    return {StatusCode::kDataLoss, fmt::format("rows of {} columns, but {} has {}", rows.column_count,
                                               table->Name(), table->columns.size())};
  }
  if (!wanted(*table)) return {};
  // A MINIMAL insert of nothing but constant defaults: one row, without a byte.
  if (rows.rows.empty() && rows.op == RowOp::kInsert) return on_row(*table, rows.op, R"("after":{})");
  std::string json;
  while (!rows.rows.empty()) {
    json.clear();
    const size_t before_bytes = rows.rows.size();
    if (rows.op != RowOp::kInsert) {
      json += R"("before":)";
      SRDF_RETURN_IF_ERROR(AppendImage(*table, rows.bitmap_before, false, &rows.rows, &json));
    }
    if (rows.op != RowOp::kDelete) {
      json += json.empty() ? R"("after":)" : R"(,"after":)";
      SRDF_RETURN_IF_ERROR(AppendImage(*table, rows.bitmap_after, partial, &rows.rows, &json));
    }
    if (rows.rows.size() == before_bytes) {
      return {StatusCode::kDataLoss, "rows of " + table->Name() + " without any column, yet not empty"};
    }
    SRDF_RETURN_IF_ERROR(on_row(*table, rows.op, json));
  }
  return {};
}

Status RowsJson::AppendImage(const KnownTable& table, ByteView bitmap, bool partial, ByteView* rows,
                             std::string* out) {
  engine_mysql::PartialColumns changes;
  if (partial) {
    SRDF_ASSIGN_OR_RETURN(changes, engine_mysql::PartialColumns::Take(table.columns, rows));
  }
  present_.Set(bitmap, table.columns.size());
  ByteView image;
  if (!table.layout.Take(rows, present_, &image, &slices_)) {
    return {StatusCode::kDataLoss, "rows of " + table.Name() + " do not fit its columns"};
  }
  out->push_back('{');
  bool first = true;
  size_t json_ordinal = 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const bool change = engine_mysql::IsJsonColumn(column) && changes.Has(json_ordinal++);
    const RowSlices::Slice& slice = slices_.columns[i];
    if (slice.state == RowSlices::kAbsent) continue;
    if (!first) out->push_back(',');
    first = false;
    engine_mariadb::AppendJsonString(column.name, out);
    out->push_back(':');
    if (slice.state == RowSlices::kNull) {
      *out += "null";
      continue;
    }
    const Status status = engine_mysql::AppendMysqlColumnJson(column, slice.view(), change, out);
    if (!status.ok()) return status.WithContext("column " + column.name + " of " + table.Name());
  }
  out->push_back('}');
  return {};
}

}  // namespace srdf::binlog_file
