#include "engine_mariadb/sql_batch.h"

#include <mysqld_error.h>

#include <cstdio>
#include <string_view>

namespace srdf::engine_mariadb {

namespace {

constexpr size_t kTextKeptBytesMax = 4u << 20;

// "Records: 3  Duplicates: 3  Warnings: 0": with CLIENT_FOUND_ROWS a duplicate is a row that was there,
// whether it had to be changed or not (server: sql_insert.cc, end of mysql_insert).
bool ParseInsertInfo(const char* info, uint64_t* records, uint64_t* duplicates) {
  unsigned long long r = 0, d = 0;
  if (info == nullptr || std::sscanf(info, "Records: %llu  Duplicates: %llu", &r, &d) != 2) return false;
  *records = r;
  *duplicates = d;
  return true;
}

}  // namespace

Status SqlBatch::Prepare() {
  if (mysql_set_server_option(connection_->handle(), MYSQL_OPTION_MULTI_STATEMENTS_ON) == 0) return {};
  return connection_->LastError("the target does not take several statements at once");
}

void SqlBatch::Begin() {
  if (!expected_.empty()) text_.push_back(';');
}

void SqlBatch::Clear() {
  text_.clear();
  if (text_.capacity() > kTextKeptBytesMax) text_.shrink_to_fit();  // one large row need not stay
  expected_.clear();
}

Status SqlBatch::Send(bool warnings_pass) {
  error_ = 0;
  MYSQL* const mysql = connection_->handle();
  Status status;
  if (mysql_real_query(mysql, text_.data(), text_.size()) != 0) {
    status = connection_->LastError("statement failed");
    error_ = connection_->last_errno();
    Clear();
    return status;
  }
  for (size_t i = 0;; ++i) {
    MYSQL_RES* const result = mysql_store_result(mysql);
    if (status.ok() && i < expected_.size()) {
      status = expected_[i].count == Count::kNoneFound ? CheckNoneFound(result)
                                                       : CheckResult(expected_[i], warnings_pass);
    }
    if (result != nullptr) mysql_free_result(result);
    const int more =
        mysql_next_result(mysql);  // read to the end, whatever was found: the connection is used on
    if (more == 0) continue;
    if (more > 0) {
      // An error of the server ends the batch and, unlike a wrong count, may have ended the transaction.
      status = connection_->LastError("statement failed");
      error_ = connection_->last_errno();
    } else if (status.ok() && i + 1 != expected_.size()) {
      status = {StatusCode::kInternal, "a batch of SQL statements had " + std::to_string(i + 1) +
                                           " results instead of " + std::to_string(expected_.size())};
    }
    break;
  }
  Clear();
  return status;
}

Status SqlBatch::CheckNoneFound(MYSQL_RES* result) {
  const MYSQL_ROW row = result == nullptr ? nullptr : mysql_fetch_row(result);
  if (row == nullptr || row[0] == nullptr) {
    return {StatusCode::kInternal, "no answer about the stored generated columns of written rows"};
  }
  if (std::string_view(row[0]) == "0") return {};
  return {StatusCode::kFailedPrecondition,
          "the target computes another value for a stored generated column than the source has: its "
          "expression depends on the session (time_zone, div_precision_increment) or on the day, or the log "
          "lacks "
          "columns that a REPLACE has set back (binlog_row_image below FULL)",
          "GRANT BINLOG REPLAY ON *.* to the user of the target and set apply_method: native, which copies "
          "the value; or make the column VIRTUAL at both sides"};
}

Status SqlBatch::CheckResult(const Expected& expected, bool warnings_pass) {
  MYSQL* const mysql = connection_->handle();
  if (expected.count == Count::kNone) return {};
  uint64_t found = mysql_affected_rows(mysql);
  if (expected.count == Count::kDuplicates) {
    uint64_t records = 0;
    if (!ParseInsertInfo(mysql_info(mysql), &records, &found) || records != expected.rows) {
      return {StatusCode::kInternal, "no answer about the rows of an INSERT … ON DUPLICATE KEY UPDATE"};
    }
  }
  if (found != expected.rows) {
    error_ = ER_KEY_NOT_FOUND;
    return {StatusCode::kDivergence, "rows expected: " + std::to_string(expected.rows) +
                                         ", rows found: " + std::to_string(found) + " (" +
                                         std::to_string(ER_KEY_NOT_FOUND) + ")"};
  }
  if (warnings_pass || expected.count == Count::kDeleted || mysql_warning_count(mysql) == 0) return {};
  error_ = WARN_DATA_TRUNCATED;
  return {StatusCode::kFailedPrecondition, "the target has a warning about a value"};
}

}  // namespace srdf::engine_mariadb
