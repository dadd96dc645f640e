// Connection: one client connection to a MariaDB server, with errors classified once.
//
// Owns the MYSQL handle. Driven by one thread. After kUnavailable or kOutcomeUnknown the connection is dead:
// open a new one. Never logs a statement or a password.
#pragma once

#include <mysql.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/source.h"

namespace srdf::engine_mariadb {

struct ConnectionOptions {
  unsigned connect_timeout_seconds = 10;
  unsigned read_timeout_seconds = 0;  // 0: none
  unsigned write_timeout_seconds = 60;
  std::string charset = "utf8mb4";
};

// A column value: nothing for SQL NULL.
using Value = std::optional<std::string>;
using ResultRow = std::vector<Value>;

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> Open(const engine::ServerEndpoint& endpoint,
                                                  const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs one statement; result sets are read and dropped.
  Status Execute(std::string_view sql);
  // Runs one statement, and when it succeeds `then`, at the server's side: `then` also runs when this process
  // dies in between, as long as the server lives and nobody kills the session. The result is the first one's
  // alone. The first must not end in a semicolon (ddl_mark.h).
  Status ExecuteThen(std::string_view sql, std::string_view then);
  // Runs several statements, separated by semicolons, in one round trip; all of them are of our own making,
  // with every value quoted. The first that fails ends it with its error, and those before it hold.
  struct StatementResult {
    std::vector<ResultRow> rows;
    uint64_t matched = 0;  // rows that an UPDATE or DELETE matched, an INSERT wrote
  };
  Result<std::vector<StatementResult>> ExecuteAll(std::string_view statements);
  // Two halves of the same: whatever happens here in between, the server goes on by itself. `count` is how
  // many statements they are: after BINLOG a server says that nothing follows, and goes on (seen on 10.11).
  Status SendAll(std::string_view statements);
  Result<std::vector<StatementResult>> ReadAll(size_t count);
  // Runs one statement and reads its whole result set.
  Result<std::vector<ResultRow>> Query(std::string_view sql);
  // The first column of the first row; kNotFound when there is none, or it is NULL.
  Result<std::string> QueryValue(std::string_view sql);

  // 'text' with quotes, for the connection's character set.
  std::string Quote(std::string_view text) const;
  static std::string QuoteIdentifier(std::string_view name);

  // Server error number of the last failed call, 0 for none.
  unsigned last_errno() const { return last_errno_; }
  MYSQL* handle() { return mysql_; }

  // The last error of the handle as a Status: lost connections are kUnavailable, deadlocks and lock
  // timeouts kAborted, missing privileges kPermissionDenied, disk full kResourceExhausted, key clashes and
  // missing rows kDivergence, the rest kFailedPrecondition. Context names what was being done.
  Status LastError(std::string_view context);

 private:
  explicit Connection(MYSQL* mysql) : mysql_(mysql) {}
  Status AllowSeveralStatements();
  bool WaitForAnswer() const;
  Result<std::vector<ResultRow>> StoredRows();

  MYSQL* mysql_;
  unsigned last_errno_ = 0;
  bool several_statements_ = false;  // the server takes them
};

}  // namespace srdf::engine_mariadb
