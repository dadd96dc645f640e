#include "engine_mariadb/sql_run.h"

#include <algorithm>

namespace srdf::engine_mariadb {

namespace {

// The optimizer gives up on ranges, and reads the whole table, when a list is too long.
constexpr uint64_t kDeleteRowsMax = 500;
// Each row with stored generated columns is a condition of the SELECT that asks for them.
constexpr uint64_t kCheckedRowsMax = 64;

void AppendList(const SqlTable& table, const std::vector<uint16_t>& ordinals, std::string* out) {
  const char* separator = "";
  for (const uint16_t ordinal : ordinals) {
    *out += separator + table.columns[ordinal].quoted_name;
    separator = ",";
  }
}

}  // namespace

SqlRun::SqlRun(const SqlTarget* target, const RowRunHeader& header, size_t statement_bytes_max,
               SqlBatch* batch)
    : target_(target), header_(header), statement_bytes_max_(statement_bytes_max), batch_(batch) {
  const SqlTable& sql = target->sql;
  const size_t count = target->schema.columns.size();
  before_present_.Set(header.bitmap_before, count);
  after_present_.Set(header.bitmap_after, count);
  for (const uint16_t ordinal : after_present_.ordinals) {
    if (sql.columns[ordinal].visible && !sql.columns[ordinal].generated) written_.push_back(ordinal);
    if (sql.columns[ordinal].stored && header.op != RowOp::kDelete) stored_.push_back(ordinal);
  }
  const std::vector<uint16_t>& finds =
      (header.op == RowOp::kInsert ? after_present_ : before_present_).ordinals;
  keyed_ = target->schema.key_kind != KeyKind::kNone &&
           std::all_of(target->schema.key_columns.begin(), target->schema.key_columns.end(),
                       [&](uint16_t o) { return std::find(finds.begin(), finds.end(), o) != finds.end(); });
  if (!keyed_) return;
  may_group_deletes_ = (header.flags & kRunNoForeignKeyChecks) != 0;
  const auto writable = std::count_if(sql.columns.begin(), sql.columns.end(),
                                      [](const auto& c) { return c.visible && !c.generated; });
  std::vector<uint16_t> key = target->schema.key_columns;
  std::sort(key.begin(), key.end());
  may_upsert_ = header.op == RowOp::kUpdate && sql.primary_key == key && !sql.other_unique_keys &&
                sql.insert_triggers.empty() && stored_.empty() &&
                written_.size() == static_cast<size_t>(writable) &&
                std::any_of(written_.begin(), written_.end(), [&](uint16_t o) { return !IsKey(o); });
}

bool SqlRun::IsKey(uint16_t ordinal) const {
  const auto& key = target_->schema.key_columns;
  return std::find(key.begin(), key.end(), ordinal) != key.end();
}

Status SqlRun::Take(const Row& row) {
  const auto take = [&](ByteView image, const PresentColumns& present, RowSlices* slices) {
    ByteView whole;
    return target_->layout.Take(&image, present, &whole, slices) && image.empty();
  };
  const bool ok = (header_.op == RowOp::kInsert || take(row.before, before_present_, &before_)) &&
                  (header_.op == RowOp::kDelete || take(row.after, after_present_, &after_));
  if (ok) return {};
  return {StatusCode::kDataLoss, target_->sql.quoted_name + ": a row image does not fit the columns"};
}

bool SqlRun::IsEmptyGeometry(uint16_t ordinal) const {
  const srdf::Column& column = target_->schema.columns[ordinal];
  const RowSlices::Slice& value = after_.columns[ordinal];
  return static_cast<FieldType>(column.type) == FieldType::kGeometry && value.state == RowSlices::kValue &&
         value.size == column.type_meta;
}

bool SqlRun::Upserts() const {
  if (!may_upsert_) return false;
  if (std::any_of(written_.begin(), written_.end(), [&](uint16_t o) { return IsEmptyGeometry(o); }))
    return false;
  return std::all_of(target_->schema.key_columns.begin(), target_->schema.key_columns.end(), [&](uint16_t o) {
    const auto& before = before_.columns[o];
    const auto& after = after_.columns[o];
    return before.state == RowSlices::kValue && after.state == RowSlices::kValue &&
           before.view() == after.view();
  });
}

Status SqlRun::Add(const Row& row) {
  SRDF_RETURN_IF_ERROR(Take(row));
  const bool upserts = header_.op == RowOp::kUpdate && Upserts();
  if (target_->sql.sequence && header_.op == RowOp::kInsert) {
    batch_->Begin();
    return AppendSequence();
  }
  if (header_.op == RowOp::kInsert || upserts) {
    SRDF_RETURN_IF_ERROR(OpenStatement(upserts ? Open::kUpsert : Open::kInsert));
    if (open_rows_ == 0) first_row_ = row;
    SRDF_RETURN_IF_ERROR(AppendTuple(written_, after_, SqlUse::kStore));
    SRDF_RETURN_IF_ERROR(AddStoredCheck());
    if (++open_rows_ == kCheckedRowsMax && !stored_.empty()) return Close();
  } else if (header_.op == RowOp::kDelete && may_group_deletes_) {
    SRDF_RETURN_IF_ERROR(OpenStatement(Open::kDelete));
    SRDF_RETURN_IF_ERROR(AppendTuple(target_->schema.key_columns, before_, SqlUse::kMatch));
    if (++open_rows_ == kDeleteRowsMax) return Close();
  } else {
    SRDF_RETURN_IF_ERROR(Close());
    SRDF_RETURN_IF_ERROR(Take(row));  // Close may have taken the first row of the statement again
    batch_->Begin();
    if (header_.op == RowOp::kDelete) return AppendDelete();
    SRDF_RETURN_IF_ERROR(AppendUpdate());
    SRDF_RETURN_IF_ERROR(AddStoredCheck());
    EndStoredChecks();
    return {};
  }
  return batch_->bytes() + stored_checks_.size() - open_at_ >= statement_bytes_max_ ? Close() : Status();
}

Status SqlRun::OpenStatement(Open kind) {
  if (open_ == kind) {
    batch_->text()->push_back(',');
    return {};
  }
  SRDF_RETURN_IF_ERROR(Close());
  batch_->Begin();
  open_ = kind;
  open_at_ = batch_->bytes();
  std::string* out = batch_->text();
  const SqlTable& table = target_->sql;
  if (kind == Open::kDelete) {
    *out += "DELETE FROM " + table.quoted_name + " WHERE (";
    AppendList(table, target_->schema.key_columns, out);
    *out += ") IN (";
  } else {
    *out += "INSERT INTO " + table.quoted_name + "(";
    AppendList(table, written_, out);
    *out += ") VALUES ";
  }
  return {};
}

Status SqlRun::Close() {
  const Open kind = open_;
  const uint64_t rows = open_rows_;
  open_ = Open::kNothing;
  open_rows_ = 0;
  std::string* out = batch_->text();
  switch (kind) {
    case Open::kNothing:
      return {};
    case Open::kDelete:
      out->push_back(')');
      batch_->EndDeleted(rows);
      return {};
    case Open::kInsert:
      batch_->EndWritten(rows);
      EndStoredChecks();
      return {};
    case Open::kUpsert:
      break;
  }
  if (rows == 1) {
    // The server does not say whether a single row was there: the statement begins anew, as an UPDATE.
    out->resize(open_at_);
    SRDF_RETURN_IF_ERROR(Take(first_row_));
    return AppendUpdate();
  }
  *out += " ON DUPLICATE KEY UPDATE ";
  const char* separator = "";
  for (const uint16_t ordinal : written_) {
    if (IsKey(ordinal)) continue;
    const std::string& name = target_->sql.columns[ordinal].quoted_name;
    *out += separator + name + "=VALUES(" + name + ")";
    separator = ",";
  }
  batch_->EndAllDuplicates(rows);
  return {};
}

// Without a key in the schema (the log need not name one) the row is found by all that its images say, as
// long as that is a primary key of the target, or the whole row; else nothing tells it from its neighbours.
std::vector<uint16_t> SqlRun::ColumnsThatFindTheRow() const {
  const SqlTable& table = target_->sql;
  const auto generated = [&](uint16_t o) { return table.columns[o].generated; };
  const auto& key = target_->schema.key_columns;
  if (keyed_ && std::none_of(key.begin(), key.end(), generated)) return key;
  std::vector<uint16_t> said;
  bool whole = true;
  for (uint16_t o = 0; o < table.columns.size(); ++o) {
    if (generated(o) || !table.columns[o].visible) continue;
    if (ValueNow(o).state == RowSlices::kAbsent) {
      whole = false;
    } else {
      said.push_back(o);
    }
  }
  const auto is_said = [&](uint16_t o) { return std::find(said.begin(), said.end(), o) != said.end(); };
  const auto& primary = table.primary_key;
  const bool found = whole || (!primary.empty() && std::all_of(primary.begin(), primary.end(), is_said));
  return found ? said : std::vector<uint16_t>();
}

const RowSlices::Slice& SqlRun::ValueNow(uint16_t ordinal) const {
  const bool after = header_.op == RowOp::kInsert || after_.columns[ordinal].state != RowSlices::kAbsent;
  return after ? after_.columns[ordinal] : before_.columns[ordinal];
}

Status SqlRun::AddStoredCheck() {
  if (stored_.empty()) return {};
  const std::vector<uint16_t> find = ColumnsThatFindTheRow();
  if (find.empty()) return {};
  std::string* out = &stored_checks_;
  const char* separator = out->empty() ? "(" : " OR (";
  for (const uint16_t ordinal : find) {
    *out += separator;
    separator = " AND ";
    const RowSlices::Slice& value = ValueNow(ordinal);
    if (keyed_ && value.state == RowSlices::kValue) {
      *out += target_->sql.columns[ordinal].quoted_name + "=";
      const RowSlices& row = &value == &after_.columns[ordinal] ? after_ : before_;
      SRDF_RETURN_IF_ERROR(AppendValue(ordinal, row, SqlUse::kMatch, out));
      continue;
    }
    const Status status =
        AppendSqlExactMatch(target_->schema.columns[ordinal], target_->sql.columns[ordinal].sql, value, out);
    if (!status.ok()) return Named(ordinal, status);
  }
  for (const uint16_t ordinal : stored_) {
    *out += ordinal == stored_.front() ? std::string(separator) + "(" : " AND ";
    const Status status = AppendSqlExactMatch(
        target_->schema.columns[ordinal], target_->sql.columns[ordinal].sql, after_.columns[ordinal], out);
    if (!status.ok()) return Named(ordinal, status);
  }
  *out += ") IS NOT TRUE)";
  return {};
}

void SqlRun::EndStoredChecks() {
  if (stored_checks_.empty()) return;
  batch_->Begin();
  *batch_->text() += "SELECT COUNT(*) FROM " + target_->sql.quoted_name + " WHERE " + stored_checks_;
  batch_->EndNoneComputedOtherwise();
  stored_checks_.clear();
}

Status SqlRun::AppendTuple(const std::vector<uint16_t>& ordinals, const RowSlices& from, SqlUse use) {
  std::string* out = batch_->text();
  char separator = '(';
  if (ordinals.empty()) out->push_back(separator);
  for (const uint16_t ordinal : ordinals) {
    out->push_back(separator);
    separator = ',';
    SRDF_RETURN_IF_ERROR(AppendValue(ordinal, from, use, out));
  }
  out->push_back(')');
  return {};
}

Status SqlRun::AppendValue(uint16_t ordinal, const RowSlices& from, SqlUse use, std::string* out) const {
  const Status status = AppendSqlLiteral(target_->schema.columns[ordinal], target_->sql.columns[ordinal].sql,
                                         from.columns[ordinal], use, out);
  return status.ok() ? status : Named(ordinal, status);
}

Status SqlRun::Named(uint16_t ordinal, const Status& status) const {
  return status.WithContext(target_->sql.quoted_name + ", column " +
                            target_->sql.columns[ordinal].quoted_name);
}

Status SqlRun::AppendUpdate() {
  std::string* out = batch_->text();
  const SqlTable& table = target_->sql;
  *out += "UPDATE " + table.quoted_name + " SET ";
  const char* separator = "";
  for (const uint16_t ordinal : written_) {
    *out += separator + table.columns[ordinal].quoted_name + "=";
    separator = ",";
    if (IsEmptyGeometry(ordinal)) {
      *out += table.columns[ordinal].quoted_name;
    } else {
      SRDF_RETURN_IF_ERROR(AppendValue(ordinal, after_, SqlUse::kStore, out));
    }
  }
  // A column that the image does not have keeps its value, also when the server would write the time into it.
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const SqlTable::Column& column = table.columns[i];
    const bool written = std::find(written_.begin(), written_.end(), i) != written_.end();
    if (!column.visible || column.generated || written) continue;
    if (!column.changes_itself && *separator != '\0') continue;  // one at least: SET cannot be empty
    *out += separator + column.quoted_name + "=" + column.quoted_name;
    separator = ",";
  }
  SRDF_RETURN_IF_ERROR(AppendWhere(out));
  batch_->EndWritten(1);
  return {};
}

