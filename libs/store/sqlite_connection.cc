#include "store/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace srdf::store {

Connection::Connection(const std::string& path, int flags, int busy_timeout_ms, int cache_kib)
    : db_(path, flags | SQLite::OPEN_NOMUTEX, busy_timeout_ms) {
  db_.exec(fmt::format("PRAGMA cache_size = -{}", cache_kib));
  db_.exec("PRAGMA temp_store = MEMORY");  // small; /tmp may not be there in a container
  db_.exec("PRAGMA mmap_size = 0");        // pages come and go through the bounded cache only
  db_.exec("PRAGMA foreign_keys = ON");
}

SQLite::Statement& Connection::Prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::string text(sql);
    auto statement = std::make_unique<SQLite::Statement>(db_, text);
    found = statements_.emplace(std::move(text), std::move(statement)).first;
  }
  return *found->second;
}

int64_t Connection::PragmaInt(const char* pragma) {
  SQLite::Statement statement(db_, fmt::format("PRAGMA {}", pragma));
  return statement.executeStep() ? statement.getColumn(0).getInt64() : 0;
}

std::string Connection::PragmaText(const char* pragma) {
  SQLite::Statement statement(db_, fmt::format("PRAGMA {}", pragma));
  return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
}

void Connection::SetDurability(Durability durability) {
  if (durability == durability_) return;
  db_.exec(durability == Durability::kDisk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  durability_ = durability;
}

int Connection::SystemErrno() {
  return commit_errno_ != 0 ? commit_errno_ : sqlite3_system_errno(db_.getHandle());
}

void Connection::RollbackIfOpen() noexcept {
  // Some errors (disk full, I/O) have rolled back already. A failing ROLLBACK leaves nothing else to do here:
  // the next BEGIN reports it.
  if (sqlite3_get_autocommit(db_.getHandle()) != 0) return;
  db_.tryExec("ROLLBACK");
}

void Transaction::Commit() {
  errno = 0;
  try {
    Query(connection_, "COMMIT").Run();
  } catch (const SQLite::Exception&) {
    connection_.SetCommitErrno(errno);
    throw;
  }
  committed_ = true;
}

}  // namespace srdf::store
