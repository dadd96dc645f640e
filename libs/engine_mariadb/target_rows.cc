#include "engine_mariadb/target_rows.h"

#include <mysqld_error.h>

#include <algorithm>
#include <bit>

#include "engine_mariadb/text_excerpt.h"

namespace srdf::engine_mariadb {

namespace {

// From 128 KiB to 16 MiB the speed is the same within the noise (measured); small keeps the memory small,
// here and at the server.
constexpr uint64_t kStatementBytesMax = 1 << 20;
constexpr std::string_view kSavepoint = "SAVEPOINT srdf_statement;";

uint64_t EventBytesMax(uint64_t packet_bytes_max) {
  return std::min(packet_bytes_max / 2, kStatementBytesMax) / 4 * 3;
}

size_t ImageBytes(const RowRunHeader& header, const Row& row) {
  return (header.op == RowOp::kInsert ? 0 : row.before.size()) +
         (header.op == RowOp::kDelete ? 0 : row.after.size());
}

size_t ColumnsIn(std::string_view bitmap) {
  size_t out = 0;
  for (const char c : bitmap) out += static_cast<size_t>(std::popcount(static_cast<unsigned char>(c)));
  return out;
}

std::string TableName(const TableSchema& table) {
  return Connection::QuoteIdentifier(table.database) + "." + Connection::QuoteIdentifier(table.table);
}

}  // namespace

NativeRows::NativeRows(Connection* connection, uint64_t packet_bytes_max, bool compare_before_images)
    : connection_(connection),
      target_tables_(connection),
      packet_bytes_max_(packet_bytes_max),
      event_bytes_max_(EventBytesMax(packet_bytes_max)) {
  if (compare_before_images) before_images_.emplace(connection, packet_bytes_max);
}

Status NativeRows::Prepare() {
  writer_.Clear();
  writer_.AddFormatDescription();
  const Status status = connection_->Execute(writer_.Statement());
  writer_.Clear();
  if (!status.ok()) return status.WithContext("the target refuses the format description event");
  // So that every date that a row can hold is a literal.
  return before_images_ ? connection_->Execute("SET SESSION sql_mode='ALLOW_INVALID_DATES'") : Status();
}

std::string_view NativeRows::settings_expression() const {
  return "@@GLOBAL.slave_exec_mode='STRICT' AND @@GLOBAL.slave_run_triggers_for_rbr='NO'";
}

Status NativeRows::WrongSettings() const {
  return {StatusCode::kFailedPrecondition,
          "slave_exec_mode or slave_run_triggers_for_rbr at the target would hide missing rows or run "
          "triggers twice",
          "SET GLOBAL slave_exec_mode='STRICT'; SET GLOBAL slave_run_triggers_for_rbr='NO'"};
}

void NativeRows::BeginWagon(uint32_t origin_server_id, uint32_t when_seconds) {
  writer_.Clear();
  writer_.SetOrigin(origin_server_id, when_seconds);
  slices_.clear();
  tables_.clear();
  outer_tables_.clear();
  holding_ = false;
  rows_ = 0;
  server_statements_ = 0;
}

void NativeRows::ForgetTables() {
  target_tables_.Forget();
  if (before_images_) before_images_->Forget();
  for (auto& [ref, table] : tables_) table.checked = false;
}

void NativeRows::LeaveOtherSchemas() {
  tables_.swap(outer_tables_);
  outer_tables_.clear();
}

Status NativeRows::AddSchema(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(body));
  // Slices point at the schema they were written with.
  if (const auto it = tables_.find(schema.table_ref); it != tables_.end()) {
    if (it->second.schema == schema) return {};
    SRDF_RETURN_IF_ERROR(Flush());
  }
  if (schema.engine_meta.empty() || schema.columns.empty()) {
    return {StatusCode::kInvalidArgument,
            TableName(schema) + " has no table map: it was not captured from MariaDB"};
  }
  const uint32_t ref = schema.table_ref;
  tables_[ref] = {std::move(schema), false};
  return {};
}

Result<const TableSchema*> NativeRows::FindSchema(uint32_t table_ref) const {
  const auto it = tables_.find(table_ref);
  if (it == tables_.end()) return NoSchema(table_ref);
  return &it->second.schema;
}

Result<const TableSchema*> NativeRows::CheckedSchema(uint32_t table_ref) {
  const auto it = tables_.find(table_ref);
  if (it == tables_.end()) return NoSchema(table_ref);
  Table& table = it->second;
  if (!table.checked) {  // only now, because a wagon's DDL statement may come between schema and rows
    SRDF_RETURN_IF_ERROR(target_tables_.NameColumns(&table.schema));
    SRDF_RETURN_IF_ERROR(target_tables_.Check(table.schema));
    table.checked = true;
  }
  return &table.schema;
}