Status SqlRun::AppendSequence() {
  std::string* out = batch_->text();
  const SqlTable& table = target_->sql;
  std::string names, values;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const SqlTable::Column& column = table.columns[i];
    if (!column.visible) continue;
    const char* separator = names.empty() ? "" : ",";
    names += separator + column.quoted_name;
    values += separator;
    if (std::find(written_.begin(), written_.end(), i) == written_.end()) {
      values += column.quoted_name;
    } else {
      SRDF_RETURN_IF_ERROR(AppendValue(static_cast<uint16_t>(i), after_, SqlUse::kStore, &values));
    }
  }
  *out +=
      "INSERT INTO " + table.quoted_name + "(" + names + ") SELECT " + values + " FROM " + table.quoted_name;
  batch_->EndWritten(1);
  return {};
}

Status SqlRun::AppendDelete() {
  std::string* out = batch_->text();
  *out += "DELETE FROM " + target_->sql.quoted_name;
  SRDF_RETURN_IF_ERROR(AppendWhere(out));
  batch_->EndDeleted(1);
  return {};
}

Status SqlRun::AppendWhere(std::string* out) {
  const char* separator = " WHERE ";
  if (keyed_) {
    for (const uint16_t ordinal : target_->schema.key_columns) {
      *out += separator + target_->sql.columns[ordinal].quoted_name + "=";
      separator = " AND ";
      SRDF_RETURN_IF_ERROR(AppendValue(ordinal, before_, SqlUse::kMatch, out));
    }
    return {};
  }
  for (const uint16_t ordinal : before_present_.ordinals) {
    const SqlTable::Column& column = target_->sql.columns[ordinal];
    if (!column.visible || column.generated) continue;
    *out += separator;
    separator = " AND ";
    const Status status =
        AppendSqlExactMatch(target_->schema.columns[ordinal], column.sql, before_.columns[ordinal], out);
    if (!status.ok()) return Named(ordinal, status);
  }
  *out += " LIMIT 1";
  return {};
}

Result<std::string> SqlRun::CountQuery(const Row& row) {
  SRDF_RETURN_IF_ERROR(Take(row));
  std::string out = "SELECT COUNT(*) FROM " + target_->sql.quoted_name;
  const char* separator = " WHERE ";
  // The key by its index, whether or not the after image has it.
  for (const uint16_t ordinal : keyed_ ? target_->schema.key_columns : std::vector<uint16_t>()) {
    const bool after = after_.columns[ordinal].state == RowSlices::kValue;
    out += separator + target_->sql.columns[ordinal].quoted_name + "=";
    separator = " AND ";
    SRDF_RETURN_IF_ERROR(AppendValue(ordinal, after ? after_ : before_, SqlUse::kMatch, &out));
  }
  for (const uint16_t ordinal : written_) {
    out += separator;
    separator = " AND ";
    const Status status = AppendSqlExactMatch(
        target_->schema.columns[ordinal], target_->sql.columns[ordinal].sql, after_.columns[ordinal], &out);
    if (!status.ok()) return Named(ordinal, status);
  }
  return out;
}

}  // namespace srdf::engine_mariadb
