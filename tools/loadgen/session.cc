#include "loadgen/session.h"

#include <fmt/format.h>
#include <mysqld_error.h>

#include <algorithm>
#include <thread>

namespace srdf::loadgen {

using std::chrono::steady_clock;

void Report::Add(const Report& other) {
  transactions += other.transactions;
  rows += other.rows;
  rolled_back += other.rolled_back;
  deadlocks += other.deadlocks;
  refused += other.refused;
  ddl += other.ddl;
  reconnects += other.reconnects;
  unknown += other.unknown;
  slowest_commit_seconds = std::max(slowest_commit_seconds, other.slowest_commit_seconds);
}

std::string Report::ToJson() const {
  return fmt::format(
      R"({{"seed": {}, "seconds": {:.3f}, "transactions": {}, "rows": {}, "rolled_back": {}, "deadlocks": {}, )"
      R"("refused": {}, "ddl": {}, "reconnects": {}, "unknown": {}, "slowest_commit_seconds": {:.3f}}})",
      seed, seconds, transactions, rows, rolled_back, deadlocks, refused, ddl, reconnects, unknown,
      slowest_commit_seconds);
}

Status Session::Ensure() {
  if (connection_ != nullptr) return {};
  const auto deadline = steady_clock::now() + std::chrono::duration<double>(options_.reconnect_seconds);
  for (;;) {
    auto connection = engine_mariadb::Connection::Open(options_.server, {});
    Status status = connection.status();
    if (connection.ok()) {
      status =
          (*connection)->Execute("USE " + engine_mariadb::Connection::QuoteIdentifier(options_.database));
    }
    if (status.ok()) {
      connection_ = std::move(connection).value();
      if (connected_before_) ++report_.reconnects;
      connected_before_ = true;
      return {};
    }
    const bool again = options_.reconnect && status.code() == StatusCode::kUnavailable;
    if (!again || steady_clock::now() >= deadline) return status;
    if (stop_.stop_requested()) return {StatusCode::kCancelled, "stopped while the server was away"};
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the server's pace, not a synchronisation
  }
}

Status Session::Lost(const Status& status, bool committing) {
  connection_.reset();
  if (!options_.reconnect) return status;
  if (committing) ++report_.unknown;
  return {StatusCode::kAborted, status.message()};
}

Status Session::Execute(const std::string& statement, uint64_t* rows) {
  MYSQL* mysql = connection_->handle();
  if (mysql_real_query(mysql, statement.data(), statement.size()) != 0) {
    return connection_->LastError("statement failed");
  }
  const my_ulonglong affected = mysql_affected_rows(mysql);
  if (mysql_field_count(mysql) == 0 && affected != static_cast<my_ulonglong>(-1)) *rows += affected;
  if (MYSQL_RES* result = mysql_store_result(mysql); result != nullptr) mysql_free_result(result);
  return {};
}

Status Session::Run(const std::vector<std::string>& statements) {
  SRDF_RETURN_IF_ERROR(Ensure());
  uint64_t rows = 0;
  for (const std::string& statement : statements) {
    const bool commit = statement == "COMMIT";
    const auto begin = steady_clock::now();
    const Status status = Execute(statement, &rows);
    if (status.ok()) {
      if (commit) {
        const std::chrono::duration<double> taken = steady_clock::now() - begin;
        report_.slowest_commit_seconds = std::max(report_.slowest_commit_seconds, taken.count());
        ++report_.transactions;
      }
      if (statement == "ROLLBACK") {
        ++report_.rolled_back;
        rows = 0;
      }
      continue;
    }
    // A timeout of the table's counter lock has a number of its own.
    const bool timeout = connection_->last_errno() == ER_AUTOINC_READ_FAILED;
    switch (timeout ? StatusCode::kAborted : status.code()) {
      case StatusCode::kUnavailable:
      case StatusCode::kOutcomeUnknown:
        return Lost(status, commit);
      case StatusCode::kDivergence:  // a key clash: the statement is undone, the transaction goes on
        ++report_.refused;
        continue;
      case StatusCode::kAborted: {
        ++report_.deadlocks;
        const Status rollback = connection_->Execute("ROLLBACK");
        if (!rollback.ok()) return Lost(rollback, false);
        return {StatusCode::kAborted, status.message()};
      }
      default:
        return status.WithContext(statement.substr(0, 120));
    }
  }
  report_.rows += rows;
  return {};
}

Result<std::string> Session::QueryValue(const std::string& sql) {
  SRDF_RETURN_IF_ERROR(Ensure());
  auto value = connection_->QueryValue(sql);
  if (!value.ok() && value.status().code() == StatusCode::kUnavailable) return Lost(value.status(), false);
  return value;
}

}  // namespace srdf::loadgen
