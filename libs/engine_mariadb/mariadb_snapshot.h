// MariaDbSnapshot: consistent reads of a MariaDB server (engine/snapshot.h).
//
// One connection in a read-only transaction WITH CONSISTENT SNAPSHOT. No table is locked but while one of it
// is read: the metadata lock that a SELECT takes is given back after each read (a savepoint is rolled back
// to), so that a DDL statement waits for one range at most. A user without the privilege BINLOG ADMIN (SUPER
// before MariaDB 10.5) cannot have that, and keeps the locks until the snapshot is gone. What was altered
// since the snapshot cannot be read in it any more: kAborted.
//
// Rows of a table with a key are read in pieces by its index; of one without, in a single pass. Neither side
// keeps more than a row of it. When the reader of a long pass takes no rows, the server waits ten minutes for
// it and then ends the connection.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/snapshot.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/key_sql.h"
#include "engine_mariadb/row_image_builder.h"
#include "engine_mariadb/table_definition.h"
#include "engine_mariadb/target_columns.h"

namespace srdf::engine_mariadb {

class MariaDbSnapshot : public engine::Snapshot {
 public:
  // The place in the server's binary log that it shows becomes position(). kFailedPrecondition: the server
  // has no log. Needs SELECT on the tables, and BINLOG MONITOR; PROCESS where XA transactions are committed.
  static Result<std::unique_ptr<engine::Snapshot>> OpenSource(const engine::ServerEndpoint& endpoint);
  // The position of the flow's checkpoint becomes position(); it is not known when there is none.
  static Result<std::unique_ptr<engine::Snapshot>> OpenTarget(const engine::ServerEndpoint& endpoint,
                                                              const std::string& flow);

  const SourcePosition& position() const override { return position_; }
  Result<std::vector<engine::TableInfo>> ListTables() override;
  Result<TableSchema> Describe(const std::string& database, const std::string& table) override;
  std::vector<uint16_t> KeyOrder(const TableSchema& schema) const override { return KeyOrderOf(schema); }
  Result<engine::ReadEnd> ReadRange(const TableSchema& schema, const engine::KeyRange& range,
                                    const engine::ReadLimits& limits, engine::RowSink* sink) override;
  Result<engine::ReadEnd> ReadKeys(const TableSchema& schema, const std::vector<std::string>& keys,
                                   engine::RowSink* sink) override;
  Result<std::string> KeyAt(const TableSchema& schema, const std::string& after, uint64_t rows) override;
  Status Ping() override;

 private:
  struct Table {
    TableDefinition definition;
    RowImageBuilder rows;
    std::optional<RowImageBuilder> keys;  // of the key's columns alone
    std::optional<KeySql> key;
    std::string from;        // "`db`.`t` FORCE INDEX (`PRIMARY`)"
    double row_bytes = 200;  // of an image, as far as it is known
  };

  MariaDbSnapshot(std::unique_ptr<Connection> connection, bool gives_locks_back)
      : connection_(std::move(connection)), gives_locks_back_(gives_locks_back) {}
  static Result<std::unique_ptr<MariaDbSnapshot>> Connect(const engine::ServerEndpoint& endpoint);
  Status StartAtLog();
  // False: an XA transaction is being committed. `begun_before`: how many ever were.
  Result<bool> NoXaCommit(const std::string& begun_before);
  // Takes the snapshot; its GTIDs, when it is exact and the log has not grown meanwhile.
  Result<std::optional<std::string>> StartOnce();
  Status StartAtCheckpoint(const std::string& flow);
  Status NoteTime();
  // The average length of its rows. kAborted: the table may not be as it was when the snapshot was taken.
  Result<uint64_t> CheckAge(const std::string& database, const std::string& table);
  // Ok: there is no such table, and what took it away is in the log.
  Status WaitUntilGone(const std::string& database, const std::string& table);
  Status Fill(engine::TableInfo* info);
  Result<Table*> Find(const std::string& database, const std::string& table);
  // The table as the schema's describer saw it; kAborted when it is another one by now.
  Result<Table*> Find(const TableSchema& schema);
  Result<bool> IsEmpty(const std::string& quoted_name);
  Result<std::string> Definition(const std::string& quoted_name);
  Result<engine::ReadEnd> ReadAll(Table* table, engine::RowSink* sink);
  Result<engine::ReadEnd> ReadByKey(Table* table, const engine::KeyRange& range,
                                    const engine::ReadLimits& limits, engine::RowSink* sink);
  // Gives back the metadata locks.
  Status Release();

  const std::unique_ptr<Connection> connection_;
  const bool gives_locks_back_;
  SourcePosition position_;
  bool exact_ = false;          // shows what its place promises
  bool sees_sessions_ = false;  // those of other users, as far as that was asked
  // The server's, just before the snapshot was taken.
  uint64_t started_at_seconds_ = 0;
  std::string started_at_gtids_;
  std::optional<Collations> collations_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Table>> tables_;
};

}  // namespace srdf::engine_mariadb
