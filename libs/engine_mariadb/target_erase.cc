#include "engine_mariadb/target_erase.h"

#include <algorithm>

#include "engine_mariadb/row_stream.h"

namespace srdf::engine_mariadb {

namespace {

// Of a piece: at most, and of the first one of which nothing is known yet.
constexpr uint64_t kRowsAtOnce = 4096;
constexpr uint64_t kRowsAtFirst = 64;
constexpr size_t kBytesAtOnce = 16 << 20;

// As TargetCopy::kSettings, and texts come as they are stored.
constexpr char kSettings[] =
    "SET STATEMENT foreign_key_checks=0, sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00', "
    "character_set_results=binary FOR ";

// In the order of the index that conditions on keys are read by; nothing when that is not known.
std::string KeyOrder(const KeyedTable& table) {
  std::string out;
  for (const uint16_t column : table.order) {
    out += (out.empty() ? " ORDER BY " : ",") + table.sql.columns[column].quoted_name;
  }
  return out;
}

}  // namespace

Status RowEraser::Erase(const KeyedTable& table, const std::string& where, const std::string& index) {
  if (rows_->method() != "native") {
    return {StatusCode::kFailedPrecondition, "rows are applied by SQL statements, which fire triggers"};
  }
  const bool has_key = table.schema.key_kind != KeyKind::kNone;
  const bool by_key = table.schema.key_kind == KeyKind::kPrimary;
  const std::string bitmap = by_key ? table.KeyBitmap() : SnapshotColumns(table.schema);
  TableSchema read = table.schema;
  for (size_t i = 0; by_key && i < read.columns.size(); ++i) {
    if (!BitmapHas(bitmap, i)) read.columns[i].generated = true;  // is not read
  }
  RowRunHeader header;
  header.table_ref = table.schema.table_ref;
  header.flags = kRunInPlace | kRunNoForeignKeyChecks;
  header.op = RowOp::kDelete;
  header.bitmap_before = bitmap;
  std::vector<SqlColumn> columns;
  for (const SqlTable::Column& column : table.sql.columns) columns.push_back(column.sql);
  SRDF_ASSIGN_OR_RETURN(RowImageBuilder builder, RowImageBuilder::Build(read, columns));

  SRDF_RETURN_IF_ERROR(rows_->Flush());
  const std::string from = kSettings +
                           ("SELECT " + builder.select_list() + " FROM " + table.sql.quoted_name) +
                           (index.empty() ? "" : " FORCE INDEX (" + Connection::QuoteIdentifier(index) + ")");
  // Rows that are deleted stay in the way of a reader until the transaction ends: each piece begins behind
  // the last.
  const std::string order = index.empty() || index == table.index ? KeyOrder(table) : "";
  uint64_t limit = by_key ? kRowsAtOnce : kRowsAtFirst;
  std::string conditions = where, last_key;
  for (uint64_t erased = 0;;) {
    bool complete = false;
    SRDF_ASSIGN_OR_RETURN(const uint64_t found,
                          Read(from + conditions + order + " LIMIT " + std::to_string(limit) + " FOR UPDATE",
                               header, &builder, &last_key, &complete));
    if (found == 0) return {};
    complete = complete && found < limit;
    // What is read and does not fit is read again: rows of such a size are asked for one by one, or a few.
    limit = std::clamp<uint64_t>(kBytesAtOnce / (run_.size() / found + 1), 1, kRowsAtOnce);
    erased += found;
    if (!has_key && erased > kKeylessRowsMax) {
      return {StatusCode::kFailedPrecondition,
              "it has no key, and more than " + std::to_string(kKeylessRowsMax) + " rows are to be replaced"};
    }
    SRDF_RETURN_IF_ERROR(rows_->AddRun(ByteView(run_).substr(kRecordHeaderBytes), 0));
    SRDF_RETURN_IF_ERROR(rows_->Flush());
    if (complete) return {};
    if (order.empty()) continue;
    constexpr std::string_view kWhere = " WHERE ";
    conditions = where.empty() ? std::string(kWhere) : " WHERE (" + where.substr(kWhere.size()) + ") AND ";
    SRDF_RETURN_IF_ERROR(table.AppendKeyIn(last_key, {}, &conditions));
  }
}

Result<uint64_t> RowEraser::Read(const std::string& sql, const RowRunHeader& header, RowImageBuilder* builder,
                                 std::string* last_key, bool* complete) {
  SRDF_ASSIGN_OR_RETURN(RowStream stream, RowStream::Open(connection_, sql, builder));
  run_.clear();
  RowRunWriter run(&run_);
  run.Begin(header);
  uint64_t found = 0;
  *complete = false;
  for (; found == 0 || run.run_bytes() < kBytesAtOnce; ++found) {
    SRDF_ASSIGN_OR_RETURN(const bool more, stream.Next());
    if (!more) {
      *complete = true;
      break;
    }
    Row row;
    row.before = builder->image();
    run.Add(row);
    last_key->assign(builder->key());
  }
  run.End();
  return found;
}

}  // namespace srdf::engine_mariadb
