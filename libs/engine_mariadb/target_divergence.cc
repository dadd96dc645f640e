// The words for a row that the target refuses: table, operation, the row, and what the target has instead.
#include <mysqld_error.h>

#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_applier.h"
#include "engine_mariadb/row_json.h"
#include "engine_mariadb/target_rows.h"
#include "engine_mariadb/text_excerpt.h"

namespace srdf::engine_mariadb {

namespace {

constexpr size_t kShownBytesMax = 1000;

std::string Shown(const TableSchema& table, ByteView bitmap, ByteView image) {
  std::string json;
  const Status status = AppendRowJson(table, bitmap, image, &json);
  if (!status.ok()) return "(cannot be shown: " + status.message() + ")";
  return Excerpt(json, kShownBytesMax);
}

// What the target's answer says about the row that it holds.
std::string Found(unsigned error, const TableSchema& table) {
  switch (error) {
    case ER_KEY_NOT_FOUND:
      return table.key_kind == KeyKind::kNone ? "found: no row with all these values"
                                              : "found: no row with this key";
    case ER_DUP_ENTRY:
    case ER_DUP_ENTRY_WITH_KEY_NAME:
      return "found: another row with the same unique value";
    case ER_NO_REFERENCED_ROW:
    case ER_NO_REFERENCED_ROW_2:
      return "found: no parent row";
    case ER_ROW_IS_REFERENCED:
    case ER_ROW_IS_REFERENCED_2:
      return "found: child rows that refer to it";
    case ER_UNKNOWN_ERROR:
      return "the row does not fit the table at the target (types, sizes): the server's error log names the "
             "column";
    default:
      return {};
  }
}

}  // namespace

Status NativeRows::DescribeRow(const Slice& slice, RowRunReader from, const Status& refused,
                               unsigned error) const {
  Row row;
  SRDF_ASSIGN_OR_RETURN(const bool more, from.Next(&row));
  if (!more) return refused;
  return DescribeRefusedRow(*slice.table, slice.header, row, refused, error);
}

Status DescribeRefusedRow(const TableSchema& table, const RowRunHeader& header, const Row& row,
                          const Status& refused, unsigned error) {
  const RowOp op = header.op;
  std::string text = Connection::QuoteIdentifier(table.database) + "." +
                     Connection::QuoteIdentifier(table.table) + ": " + std::string(RowOpName(op));
  if (op != RowOp::kInsert) text += " of row " + Shown(table, header.bitmap_before, row.before);
  if (op == RowOp::kUpdate) text += " to " + Shown(table, header.bitmap_after, row.after);
  if (op == RowOp::kInsert) text += " of row " + Shown(table, header.bitmap_after, row.after);
  const std::string found = Found(error, table);
  if (!found.empty()) text += "; " + found;
  text += "; " + refused.message();
  std::string remedy = refused.remedy();
  if (remedy.empty() && refused.code() == StatusCode::kDivergence) {
    remedy =
        "the target is not what the source's log says: find out who wrote to it, mend the row, then resume "
        "the flow";
  }
  return {refused.code(), std::move(text), std::move(remedy)};
}

}  // namespace srdf::engine_mariadb
