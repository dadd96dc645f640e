#include "engine_mariadb/sql_rows.h"

#include <mysqld_error.h>

#include <algorithm>

#include "engine_mariadb/text_excerpt.h"

namespace srdf::engine_mariadb {

namespace {

constexpr uint64_t kBatchBytesMax = 1 << 20;
constexpr size_t kStatementBytesMax = 256 << 10;

constexpr const char kStrictMode[] =
    "sql_mode='STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'";
constexpr const char kLenientMode[] =
    "sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'";

bool SameColumns(const SqlTable& known, const TableSchema& schema) {
  return std::equal(known.columns.begin(), known.columns.end(), schema.columns.begin(), schema.columns.end(),
                    [](const SqlTable::Column& a, const Column& b) { return a.sql.name == b.name; });
}

// A row's literals are at most twice its bytes; numbers and dates grow more, but are short.
size_t LiteralBytesMax(const SqlTarget& target, const Row& row) {
  return 2 * (row.before.size() + row.after.size()) + 128 * target.schema.columns.size() + 1024;
}

}  // namespace

SqlRows::SqlRows(Connection* connection, uint64_t packet_bytes_max, bool compare_before_images)
    : connection_(connection),
      target_tables_(connection),
      packet_bytes_max_(packet_bytes_max),
      batch_bytes_max_(std::min(packet_bytes_max / 2, kBatchBytesMax)),
      batch_(connection) {
  if (compare_before_images) before_images_.emplace(connection, packet_bytes_max);
}

// CHECK constraints are the source's business, as they are for row events. A list of a thousand values and
// more would become a subquery.
Status SqlRows::Prepare() {
  SRDF_RETURN_IF_ERROR(connection_->Execute(
      "SET SESSION time_zone='+00:00', check_constraint_checks=0, sql_auto_is_null=0, unique_checks=1, "
      "in_predicate_conversion_threshold=0, sql_safe_updates=0, sql_notes=1"));
  return batch_.Prepare();
}

void SqlRows::BeginWagon(uint32_t, uint32_t) {
  batch_.Clear();
  slices_.clear();
  tables_.clear();
  outer_tables_.clear();
  rows_ = 0;
  server_statements_ = 0;
}

void SqlRows::ForgetTables() {
  target_tables_.Forget();
  known_.clear();
  if (before_images_) before_images_->Forget();
  for (auto* tables : {&tables_, &outer_tables_}) {
    for (auto& [ref, table] : *tables) table.target.reset();
  }
}

void SqlRows::LeaveOtherSchemas() {
  tables_.swap(outer_tables_);
  outer_tables_.clear();
}

Status SqlRows::AddSchema(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(body));
  // Slices point at the table they were written with.
  if (const auto it = tables_.find(schema.table_ref); it != tables_.end()) {
    if (it->second.schema == schema) return {};
    SRDF_RETURN_IF_ERROR(Flush());
  }
  if (schema.columns.empty()) {
    return {StatusCode::kInvalidArgument, Connection::QuoteIdentifier(schema.database) + "." +
                                              Connection::QuoteIdentifier(schema.table) + " has no columns"};
  }
  const uint32_t ref = schema.table_ref;
  tables_[ref] = {std::move(schema), nullptr};
  return {};
}

Status SqlRows::CheckTable(Table* table) {
  SRDF_RETURN_IF_ERROR(target_tables_.NameColumns(&table->schema));
  SRDF_RETURN_IF_ERROR(target_tables_.Check(table->schema));
  const auto name = std::pair(table->schema.database, table->schema.table);
  auto known = known_.find(name);
  if (known == known_.end() || !SameColumns(known->second, table->schema)) {
    SRDF_ASSIGN_OR_RETURN(SqlTable sql, LoadSqlTable(connection_, table->schema));
    known = known_.insert_or_assign(name, std::move(sql)).first;
  }
  auto layout = RowLayout::Build(table->schema.columns);
  if (!layout.ok()) return layout.status().WithContext(known->second.quoted_name);
  SRDF_RETURN_IF_ERROR(LoadSqlTriggers(connection_, table->schema, &known->second));
  table->target =
      std::make_unique<SqlTarget>(SqlTarget{table->schema, known->second, std::move(layout).value()});
  return {};
}