Status NativeRows::AddRun(ByteView body, uint8_t more_flags) {
  SRDF_ASSIGN_OR_RETURN(RowRunReader reader, RowRunReader::Open(body));
  RowRunHeader header = reader.header();
  header.flags |= more_flags;
  SRDF_ASSIGN_OR_RETURN(const TableSchema* const schema, CheckedSchema(header.table_ref));
  const TableSchema& table = *schema;
  if (header.op != RowOp::kInsert && ColumnsIn(header.bitmap_before) < table.columns.size()) {
    SRDF_RETURN_IF_ERROR(target_tables_.CheckKey(table));
  }
  const size_t bitmap_bytes = (table.columns.size() + 7) / 8;
  if ((header.op != RowOp::kInsert && header.bitmap_before.size() != bitmap_bytes) ||
      (header.op != RowOp::kDelete && header.bitmap_after.size() != bitmap_bytes)) {
    return {StatusCode::kDataLoss,
            "row run of " + TableName(table) + " has a column bitmap of the wrong size"};
  }
  const uint64_t overhead = BinlogWriter::GroupOverheadBytes(table.columns.size(), table.engine_meta);
  Slice* slice = nullptr;
  Row row;
  for (;;) {
    const RowRunReader before = reader;
    SRDF_ASSIGN_OR_RETURN(const bool more, reader.Next(&row));
    if (!more) break;
    const uint64_t bytes = ImageBytes(header, row);
    const uint64_t added = bytes + (slice == nullptr ? overhead : 0);
    if (!writer_.empty() && writer_.event_bytes() + added > event_bytes_max_) {
      if (slice != nullptr) writer_.End();
      slice = nullptr;
      SRDF_RETURN_IF_ERROR(Flush());
    }
    if (slice == nullptr) {
      slices_.push_back({&table, header, before, 0});
      slice = &slices_.back();
      writer_.Begin(header, table.columns.size(), table.engine_meta);
    }
    writer_.AddRow(row);
    ++slice->rows;
    ++rows_;
  }
  if (slice != nullptr) writer_.End();
  return {};
}

// Before images are compared by queries of their own.
bool NativeRows::Hold() {
  holding_ = !before_images_.has_value();
  return holding_;
}

std::string_view NativeRows::Held() {
  if (writer_.empty()) return {};
  ++server_statements_;
  return writer_.Statement();
}

Status NativeRows::Flush() {
  if (writer_.empty()) return {};
  if (holding_) return {StatusCode::kFailedPrecondition, "more rows than one statement takes"};
  bool as_before = true;
  if (before_images_) {
    SRDF_ASSIGN_OR_RETURN(as_before, BeforeImagesAreEqual());
  }
  if (!as_before) {
    const Status status = ApplyOneByOne();
    writer_.Clear();
    slices_.clear();
    return status;
  }
  // An error takes back the group that failed, not those before it in the same statement; to find the row,
  // all of them have to be taken back.
  Status status = Send(/*savepoint=*/slices_.size() > 1);
  if (!status.ok() && !EndsTransaction(status)) status = Locate(status, connection_->last_errno());
  writer_.Clear();
  slices_.clear();
  return status;
}

Result<bool> NativeRows::BeforeImagesAreEqual() {
  before_images_->BeginStatement();
  for (const Slice& slice : slices_) {
    SRDF_RETURN_IF_ERROR(before_images_->Add(*slice.table, slice.header, slice.from, slice.rows));
  }
  return before_images_->AllEqual();
}

Status NativeRows::ApplyOneByOne() {
  for (const Slice& slice : slices_) {
    RowRunReader from = slice.from;
    for (uint32_t i = 0; i < slice.rows; ++i) {
      RowRunReader next = from;
      Row row;
      SRDF_ASSIGN_OR_RETURN(const bool more, next.Next(&row));
      if (!more) return {StatusCode::kInternal, "row run ended early"};
      SRDF_ASSIGN_OR_RETURN(const std::string found,
                            before_images_->Difference(*slice.table, slice.header, row));
      if (!found.empty()) {
        const Status divergence(StatusCode::kDivergence,
                                "found: the row with this key has other values: " + Excerpt(found, 1000));
        return DescribeRow(slice, from, divergence, 0);
      }
      RowRunReader one = from;
      const Status status = ExecuteRows(slice, 1, &one);
      if (!status.ok()) {
        if (EndsTransaction(status) || connection_->last_errno() == 0) return status;
        return DescribeRow(slice, from, status, connection_->last_errno());
      }
      from = next;
    }
  }
  return {};
}

