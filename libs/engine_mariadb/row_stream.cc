#include "engine_mariadb/row_stream.h"

#include <mysqld_error.h>

#include <utility>

namespace srdf::engine_mariadb {

namespace {

// What is said of a table that was as described a moment ago.
bool IsAlteration(unsigned error) {
  return error == ER_NO_SUCH_TABLE || error == ER_BAD_FIELD_ERROR || error == ER_KEY_DOES_NOT_EXISTS;
}

}  // namespace

Result<RowStream> RowStream::Open(Connection* connection, const std::string& sql, RowImageBuilder* builder) {
  RowStream stream(connection, builder);
  stream.statement_ = mysql_stmt_init(connection->handle());
  if (stream.statement_ == nullptr) return Status(StatusCode::kInternal, "out of memory for a statement");
  if (mysql_stmt_prepare(stream.statement_, sql.data(), sql.size()) != 0) {
    const Status error = stream.Error("query failed");
    return IsAlteration(connection->last_errno()) ? Status(StatusCode::kAborted, error.message()) : error;
  }
  MYSQL_RES* metadata = mysql_stmt_result_metadata(stream.statement_);
  if (metadata == nullptr) return stream.Error("query without a result");
  const unsigned count = mysql_num_fields(metadata);
  const MYSQL_FIELD* fields = mysql_fetch_fields(metadata);
  bool fits = count == builder->value_count();
  for (unsigned i = 0; fits && i < count; ++i) fits = builder->SetProtocolType(i, fields[i].type);
  mysql_free_result(metadata);
  if (!fits) {
    return Status(StatusCode::kAborted, "a table has other columns than it had a moment ago",
                  "tried again by itself");
  }
  mysql_stmt_attr_set(stream.statement_, STMT_ATTR_CB_RESULT, reinterpret_cast<const void*>(&OnValue));
  if (mysql_stmt_execute(stream.statement_) != 0) return stream.Error("query failed");
  return stream;
}

RowStream::RowStream(RowStream&& other) noexcept
    : connection_(other.connection_),
      builder_(other.builder_),
      statement_(std::exchange(other.statement_, nullptr)) {}

RowStream::~RowStream() {
  if (statement_ != nullptr) mysql_stmt_close(statement_);
}

Status RowStream::Error(const char* what) {
  // What the server reports is on the handle too.
  if (mysql_errno(connection_->handle()) != 0) return connection_->LastError(what);
  return {StatusCode::kInternal, std::string(what) + ": " + mysql_stmt_error(statement_)};
}

void RowStream::OnValue(void* self, unsigned column, unsigned char** in) {
  auto* stream = static_cast<RowStream*>(self);
  if (in == nullptr) return stream->builder_->Null(column);
  if (stream->malformed_) return;
  // The packet is within the buffer.
  const NET& net = stream->connection_->handle()->net;
  const uint8_t* next = stream->builder_->Take(column, *in, net.buff_end);
  if (next == nullptr) {
    stream->malformed_ = true;
    stream->malformed_value_ = column;
    return;
  }
  *in = const_cast<unsigned char*>(next);
}

Result<bool> RowStream::Next() {
  mysql_stmt_attr_set(statement_, STMT_ATTR_CB_USER_DATA, this);
  builder_->Begin();
  const int result = mysql_stmt_fetch(statement_);
  if (result == MYSQL_NO_DATA) return false;
  if (result != 0) return Error("rows cannot be read");
  if (malformed_) {
    return Status(StatusCode::kDataLoss, "the server has sent a value of column " +
                                             builder_->column_name(malformed_value_) +
                                             " that is not of its type");
  }
  return true;
}

}  // namespace srdf::engine_mariadb