Status SqlRows::CheckRun(const SqlTarget& target, const RowRunHeader& header) const {
  const SqlTable& sql = target.sql;
  const std::string& triggers = header.op == RowOp::kInsert   ? sql.insert_triggers
                                : header.op == RowOp::kUpdate ? sql.update_triggers
                                                              : sql.delete_triggers;
  if (!triggers.empty()) {
    return {
        StatusCode::kFailedPrecondition,
        sql.quoted_name + " has triggers at the target (" + triggers + ") that SQL apply would fire on " +
            std::string(RowOpName(header.op)) + ", and the source's log already holds what they did",
        "GRANT BINLOG REPLAY ON *.* to the user of the target and set apply_method: native; or drop these "
        "triggers at the target until it is promoted"};
  }
  if (sql.system_versioned) {
    return {StatusCode::kFailedPrecondition,
            sql.quoted_name + " is system-versioned: SQL apply cannot write the source's history",
            "GRANT BINLOG REPLAY ON *.* to the user of the target and set apply_method: native"};
  }
  if (!sql.transactional) {
    return {StatusCode::kFailedPrecondition,
            sql.quoted_name + " has an engine at the target that cannot roll back",
            "ALTER TABLE " + sql.quoted_name + " ENGINE=InnoDB at the target, then resume the flow"};
  }
  const size_t bitmap_bytes = (target.schema.columns.size() + 7) / 8;
  if ((header.op != RowOp::kInsert && header.bitmap_before.size() != bitmap_bytes) ||
      (header.op != RowOp::kDelete && header.bitmap_after.size() != bitmap_bytes)) {
    return {StatusCode::kDataLoss,
            "row run of " + sql.quoted_name + " has a column bitmap of the wrong size"};
  }
  return {};
}

void SqlRows::PrepareBatch(uint8_t run_flags, bool lenient) {
  const bool checks = (run_flags & kRunNoForeignKeyChecks) == 0;
  const bool begins = batch_.empty();
  if (begins) {
    batch_.Begin();
    *batch_.text() += "SAVEPOINT srdf_batch";
    batch_.EndPlain();
  }
  // At the beginning always: what a refused batch has left in the session is not known.
  if (!begins && checks == foreign_key_checks_) return;
  foreign_key_checks_ = checks;
  batch_.Begin();
  *batch_.text() += checks ? "SET foreign_key_checks=1" : "SET foreign_key_checks=0";
  if (begins) *batch_.text() += std::string(",") + (lenient ? kLenientMode : kStrictMode);
  batch_.EndPlain();
}

Result<const TableSchema*> SqlRows::FindSchema(uint32_t table_ref) const {
  const auto it = tables_.find(table_ref);
  if (it == tables_.end()) return NoSchema(table_ref);
  return &it->second.schema;
}

Result<const TableSchema*> SqlRows::CheckedSchema(uint32_t table_ref) {
  const auto it = tables_.find(table_ref);
  if (it == tables_.end()) return NoSchema(table_ref);
  // Only now, because a wagon's DDL statement may come between schema and rows.
  if (it->second.target == nullptr) SRDF_RETURN_IF_ERROR(CheckTable(&it->second));
  return &it->second.schema;
}

Status SqlRows::AddRun(ByteView body, uint8_t more_flags) {
  SRDF_ASSIGN_OR_RETURN(RowRunReader reader, RowRunReader::Open(body));
  RowRunHeader header = reader.header();
  header.flags |= more_flags;
  SRDF_RETURN_IF_ERROR(CheckedSchema(header.table_ref).status());
  const SqlTarget& target = *tables_.find(header.table_ref)->second.target;
  SRDF_RETURN_IF_ERROR(CheckRun(target, header));
  SqlRun run(&target, header, kStatementBytesMax, &batch_);
  Slice* slice = nullptr;
  Row row;
  for (;;) {
    const RowRunReader before = reader;
    SRDF_ASSIGN_OR_RETURN(const bool more, reader.Next(&row));
    if (!more) break;
    const size_t bytes = batch_.bytes();
    if (bytes >= batch_bytes_max_ ||
        (!batch_.empty() && bytes + LiteralBytesMax(target, row) > packet_bytes_max_)) {
      SRDF_RETURN_IF_ERROR(run.Close());
      SRDF_RETURN_IF_ERROR(Flush());
      slice = nullptr;
    }
    if (slice == nullptr) {
      PrepareBatch(header.flags);
      slices_.push_back({&target, header, before, 0});
      slice = &slices_.back();
    }
    SRDF_RETURN_IF_ERROR(run.Add(row));
    ++slice->rows;
    ++rows_;
  }
  return run.Close();
}

Status SqlRows::Flush() {
  if (batch_.empty()) return {};
  bool as_before = true;
  if (before_images_) {
    SRDF_ASSIGN_OR_RETURN(as_before, BeforeImagesAreEqual());
  }
  Status status;
  if (as_before) {
    status = Send();
    if (!status.ok() && !EndsTransaction(status)) status = Locate(status);
  } else {
    batch_.Clear();
    status = Repeat(/*row_by_row=*/true);
  }
  slices_.clear();
  return status;
}

Result<bool> SqlRows::BeforeImagesAreEqual() {
  before_images_->BeginStatement();
  for (const Slice& slice : slices_) {
    SRDF_RETURN_IF_ERROR(before_images_->Add(slice.target->schema, slice.header, slice.from, slice.rows));
  }
  return before_images_->AllEqual();
}

Status SqlRows::CompareRow(const Slice& slice, RowRunReader from) {
  Row row;
  SRDF_RETURN_IF_ERROR(from.Next(&row).status());
  SRDF_ASSIGN_OR_RETURN(const std::string found,
                        before_images_->Difference(slice.target->schema, slice.header, row));
  if (found.empty()) return {};
  const Status divergence(StatusCode::kDivergence,
                          "found: the row with this key has other values: " + Excerpt(found, 1000));
  return DescribeRefusedRow(slice.target->schema, slice.header, row, divergence, 0);
}

