// SqlBatch: SQL statements sent in one packet, each with the number of rows that it has to touch.
//
// A count that is not what it must be is a divergence, found before anything is committed: the connection
// counts matched rows, not changed ones (CLIENT_FOUND_ROWS). The server stops at the first statement that
// fails; after a wrong count the statements behind it have run as well, so the owner takes the whole batch
// back (savepoint). Memory: one packet's text, kept. Driven by one thread; the connection allows several
// statements in one packet (Prepare).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

class SqlBatch {
 public:
  explicit SqlBatch(Connection* connection) : connection_(connection) {}

  Status Prepare();

  // A statement's text is appended to text() between Begin and End.
  void Begin();
  std::string* text() { return &text_; }
  // `rows` is how many rows the statement inserts or updates, whether or not it changes them.
  void EndWritten(uint64_t rows) { expected_.push_back({Count::kWritten, rows}); }
  void EndDeleted(uint64_t rows) { expected_.push_back({Count::kDeleted, rows}); }
  // INSERT … ON DUPLICATE KEY UPDATE of at least two rows, each of which is there already.
  void EndAllDuplicates(uint64_t rows) { expected_.push_back({Count::kDuplicates, rows}); }
  // SELECT COUNT(*) of rows whose stored generated columns are not what was said: there has to be none.
  void EndNoneComputedOtherwise() { expected_.push_back({Count::kNoneFound, 0}); }
  // A statement without rows (SET, SAVEPOINT).
  void EndPlain() { expected_.push_back({Count::kNone, 0}); }

  bool empty() const { return expected_.empty(); }
  size_t bytes() const { return text_.size(); }
  void Clear();

  // Sends what was added and clears it. kDivergence with error() 1032 (ER_KEY_NOT_FOUND) for a wrong count;
  // kFailedPrecondition, unless `warnings_pass`, when a statement that wrote rows had a warning: a value may
  // not be what was said; with error() 0 when the server has computed another value than was said.
  Status Send(bool warnings_pass = false);
  // The server's error number of the last Send; 0 for none.
  unsigned error() const { return error_; }

 private:
  enum class Count { kNone, kWritten, kDuplicates, kDeleted, kNoneFound };
  struct Expected {
    Count count;
    uint64_t rows;
  };

  Status CheckResult(const Expected& expected, bool warnings_pass);
  // `result` is that of the SELECT; null when it had none.
  static Status CheckNoneFound(MYSQL_RES* result);

  Connection* const connection_;
  std::string text_;
  std::vector<Expected> expected_;
  unsigned error_ = 0;
};

}  // namespace srdf::engine_mariadb
