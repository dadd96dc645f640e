#include "engine_mariadb/run_builder.h"

#include <fmt/format.h>

#include "engine_mariadb/row_key.h"

namespace srdf::engine_mariadb {

namespace {

// A run is ended at this size, so that consumers get bounded pieces.
constexpr size_t kRunBytesMax = 512u << 10;

bool AnyDiffers(const RowSlices& before, const RowSlices& after, const std::vector<uint16_t>& columns) {
  for (const uint16_t column : columns) {
    const RowSlices::Slice& b = before.columns[column];
    const RowSlices::Slice& a = after.columns[column];
    if (a.state == RowSlices::kAbsent) continue;  // not changed
    if (b.state != a.state || (a.state == RowSlices::kValue && a.view() != b.view())) return true;
  }
  return false;
}

// With MINIMAL images an insert has the columns that the statement names, and those whose default is not a
// constant. INSERT INTO t () VALUES () into a table whose key has a constant default has none of them: its
// one row takes no bytes in the event (seen on 10.11, whose replicas insert a row all the same). Nothing here
// carries a row without bytes.
Status NoRows(const RowsEvent& event, const TableUse& table) {
  const std::string name = table.schema.database + "." + table.schema.table;
  if (event.op != RowOp::kInsert || event.bitmap_after.find_first_not_of('\0') != ByteView::npos) {
    return {StatusCode::kDataLoss, "a rows event of table " + name + " has no rows"};
  }
  return {StatusCode::kFailedPrecondition,
          "a row of nothing but defaults was inserted into table " + name +
              " with a MINIMAL row image, which has no columns at all: such rows are not supported",
          "SET GLOBAL binlog_row_image = FULL, or name a column in the INSERT; then re-establish the flow"};
}

}  // namespace

void RunBuilder::Close() {
  if (writer_.open()) writer_.End();
}

void RunBuilder::Open(const Shape& shape, const RowsEvent& event, ByteView bitmap_after,
                      const TableUse& table) {
  Close();
  shape_ = shape;
  bitmap_before_.assign(event.bitmap_before);
  bitmap_after_.assign(bitmap_after);
  RowRunHeader header;
  header.table_ref = shape.table_ref;
  header.op = shape.op;
  header.flags = shape.flags;
  header.bitmap_before = bitmap_before_;
  header.bitmap_after = bitmap_after_;
  if (shape.key_only) {
    key_bitmap_.assign(bitmap_before_.size(), '\0');
    for (const uint16_t column : table.schema.key_columns)
      key_bitmap_[column / 8] |= static_cast<char>(1 << (column % 8));
    header.bitmap_before = key_bitmap_;
  }
  writer_.Begin(header);
}

Status RunBuilder::Add(const RowsEvent& event, TableUse* table, bool in_place) {
  if (event.column_count != table->layout.column_count()) {
    return {StatusCode::kDataLoss, fmt::format("a rows event of table {}.{} has {} columns, its table map {}",
                                               table->schema.database, table->schema.table,
                                               event.column_count, table->layout.column_count())};
  }
  if (event.rows.empty()) return NoRows(event, *table);
  if (!table->announced) {
    Close();
    std::string body;
    EncodeTableSchema(table->schema, &body);
    AppendRecord(RecordType::kTableSchema, body, out_);
    table->announced = true;
  }
  present_before_.Set(event.bitmap_before, table->layout.column_count());
  present_after_.Set(event.bitmap_after, table->layout.column_count());
  const bool full = (event.op == RowOp::kInsert || present_before_.all) &&
                    (event.op == RowOp::kDelete || present_after_.all);
  const bool cannot_unite = !full && table->schema.key_columns.empty();
  uint8_t flags = 0;
  const bool source_checked_keys = (event.flags & kRowsNoForeignKeyChecks) == 0;
  if (!source_checked_keys) flags |= kRunNoForeignKeyChecks;
  if ((event.flags & kRowsNoCheckConstraints) != 0) flags |= kRunNoCheckConstraints;
  const bool cascades = event.op == RowOp::kDelete && table->delete_cascades && source_checked_keys;
  if (in_place || table->in_place || cascades || cannot_unite) flags |= kRunInPlace;

  changed_.Clear();
  ByteView rest = event.rows;
  while (!rest.empty()) SRDF_RETURN_IF_ERROR(AddRow(event, table, flags, &rest));
  return {};
}

Status RunBuilder::AddRow(const RowsEvent& event, TableUse* table, uint8_t base_flags, ByteView* rest) {
  const bool has_before = event.op != RowOp::kInsert;
  const bool has_after = event.op != RowOp::kDelete;
  Row row;
  if ((has_before && !table->layout.Take(rest, present_before_, &row.before, &slices_before_)) ||
      (has_after && !table->layout.Take(rest, present_after_, &row.after, &slices_after_)) ||
      row.before.size() + row.after.size() == 0) {
    return {StatusCode::kDataLoss, fmt::format("the rows of an event of table {}.{} do not fit its columns",
                                               table->schema.database, table->schema.table)};
  }
  if (row.before.size() + row.after.size() > kRecordBodyBytesMax / 2) {
    return {
        StatusCode::kFailedPrecondition,
        fmt::format("a row of table {}.{} has {} bytes, the limit is {}", table->schema.database,
                    table->schema.table, row.before.size() + row.after.size(), kRecordBodyBytesMax / 2),
        "rows of this size cannot be replicated; store large values in pieces, then re-establish the flow"};
  }
  const std::vector<uint16_t>& key_columns = table->schema.key_columns;
  Shape shape{table->schema.table_ref, event.op, base_flags, false};
  bool moves = false;
  if (has_before) row.key = KeyOf(slices_before_, nullptr, key_columns, &key_before_);
  if (!has_before) row.key = KeyOf(slices_after_, nullptr, key_columns, &key_after_);
  if (has_before && has_after) {
    const ByteView key_after = KeyOf(slices_after_, &slices_before_, key_columns, &key_after_);
    if (!key_after.empty() && key_after != row.key) row.new_key = key_after;
    if (AnyDiffers(slices_before_, slices_after_, table->unique_columns)) row.flags |= kRowUniqueChanged;
    moves = !row.new_key.empty() || (row.flags & kRowUniqueChanged) != 0;
    if (moves && !present_after_.all) shape.flags |= kRunInPlace;
    if ((base_flags & kRunNoForeignKeyChecks) == 0 &&
        AnyDiffers(slices_before_, slices_after_, table->update_cascade_columns)) {
      shape.flags |= kRunInPlace;
    }
  }
  if (!key_columns.empty() && row.key.empty()) shape.flags |= kRunInPlace;
  shape.key_only = has_before && !full_before_ && table->key_only && (shape.flags & kRunInPlace) == 0;
  if (shape.key_only) {
    key_image_.assign((key_columns.size() + 7) / 8, '\0');
    key_image_.append(row.key);
    row.before = key_image_;
  }
  ByteView bitmap_after = event.bitmap_after;
  if (!whole_after_ && shape.key_only && has_after && !moves && present_before_.all && present_after_.all &&
      changed_.Add(slices_before_, slices_after_)) {
    const ByteView set = table->column_sets.Cover(changed_.bitmap());
    if (!set.empty()) {
      bitmap_after = set;
      row.after = changed_.ImageOf(slices_after_, set);
    }
  }
  if (!writer_.open() || shape != shape_ || bitmap_before_ != event.bitmap_before ||
      bitmap_after_ != bitmap_after || writer_.run_bytes() > kRunBytesMax) {
    Open(shape, event, bitmap_after, *table);
  }
  writer_.Add(row);
  ++rows_;
  return {};
}

}  // namespace srdf::engine_mariadb
