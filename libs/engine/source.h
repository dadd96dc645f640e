// What capture needs of a source engine: a preflight and a stream of changes from a position.
//
// One adapter per engine implements these (engine_mariadb/). All calls block; each object is driven by one
// thread at a time, except ChangeReader::Interrupt, which any thread may call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/schema_dump.h"
#include "engine/snapshot.h"
#include "model/position.h"
#include "model/statement.h"

namespace srdf::engine {

// How to reach a database server. The password is a secret: never formatted, never logged.
struct ServerEndpoint {
  std::string host = "127.0.0.1";
  uint16_t port = 3306;
  std::string socket;  // when not empty, used instead of host and port
  std::string user;
  std::string password;
};

// One thing of a server that has to be changed before replication can be trusted.
struct PreflightProblem {
  std::string what;    // "binlog_format is MIXED, ROW is required"
  std::string remedy;  // the statement or configuration line that mends it
  bool fatal = true;   // false: a warning
};

// What a reader has to say about the stream besides changes.
struct SourceLag {
  SourcePosition server_end;  // the server's current end of log, as last seen
  uint64_t bytes_behind = 0;  // log bytes between what was read and server_end; 0 when caught up
};

// Receives the change stream. Called on the thread that drives ChangeReader::Run.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  // `records` is a whole number of records (model/record.h); the view is valid during the call only.
  // `transaction_end` is true when the last record is a TransactionEnd. May block: that is back-pressure.
  // An error ends Run with that error.
  virtual Status Consume(std::string_view records, bool transaction_end) = 0;
  // The source is alive but has nothing new (heartbeat); `lag` is fresh.
  virtual void Idle(const SourceLag& lag) = 0;
};

struct ChangeReaderStats {  // counts are over all Runs of the reader
  uint64_t transactions = 0;
  uint64_t rows = 0;
  uint64_t statements = 0;
  uint64_t statements_skipped = 0;
  uint64_t log_bytes = 0;
  SourcePosition read;  // after the last whole transaction handed to the sink
  SourceLag lag;
};

// Kept for as long as its flow: what it has learned of the source's tables stays good over reconnects.
class ChangeReader {
 public:
  virtual ~ChangeReader() = default;
  // Streams everything after `from` into `sink` until an error or Interrupt (kCancelled). Begins at a
  // transaction boundary. kUnavailable: reconnect and call again with the position then wanted; any other
  // error stops the flow until an operator acts.
  virtual Status Run(const SourcePosition& from, ChangeSink* sink) = 0;
  // Ends Run soon, from any thread; the next Run, when none is going on.
  virtual void Interrupt() = 0;
  // Any thread; a snapshot.
  virtual ChangeReaderStats Stats() const = 0;
};

struct TableId {
  std::string database;
  std::string table;

  friend auto operator<=>(const TableId&, const TableId&) = default;
};

struct ForeignKey {
  TableId parent;
  TableId child;
  bool acts = true;  // changes rows of the child when a row of the parent is deleted or updated
  // A row of the child may get another key so: its column is one of a unique key there, and follows the
  // parent's updates.
  bool moves_keys = false;
};

struct TableRename {
  TableId from;
  TableId to;
  bool if_exists = false;  // when there was no such table, nothing was done
};

// What a statement does with tables as a whole, by names as the catalogue has them.
struct TableEffects {
  std::vector<TableRename> renamed;  // in the statement's order
  std::vector<TableId> mixed;    // rows went from one to the other that are in no log; names of afterwards
  std::vector<TableId> dropped;  // without a table: all of the database
};

class SourceEngine {
 public:
  virtual ~SourceEngine() = default;
  // Every wrong setting and missing privilege; empty when all is well. An error means that the server could
  // not be asked.
  virtual Result<std::vector<PreflightProblem>> Preflight() = 0;
  // The current end of the source's log. Opens its own connection.
  virtual Result<SourcePosition> CurrentPosition() = 0;
  virtual std::unique_ptr<ChangeReader> NewReader() = 0;
  // Whether `position` is at or after `other`: the log up to it has all that the log up to `other` has. Any
  // thread. kInvalidArgument when one of them is not a position of this engine.
  virtual Result<bool> Contains(const SourcePosition& position, const SourcePosition& other) const {
    return position.gtid == other.gtid;
  }
  // What a copy of tables has to know of the source, as it is now; each opens its own connection.
  // kUnavailable when not every table can be looked at right now: ask again.
  virtual Result<std::vector<ForeignKey>> ForeignKeys() { return std::vector<ForeignKey>{}; }
  // What stands in the way of a copy. `new_flow`: the target has nothing of this source yet.
  virtual Result<std::vector<PreflightProblem>> CopyObstacles([[maybe_unused]] bool new_flow) {
    return std::vector<PreflightProblem>{};
  }
  // How many sessions are at work; a copy waits while there are many.
  virtual Result<uint64_t> ThreadsRunning() { return 0; }
  // Any thread; asks no server.
  virtual TableEffects EffectsOf([[maybe_unused]] const Statement& statement) const { return {}; }
  // Takes a consistent snapshot without a lock; its position() is a transaction boundary of the log. Opens
  // its own connection. kUnimplemented: this engine cannot.
  virtual Result<std::unique_ptr<Snapshot>> OpenSnapshot() {
    return Status(StatusCode::kUnimplemented, "this source cannot take a snapshot at a known position");
  }
  // The definitions of now. Opens its own connection; takes no lock that a writer waits for. kNotFound: a
  // table of the request is not there. kAborted: something was altered meanwhile, read again.
  // kPermissionDenied: the source would not show everything, with the missing privileges as remedy.
  virtual Result<SchemaDump> ReadSchema(const SchemaRequest& request) {
    return Status(StatusCode::kUnimplemented, "this source cannot be asked for the definitions of " +
                                                  std::to_string(request.tables.size()) + " tables");
  }
};

}  // namespace srdf::engine