// A savepoint goes in the same round trip where it can.
Status NativeRows::Send(bool savepoint) {
  ++server_statements_;
  // Some bytes are left for the packet's own header, and for the savepoint.
  const bool whole =
      BinlogWriter::StatementBytes(writer_.event_bytes()) + 16 + kSavepoint.size() <= packet_bytes_max_;
  Status status;
  if (whole && savepoint) {
    status = connection_->ExecuteAll(writer_.Statement(kSavepoint)).status();
  } else if (whole) {
    status = connection_->Execute(writer_.Statement());
  } else {
    if (savepoint) SRDF_RETURN_IF_ERROR(connection_->Execute("SAVEPOINT srdf_statement"));
    status = SendInFragments();
  }
  if (connection_->last_errno() != ER_LOCK_TABLE_FULL) return status;
  return {StatusCode::kAborted, status.message(), "raise innodb_buffer_pool_size at the target"};
}

// One row can be larger than a packet when it is written as base64: it goes in two halves through user
// variables, which the BINLOG statement empties.
Status NativeRows::SendInFragments() {
  const std::string_view base64 = writer_.Base64();
  const size_t half = base64.size() / 2;
  if (half + 64 > packet_bytes_max_) return RowTooLarge(slices_.back(), base64.size());
  for (int i = 0; i < 2; ++i) {
    std::string set = i == 0 ? "SET @srdf_a='" : "SET @srdf_b='";
    set.append(i == 0 ? base64.substr(0, half) : base64.substr(half));
    set.push_back('\'');
    SRDF_RETURN_IF_ERROR(connection_->Execute(set));
  }
  return connection_->Execute("BINLOG @srdf_a, @srdf_b");
}

Status NativeRows::RowTooLarge(const Slice& slice, uint64_t bytes) const {
  const Status too_large(
      StatusCode::kFailedPrecondition,
      "the row takes " + std::to_string(bytes) + " bytes to send, max_allowed_packet at the target is " +
          std::to_string(packet_bytes_max_),
      "SET GLOBAL max_allowed_packet=" + std::to_string((bytes / 2 + 128 + 1023) / 1024 * 1024) +
          " at the target (and in its configuration file)");
  return DescribeRow(slice, slice.from, too_large, 0);
}

Status NativeRows::ExecuteRows(const Slice& slice, uint32_t rows, RowRunReader* from) {
  writer_.Clear();
  writer_.Begin(slice.header, slice.table->columns.size(), slice.table->engine_meta);
  Row row;
  for (uint32_t i = 0; i < rows; ++i) {
    SRDF_ASSIGN_OR_RETURN(const bool more, from->Next(&row));
    if (!more) return {StatusCode::kInternal, "row run ended early"};
    writer_.AddRow(row);
  }
  writer_.End();
  return Send(/*savepoint=*/false);
}

// Takes the refused statement back and tries its rows again: first whole slices, then halves of the one that
// is refused.
Status NativeRows::Locate(const Status& refused, unsigned error) {
  if (error == 0) return refused;  // said by us, with the row
  // Rows tried again outside a transaction would be committed one by one, without their checkpoint.
  SRDF_ASSIGN_OR_RETURN(const bool open, InTransaction(connection_));
  if (!open) return refused;
  SRDF_ASSIGN_OR_RETURN(const bool transactional, AllTransactional());
  if (!transactional) {
    return refused.WithContext(
        TableName(*slices_.front().table) +
        " (or another table of the statement is not transactional, the row is not known)");
  }
  if (slices_.size() > 1) SRDF_RETURN_IF_ERROR(connection_->Execute("ROLLBACK TO SAVEPOINT srdf_statement"));
  for (const Slice& slice : slices_) {
    RowRunReader from = slice.from;
    uint32_t left = slice.rows;  // rows from `from` on that are not applied
    uint32_t size = left;
    while (left > 0) {
      RowRunReader after = from;
      const Status status = ExecuteRows(slice, size, &after);
      if (status.ok()) {
        from = after;
        left -= size;
        size = std::max<uint32_t>(1, left / 2);
        continue;
      }
      const unsigned row_error = connection_->last_errno();
      if (EndsTransaction(status) || row_error == 0) return status;
      SRDF_ASSIGN_OR_RETURN(const bool still_open, InTransaction(connection_));
      if (!still_open) return status;
      if (size == 1) return DescribeRow(slice, from, status, row_error);
      size /= 2;
    }
  }
  return refused.WithContext("refused once, but not when its rows were tried again");
}

Result<bool> NativeRows::AllTransactional() {
  std::string where;
  for (const Slice& slice : slices_) {
    where += (where.empty() ? "" : " OR ") + std::string("(table_schema=") +
             connection_->Quote(slice.table->database) +
             " AND table_name=" + connection_->Quote(slice.table->table) + ")";
    if (where.size() > 64 * 1024) break;
  }
  auto others = connection_->QueryValue(
      "SELECT COUNT(*) FROM information_schema.tables t JOIN "
      "information_schema.engines e USING (engine) WHERE "
      "e.transactions<>'YES' AND (" +
      where + ")");
  if (!others.ok()) return others.status();
  return *others == "0";
}

}  // namespace srdf::engine_mariadb
