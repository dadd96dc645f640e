#include "engine_mariadb/target_tolerance.h"

#include <algorithm>

namespace srdf::engine_mariadb {

namespace {

constexpr size_t kKeysMax = 200;

std::string NameOf(const std::string& database, const std::string& table) { return database + '\0' + table; }

// Nothing is done to other rows when rows are inserted, or when no foreign key acts on the table's changes.
// Updates that one acts on, or may act on, are to stay in their place.
uint8_t MoreFlags(const TableSchema& schema, const RowRunHeader& run) {
  const bool known = schema.acting_foreign_keys.has_value();
  const bool none_acts = known && schema.acting_foreign_keys->empty();
  const bool none_acts_on_it = known && run.op == RowOp::kUpdate && (run.flags & kRunInPlace) == 0;
  return run.op == RowOp::kInsert || none_acts || none_acts_on_it ? kRunNoForeignKeyChecks : 0;
}

}  // namespace

Status TolerantRows::BeginWagon(const std::string& copy_state) {
  made_.clear();
  if (copy_state == state_) return {};
  CopyState state;
  if (!copy_state.empty()) {
    SRDF_ASSIGN_OR_RETURN(state, DecodeCopyState(copy_state));
  }
  listed_.clear();
  nothing_counts_ = !copy_state.empty() && (state.unplanned() || (state.all_tables && !state.schema_done));
  for (const TableCopy& t : state.tables) listed_[NameOf(t.database, t.table)] = t;
  state_ = copy_state;
  return {};
}

Status TolerantRows::AddRun(ByteView body) {
  if (listed_.empty()) return rows_->AddRun(body, 0);
  SRDF_ASSIGN_OR_RETURN(RowRunReader reader, RowRunReader::Open(body));
  RowRunHeader header = reader.header();
  SRDF_ASSIGN_OR_RETURN(const TableSchema* schema, rows_->FindSchema(header.table_ref));
  const uint8_t more = MoreFlags(*schema, header);
  const auto listed = listed_.find(NameOf(schema->database, schema->table));
  if (listed == listed_.end()) return rows_->AddRun(body, more);
  if (listed->second.phase == CopyPhase::kWaiting) return {};
  SRDF_ASSIGN_OR_RETURN(schema, rows_->CheckedSchema(header.table_ref));
  // Its key was dropped since: the copy begins anew, and until then rows cannot be told apart.
  if (schema->key_kind == KeyKind::kNone) return rows_->AddRun(body, more);
  header.flags |= more;
  SRDF_ASSIGN_OR_RETURN(KeyedTable* const table, tables_->Find(*schema));
  Run rows;
  rows.reserve(reader.row_count());
  for (Row row;;) {
    SRDF_ASSIGN_OR_RETURN(const bool is_one, reader.Next(&row));
    if (!is_one) break;
    rows.push_back(row);
  }
  SRDF_RETURN_IF_ERROR(FlushAll());
  // A cursor of another key than the table has now says nothing; its copy begins anew.
  behind_.clear();
  if (!table->AppendKeyIn(listed->second.cursor, {}, &behind_).ok()) behind_.clear();
  if (header.op == RowOp::kInsert) return AddInserts(header, rows, body, table);
  if (header.op == RowOp::kUpdate) {
    SRDF_ASSIGN_OR_RETURN(const bool moves, AnyMoves(header, rows, *table));
    if (moves) return AddOneByOne(header, rows, table);
  }
  return AddChangesOfPresent(header, rows, *table);
}

Status TolerantRows::FlushAll() {
  SRDF_RETURN_IF_ERROR(rows_->Flush());
  made_.clear();
  return {};
}

Status TolerantRows::Split(const RowRunHeader& header, const Row& row, const KeyedTable& table) {
  if (header.op != RowOp::kInsert) {
    SRDF_RETURN_IF_ERROR(table.SplitImage(header.bitmap_before, row.before, &before_));
  }
  if (header.op != RowOp::kDelete) {
    SRDF_RETURN_IF_ERROR(table.SplitImage(header.bitmap_after, row.after, &after_));
  }
  if (header.op != RowOp::kUpdate) return {};
  for (const uint16_t column : table.schema.key_columns) {
    RowSlices::Slice& after = after_.columns[column];
    if (after.state == RowSlices::kAbsent) after = before_.columns[column];
  }
  return {};
}

bool TolerantRows::Differs(const std::vector<uint16_t>& columns) const {
  return std::any_of(columns.begin(), columns.end(), [&](uint16_t c) {
    const RowSlices::Slice& before = before_.columns[c];
    const RowSlices::Slice& after = after_.columns[c];
    return after.state != RowSlices::kAbsent &&
           (before.state != after.state || before.view() != after.view());
  });
}

Result<bool> TolerantRows::AnyMoves(const RowRunHeader& header, const Run& rows, const KeyedTable& table) {
  for (const Row& row : rows) {
    SRDF_RETURN_IF_ERROR(Split(header, row, table));
    if (Differs(table.schema.key_columns)) return true;
    for (const KeyedTable::UniqueKey& key : table.other_keys) {
      if (Differs(key.columns)) return true;
    }
  }
  return false;
}

Status TolerantRows::AddInserts(const RowRunHeader& header, const Run& rows, ByteView body,
                                KeyedTable* table) {
  std::string where;
  for (size_t i = 0; i < rows.size(); ++i) {
    SRDF_RETURN_IF_ERROR(Split(header, rows[i], *table));
    where += where.empty() ? " WHERE (" : " OR (";
    SRDF_RETURN_IF_ERROR(table->AppendKeyIs(after_, &where));
    where += ")";
    if ((i + 1) % kKeysMax != 0 && i + 1 != rows.size()) continue;
    SRDF_RETURN_IF_ERROR(copy_->Delete(table, where, table->index));
    where.clear();
  }
  std::vector<ByteView> images;
  for (const Row& row : rows) images.push_back(row.after);
  for (const KeyedTable::UniqueKey& key : table->other_keys) {
    SRDF_RETURN_IF_ERROR(copy_->DeleteClashing(table, key, header.bitmap_after, images, behind_));
  }
  return rows_->AddRun(body, header.flags);
}

// No row of the run has its key from another row of it, so that the answers hold for all of it.
Status TolerantRows::AddChangesOfPresent(const RowRunHeader& header, const Run& rows,
                                         const KeyedTable& table) {
  Run present;
  for (size_t from = 0; from < rows.size(); from += kKeysMax) {
    const size_t to = std::min(from + kKeysMax, rows.size());
    std::vector<std::string> keys(to - from);
    for (size_t i = from; i < to; ++i) {
      SRDF_RETURN_IF_ERROR(Split(header, rows[i], table));
      SRDF_RETURN_IF_ERROR(table.AppendKeyIs(before_, &keys[i - from]));
    }
    SRDF_ASSIGN_OR_RETURN(const std::vector<bool> there, AreThere(table, keys));
    for (size_t i = from; i < to; ++i) {
      if (there[i - from]) present.push_back(rows[i]);
    }
  }
  return present.empty() ? Status() : AddRun(header, present, table);
}

// Here one row's old key, or unique value, may be the new one of another.
Status TolerantRows::AddOneByOne(const RowRunHeader& header, const Run& rows, KeyedTable* table) {
  for (const Row& row : rows) {
    SRDF_RETURN_IF_ERROR(AddMove(header, row, table));
    SRDF_RETURN_IF_ERROR(FlushAll());
  }
  return {};
}

Status TolerantRows::AddMove(const RowRunHeader& header, const Row& row, KeyedTable* table) {
  SRDF_RETURN_IF_ERROR(Split(header, row, *table));
  std::string old_key, other;
  SRDF_RETURN_IF_ERROR(table->AppendKeyIs(before_, &old_key));
  SRDF_RETURN_IF_ERROR(table->AppendKeyIs(after_, &other));
  other += " AND NOT (" + old_key + ")";
  SRDF_ASSIGN_OR_RETURN(const std::vector<bool> there, AreThere(*table, {old_key, other}));
  if (!there[0] && !Differs(table->schema.key_columns)) return {};
  if (there[1]) SRDF_RETURN_IF_ERROR(copy_->Delete(table, " WHERE " + other, table->index));
  for (const KeyedTable::UniqueKey& key : table->other_keys) {
    SRDF_RETURN_IF_ERROR(copy_->DeleteClashing(table, key, after_, behind_, old_key));
  }
  if (there[0]) return AddRun(header, {row}, *table);
  for (size_t i = 0; i < table->sql.columns.size(); ++i) {
    if (table->sql.columns[i].generated || BitmapHas(header.bitmap_after, i)) continue;
    return {StatusCode::kFailedPrecondition,
            table->sql.quoted_name +
                ": a row that is not copied yet moves to another key, and the log does "
                "not have all of it",
            "SET GLOBAL binlog_row_image=FULL at the source, and begin the copy of the table anew"};
  }
  RowRunHeader insert = header;
  insert.op = RowOp::kInsert;
  insert.flags |= kRunNoForeignKeyChecks;
  insert.bitmap_before = {};
  Row inserted;
  inserted.after = row.after;
  return AddRun(insert, {inserted}, *table);
}

Result<std::vector<bool>> TolerantRows::AreThere(const KeyedTable& table,
                                                 const std::vector<std::string>& conditions) {
  std::string query = TargetCopy::kSettings + std::string("SELECT ");
  for (const std::string& condition : conditions) {
    query += (&condition == &conditions.front() ? "EXISTS(SELECT 1 FROM " : ",EXISTS(SELECT 1 FROM ") +
             table.sql.quoted_name + " WHERE " + condition + ")";
  }
  const auto answer = connection_->Query(query);
  if (!answer.ok()) return TargetCopy::Denied(table, answer.status());
  if (answer->size() != 1 || (*answer)[0].size() != conditions.size()) {
    return Status(StatusCode::kInternal, "the target answered another question than it was asked");
  }
  std::vector<bool> out;
  for (const Value& value : (*answer)[0]) out.push_back(value == "1");
  return out;
}

Status TolerantRows::AddRun(RowRunHeader header, const Run& rows, const KeyedTable& table) {
  const bool by_key = header.op != RowOp::kInsert && table.schema.key_kind == KeyKind::kPrimary;
  const std::string key_bitmap = table.KeyBitmap();
  const RowRunHeader original = header;
  if (by_key) header.bitmap_before = key_bitmap;
  made_.emplace_back();
  RowRunWriter run(&made_.back());
  run.Begin(header);
  std::string key;
  for (Row row : rows) {
    row.key = row.new_key = {};
    if (by_key) {
      SRDF_RETURN_IF_ERROR(Split(original, row, table));
      key.assign((table.schema.key_columns.size() + 7) / 8, '\0');
      for (const uint16_t column : table.schema.key_columns) key.append(before_.columns[column].view());
      row.before = key;
    }
    run.Add(row);
  }
  run.End();
  return rows_->AddRun(ByteView(made_.back()).substr(kRecordHeaderBytes), 0);
}

}  // namespace srdf::engine_mariadb