Status SqlRows::Send(bool warnings_pass) {
  ++server_statements_;
  // Some bytes are left for the packet's own header.
  const size_t bytes = batch_.bytes() + 16;
  sent_ = bytes <= packet_bytes_max_;
  if (!sent_) {
    batch_.Clear();
    return {StatusCode::kFailedPrecondition,
            "the row takes " + std::to_string(bytes) +
                " bytes to send, max_allowed_packet at the target is " + std::to_string(packet_bytes_max_),
            "SET GLOBAL max_allowed_packet=" + std::to_string((bytes + 1023) / 1024 * 1024) +
                " at the target (and in its configuration file)"};
  }
  Status status = batch_.Send(warnings_pass);
  if (batch_.error() != ER_LOCK_TABLE_FULL) return status;
  return {StatusCode::kAborted, status.message(), "raise innodb_buffer_pool_size at the target"};
}

Status SqlRows::TakeBack() {
  if (!sent_) return {};
  return connection_->Execute("ROLLBACK TO SAVEPOINT srdf_batch");
}

Status SqlRows::ExecuteRows(const Slice& slice, uint32_t rows, RowRunReader* from, bool lenient) {
  sent_ = false;
  PrepareBatch(slice.header.flags, lenient);
  SqlRun run(slice.target, slice.header, kStatementBytesMax, &batch_);
  Status status;
  Row row;
  for (uint32_t i = 0; status.ok() && i < rows; ++i) {
    const auto more = from->Next(&row);
    status = !more.ok()      ? more.status()
             : !more.value() ? Status(StatusCode::kInternal, "row run ended early")
                             : run.Add(row);
  }
  if (status.ok()) status = run.Close();
  if (status.ok()) return Send(/*warnings_pass=*/lenient);
  batch_.Clear();
  return status;
}

Status SqlRows::Locate(const Status& refused) {
  // Rows tried again outside a transaction would be committed one by one, without their checkpoint.
  SRDF_ASSIGN_OR_RETURN(const bool open, InTransaction(connection_));
  if (!open) return refused;
  SRDF_RETURN_IF_ERROR(TakeBack());
  return Repeat(/*row_by_row=*/false);
}

// First whole slices, then halves of the one that is refused. When all of them pass in the end, they are
// applied, in their order.
Status SqlRows::Repeat(bool row_by_row) {
  for (const Slice& slice : slices_) {
    RowRunReader from = slice.from;
    uint32_t left = slice.rows;  // rows from `from` on that are not applied
    uint32_t size = row_by_row ? 1 : left;
    while (left > 0) {
      if (row_by_row) SRDF_RETURN_IF_ERROR(CompareRow(slice, from));
      RowRunReader after = from;
      Status status = ExecuteRows(slice, size, &after);
      if (!status.ok()) {
        if (EndsTransaction(status)) return status;
        SRDF_ASSIGN_OR_RETURN(const bool still_open, InTransaction(connection_));
        if (!still_open) return status;
        const unsigned error = sent_ ? batch_.error() : 0;
        SRDF_RETURN_IF_ERROR(TakeBack());
        if (size > 1) {
          size /= 2;
          continue;
        }
        if (error != 0 && status.code() == StatusCode::kFailedPrecondition) {
          status = StoreLeniently(slice, from, status);
        }
        if (EndsTransaction(status)) return status;
        if (!status.ok()) {
          Row row;
          SRDF_RETURN_IF_ERROR(from.Next(&row).status());
          return DescribeRefusedRow(slice.target->schema, slice.header, row, status, error);
        }
      }
      from = after;
      left -= size;
      size = row_by_row ? 1 : std::max<uint32_t>(1, left / 2);
    }
  }
  return {};
}

Status SqlRows::StoreLeniently(const Slice& slice, RowRunReader from, const Status& refused) {
  if (slice.header.op == RowOp::kDelete) return refused;
  Row row;
  RowRunReader peek = from;
  SRDF_RETURN_IF_ERROR(peek.Next(&row).status());
  SqlRun run(slice.target, slice.header, kStatementBytesMax, &batch_);
  SRDF_ASSIGN_OR_RETURN(const std::string count, run.CountQuery(row));
  SRDF_ASSIGN_OR_RETURN(const std::string before, connection_->QueryValue(count));
  SRDF_RETURN_IF_ERROR(ExecuteRows(slice, 1, &from, /*lenient=*/true));
  SRDF_ASSIGN_OR_RETURN(const std::string after, connection_->QueryValue(count));
  // An update that changes nothing finds as many such rows as before.
  const bool made = std::stoull(after) == std::stoull(before) + 1;
  const bool was = slice.header.op == RowOp::kUpdate && after == before && after != "0";
  if (made || was) return {};
  return {
      StatusCode::kFailedPrecondition,
      "the row does not fit the table at the target (types, sizes): " + refused.message(),
      "make the columns at the target those of the source, then resume the flow; or GRANT BINLOG REPLAY ON "
      "*.* to the user of the target and set apply_method: native"};
}

}  // namespace srdf::engine_mariadb
