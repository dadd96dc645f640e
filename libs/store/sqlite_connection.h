// Connection, Query, Transaction: SQLiteCpp with a statement cache, for use inside this library only.
//
// They throw SQLite::Exception; QueueDatabase turns that into a Status at the library's edge. A connection is
// used by one thread at a time (its owner holds the lock).
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace srdf::store {

// What survives when a commit has returned.
enum class Durability {
  kDisk,  // everything, as soon as the call returns: the log is synced
  // A crash of the process. After a power failure the newest such commits may be gone, in order, together;
  // a later kDisk commit secures all of them. For facts that a peer will repeat.
  kProcess,
};

class Connection {
 public:
  Connection(const std::string& path, int flags, int busy_timeout_ms, int cache_kib);

  // The prepared statement for `sql`, compiled at its first use.
  SQLite::Statement& Prepared(std::string_view sql);
  // For statements that run once, or that act while being compiled (pragmas).
  void Exec(const std::string& sql) { db_.exec(sql); }
  int64_t PragmaInt(const char* pragma);
  std::string PragmaText(const char* pragma);
  void SetDurability(Durability durability);
  void RollbackIfOpen() noexcept;
  // The errno behind the last error; 0: none. SQLite tells it of every statement but COMMIT, so Commit keeps
  // its own.
  int SystemErrno();
  void SetCommitErrno(int error) { commit_errno_ = error; }
  sqlite3* handle() { return db_.getHandle(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  SQLite::Database db_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>, Hash, std::equal_to<>> statements_;
  Durability durability_ = Durability::kDisk;
  int commit_errno_ = 0;
};

// Bytes bound without a copy: they must live as long as the query.
struct Blob {
  std::string_view bytes;
};

// One run of a cached statement, with its parameters in order. Reset when it goes out of scope, which ends
// its implicit read transaction. Text() and Bytes() copy.
class Query {
 public:
  template <typename... Args>
  explicit Query(Connection& connection, std::string_view sql, const Args&... args)
      : statement_(connection.Prepared(sql)) {
    int index = 0;
    (BindOne(++index, args), ...);
  }
  ~Query() { statement_.tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  bool Step() { return statement_.executeStep(); }  // false after the last row
  int Run() { return statement_.exec(); }           // rows changed; for statements without a result

  uint64_t U64(int column) const { return static_cast<uint64_t>(statement_.getColumn(column).getInt64()); }
  int64_t I64(int column) const { return statement_.getColumn(column).getInt64(); }
  bool IsNull(int column) const { return statement_.getColumn(column).isNull(); }
  bool Flag(int column) const { return I64(column) != 0; }
  std::string Text(int column) const { return statement_.getColumn(column).getString(); }

 private:
  template <std::integral T>
  void BindOne(int index, T value) {
    statement_.bind(index, static_cast<int64_t>(value));
  }
  void BindOne(int index, const std::string& value) { statement_.bind(index, value); }
  void BindOne(int index, const char* value) { statement_.bind(index, value); }
  void BindOne(int index, std::string_view value) { statement_.bind(index, std::string(value)); }
  void BindOne(int index, const Blob& value) {
    statement_.bindNoCopy(index, value.bytes.data(), static_cast<int>(value.bytes.size()));
  }

  SQLite::Statement& statement_;
};

// A write transaction; rolled back unless committed. IMMEDIATE, so that waiting for a lock happens here and
// never in the middle.
class Transaction {
 public:
  Transaction(Connection& connection, Durability durability) : connection_(connection) {
    connection_.SetCommitErrno(0);
    connection_.SetDurability(durability);
    Query(connection_, "BEGIN IMMEDIATE").Run();
  }
  ~Transaction() {
    if (!committed_) connection_.RollbackIfOpen();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void Commit();

 private:
  Connection& connection_;
  bool committed_ = false;
};

}  // namespace srdf::store
