// Catalogue: facts about tables, read from the server beside the stream, and whether they hold at the
// stream's position.
//
// The problem: information_schema shows the tables of now, the stream shows rows of then. A statement in
// between may have added a unique key or a cascading foreign key that the rows of then did not know.
//
// The rule: the facts of a table are read first and the server's log position q afterwards. The server keeps
// a table locked until a statement that changes it is in the log, so what was read is the outcome of
// statements up to q at most. Facts are *certain* for rows that come after q in every replication domain as
// long as no statement was seen in the stream since they were read; a statement drops all of them. Example:
// q = 0-1-9 was read while the stream was at 0-1-7: rows of 0-1-8 and 0-1-9 are uncertain (an ALTER may be
// among them), rows of 0-1-10 are certain. Domains are passed by seeing their very GTID, not by comparing
// sequence numbers, which may run backwards where gtid_strict_mode is off.
//
// Driven by the reader's thread. Kept between connections of one reader, so that a reconnect keeps what is
// certain; its own state is memory alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/source.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/socket_handle.h"
#include "engine_mariadb/table_facts.h"

namespace srdf::engine_mariadb {

class Catalogue {
 public:
  struct Entry {
    TableFacts facts;
    std::vector<Gtid> pending;  // GTIDs that the stream has yet to pass
    // False: they cannot be read at present, and nothing is certain. Asked for again by a later Find.
    bool foreign_keys_known = true;
    bool certain() const { return foreign_keys_known && pending.empty(); }
  };

  explicit Catalogue(engine::ServerEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  // Before a stream starts at `from`: connects, and keeps, demotes or drops what is known.
  Status Start(const GtidPosition& from);
  // A transaction has passed whole.
  void Passed(const Gtid& gtid);
  // A DDL statement was seen in the stream: nothing is known of tables any more, and of foreign keys what the
  // statement cannot have changed. `database` is its default database.
  void StatementSeen(std::string_view sql, std::string_view database);
  // A statement that does not travel, and does not touch foreign keys, was seen: nothing is known of tables.
  void ForgetTables();
  // Nothing is known any more.
  void Forget();

  // Nothing when the table cannot be looked at right now. The pointer lives until the next Find, Forget or
  // Start.
  Result<const Entry*> Find(const std::string& database, const std::string& table);

  // Changes whenever an answer of Find may have changed.
  uint64_t version() const { return version_; }

  // A query on the catalogue's connection, for lag and the like.
  Result<std::vector<ResultRow>> Query(std::string_view sql);
  // As a string literal of a Query; after Start.
  std::string Quote(std::string_view text) const { return connection_->Quote(text); }

  // Any thread: makes a call in progress return kUnavailable soon.
  void Interrupt();

 private:
  using Name = std::pair<std::string, std::string>;

  Status Connect();
  // False when the foreign keys cannot be read right now: some table is locked, or cannot be opened at all.
  Result<bool> RefreshForeignKeys();
  void ForgetForeignKeys();

  const engine::ServerEndpoint endpoint_;

  std::mutex mu_;
  SocketHandle socket_;  // guarded by mu_: of connection_, for Interrupt

  // the reader's thread
  std::unique_ptr<Connection> connection_;
  std::string identity_;  // of the server that the facts are of
  GtidPosition passed_;   // where the stream is
  std::optional<ForeignKeyGraph> graph_;
  std::vector<Name> new_children_;  // tables whose foreign keys have yet to be added to graph_
  bool graph_outdated_ = false;     // it names what is gone: not kept over the next statement
  std::map<Name, Entry> entries_;
  std::map<Name, std::chrono::steady_clock::time_point> retry_at_;
  size_t uncertain_ = 0;  // entries that are certain once the stream has passed their GTIDs
  uint64_t version_ = 1;
};

}  // namespace srdf::engine_mariadb
