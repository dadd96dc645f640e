#include "engine_mariadb/mariadb_snapshot.h"

#include <fmt/format.h>
#include <mysqld_error.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "engine_mariadb/catalogue_query.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/row_stream.h"
#include "engine_mariadb/source_preflight.h"
#include "engine_mariadb/table_facts.h"
#include "engine_mariadb/target_schema.h"

namespace srdf::engine_mariadb {

namespace {

// A server that says nothing for so long is gone: pieces are read by an index.
constexpr unsigned kReadTimeoutSeconds = 300;

// Rows asked for at once: few while nothing is known of their size, so that not many come that a limit in
// bytes does not want.
constexpr uint64_t kFirstRows = 64;
constexpr uint64_t kRowsMax = 65'536;
constexpr double kRowBytesMin = 100;
// The stream is held meanwhile.
constexpr std::chrono::seconds kExactMax{2};
constexpr size_t kKeysAtOnce = 256;

constexpr char kSession[] =
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
    "SET SESSION time_zone='+00:00',sql_mode='ALLOW_INVALID_DATES',character_set_results=NULL,"
    "lock_wait_timeout=10,max_statement_time=0,net_write_timeout=600,wait_timeout=28800,"
    "idle_transaction_timeout=0,idle_readonly_transaction_timeout=0,sql_select_limit=DEFAULT,"
    "sql_quote_show_create=1";

uint64_t Number(const Value& value) {
  uint64_t out = 0;
  const std::string& text = Text(value);
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::string FullName(const std::string& database, const std::string& table) {
  return Connection::QuoteIdentifier(database) + "." + Connection::QuoteIdentifier(table);
}

// Without AUTO_INCREMENT=n, which moves with every row. Comments and names are between quotes.
std::string WithoutCounter(const std::string& create) {
  constexpr std::string_view kCounter = " AUTO_INCREMENT=";
  char quote = 0;
  for (size_t i = 0; i < create.size(); ++i) {
    const char c = create[i];
    if (quote != 0) {
      if (c == '\\' && quote == '\'') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
      continue;
    }
    if (c == '\'' || c == '`' || c == '"') quote = c;
    if (create.compare(i, kCounter.size(), kCounter) != 0) continue;
    size_t end = i + kCounter.size();
    while (end < create.size() && create[end] >= '0' && create[end] <= '9') ++end;
    return create.substr(0, i) + create.substr(end);
  }
  return create;
}

}  // namespace

Result<std::unique_ptr<MariaDbSnapshot>> MariaDbSnapshot::Connect(const engine::ServerEndpoint& endpoint) {
  ConnectionOptions options;
  options.read_timeout_seconds = kReadTimeoutSeconds;
  SRDF_ASSIGN_OR_RETURN(auto connection, Connection::Open(endpoint, options));
  const auto session = connection->ExecuteAll(kSession);
  if (!session.ok()) return session.status().WithContext("a session for a snapshot");
  // Nothing is written. But a server with a log gives locks back only to sessions that it does not log.
  const Status unlogged = connection->Execute("SET SESSION sql_log_bin=0");
  if (!unlogged.ok() && unlogged.code() != StatusCode::kPermissionDenied) return unlogged;
  return std::unique_ptr<MariaDbSnapshot>(new MariaDbSnapshot(std::move(connection), unlogged.ok()));
}

Result<std::unique_ptr<engine::Snapshot>> MariaDbSnapshot::OpenSource(
    const engine::ServerEndpoint& endpoint) {
  SRDF_ASSIGN_OR_RETURN(auto snapshot, Connect(endpoint));
  SRDF_RETURN_IF_ERROR(snapshot->StartAtLog());
  return std::unique_ptr<engine::Snapshot>(std::move(snapshot));
}

Result<std::unique_ptr<engine::Snapshot>> MariaDbSnapshot::OpenTarget(const engine::ServerEndpoint& endpoint,
                                                                      const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(auto snapshot, Connect(endpoint));
  SRDF_RETURN_IF_ERROR(snapshot->StartAtCheckpoint(flow));
  return std::unique_ptr<engine::Snapshot>(std::move(snapshot));
}

// The GTIDs at a place in the log take the server a walk through the file: 0.1 s for 250 MB. Most of the time
// the log still ends at the snapshot when it is asked a moment later; then what it says of its GTIDs in
// between is of that place: a transaction is in its GTIDs no later than in its end. So another snapshot is
// taken some times before.
Status MariaDbSnapshot::StartAtLog() {
  constexpr int kTries = 20;
  const auto give_up = std::chrono::steady_clock::now() + kExactMax;
  std::optional<std::string> gtids;
  for (int i = 0; !gtids && (i < kTries || !exact_) && std::chrono::steady_clock::now() < give_up; ++i) {
    SRDF_RETURN_IF_ERROR(NoteTime());
    SRDF_ASSIGN_OR_RETURN(gtids, StartOnce());
  }
  if (!exact_) {
    return {StatusCode::kAborted, "XA transactions are committed at the source without a pause",
            "tried again by itself; if it stays, begin when fewer of them are committed"};
  }
  if (!gtids) {
    SRDF_ASSIGN_OR_RETURN(const auto rows,
                          connection_->Query("SELECT BINLOG_GTID_POS(" + connection_->Quote(position_.file) +
                                             "," + std::to_string(position_.offset) + ")"));
    if (!rows.at(0).at(0)) {
      return {StatusCode::kAborted, "the log file of a snapshot is gone: " + position_.file,
              "tried again by itself"};
    }
    gtids = Text(rows.at(0).at(0));
  }
  SRDF_ASSIGN_OR_RETURN(const GtidPosition parsed, GtidPosition::Parse(*gtids));
  position_.gtid = parsed.ToString();
  return {};
}

// An XA COMMIT is in the log before the engine has it (10.11: commit_one_phase_2 lets the log go first, and
// the log's group commit makes only the engines of ordinary transactions commit with it). A snapshot in
// between would lack rows that its place promises. So none may be under way: no session was at it before the
// snapshot, and none has begun since.
Result<bool> MariaDbSnapshot::NoXaCommit(const std::string& begun_before) {
  if (begun_before == "0") return true;
  if (!sees_sessions_) {
    SRDF_ASSIGN_OR_RETURN(const auto held, GlobalPrivileges(connection_.get()));
    sees_sessions_ = held.count("PROCESS") != 0 || held.count("ALL PRIVILEGES") != 0;
  }
  if (!sees_sessions_) {
    return Status(
        StatusCode::kPermissionDenied,
        "the source commits XA transactions, and this user cannot see when one of them is under way",
        "GRANT PROCESS ON *.* to the user of the source");
  }
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection_->Query(
          "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND COMMAND "
          "<> 'Sleep' AND INFO RLIKE 'XA[[:space:]]+COMMIT' LIMIT 1"));
  return rows.empty();
}

Result<std::optional<std::string>> MariaDbSnapshot::StartOnce() {
  constexpr char kXaCommits[] = "SHOW GLOBAL STATUS LIKE 'Com\\_xa\\_commit'";
  SRDF_ASSIGN_OR_RETURN(const auto xa_before, connection_->Query(kXaCommits));
  const std::string xa_commits = xa_before.empty() ? std::string("0") : Text(xa_before[0].at(1));
  SRDF_ASSIGN_OR_RETURN(const bool none, NoXaCommit(xa_commits));
  SRDF_ASSIGN_OR_RETURN(
      const auto results,
      connection_->ExecuteAll("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;"
                              "SHOW STATUS LIKE 'binlog\\_snapshot\\_%';"
                              "SELECT @@global.gtid_binlog_pos;SHOW MASTER STATUS;SAVEPOINT srdf;" +
                              std::string(kXaCommits)));
  std::string offset;
  for (const ResultRow& row : results.at(1).rows) {
    if (strcasecmp(Text(row.at(0)).c_str(), "binlog_snapshot_file") == 0) position_.file = Text(row.at(1));
    if (strcasecmp(Text(row.at(0)).c_str(), "binlog_snapshot_position") == 0) offset = Text(row.at(1));
  }
  if (position_.file.empty() || results.at(3).rows.empty()) {
    return Status(StatusCode::kFailedPrecondition,
                  "the source has no binary log, so that a snapshot has no place in it",
                  "add log_bin=ON to the server's configuration and restart it");
  }
  position_.offset = Number(offset);
  const auto& xa_after = results.at(5).rows;
  exact_ = none && (xa_after.empty() || Text(xa_after[0].at(1)) == xa_commits);
  if (!exact_) return std::optional<std::string>();
  const ResultRow& end = results.at(3).rows.at(0);
  if (Text(end.at(0)) != position_.file || Number(end.at(1)) != position_.offset) {
    return std::optional<std::string>();
  }
  return std::optional(Text(results.at(2).rows.at(0).at(0)));
}

Status MariaDbSnapshot::StartAtCheckpoint(const std::string& flow) {
  SRDF_RETURN_IF_ERROR(NoteTime());
  SRDF_ASSIGN_OR_RETURN(const auto started,
                        connection_->ExecuteAll("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;"
                                                "SAVEPOINT srdf"));
  auto rows = connection_->Query(SelectCheckpointStatement(*connection_, flow, false));
  constexpr unsigned kNoSuchTable = 1146;
  if (!rows.ok() && connection_->last_errno() != kNoSuchTable) return rows.status();
  if (rows.ok()) {
    const auto checkpoint = CheckpointOf(flow, *rows);
    if (checkpoint) position_ = checkpoint->position;
  }
  return Release();
}

Status MariaDbSnapshot::NoteTime() {
  SRDF_ASSIGN_OR_RETURN(const auto rows,
                        connection_->Query("SELECT UNIX_TIMESTAMP(), @@global.gtid_binlog_pos"));
  started_at_seconds_ = Number(rows.at(0).at(0));
  started_at_gtids_ = Text(rows.at(0).at(1));
  return {};
}

// The catalogue shows tables as they are now. The engine notices that a table was made anew since the
// snapshot, but not what is changed in the catalogue alone (another label of an ENUM, a longer VARCHAR). So a
// table must be older than the snapshot. Its time counts whole seconds: one of the same second is as it was
// when nothing has been logged since.
Result<uint64_t> MariaDbSnapshot::CheckAge(const std::string& database, const std::string& table) {
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection_->Query("SELECT UNIX_TIMESTAMP(CREATE_TIME), @@global.gtid_binlog_pos, AVG_ROW_LENGTH FROM "
                         "information_schema.TABLES WHERE " +
                         WhereTable(*connection_, database, table)));
  if (rows.empty()) return uint64_t{0};  // gone, which a read will tell
  const uint64_t row_bytes = Number(rows[0].at(2));
  if (!rows[0].at(0)) return row_bytes;  // an engine without times
  const uint64_t made_at_seconds = Number(rows[0][0]);
  if (made_at_seconds < started_at_seconds_) return row_bytes;
  if (made_at_seconds == started_at_seconds_ && Text(rows[0].at(1)) == started_at_gtids_) return row_bytes;
  return Status(
      StatusCode::kAborted,
      "table " + database + "." + table + " was made or altered when the snapshot was taken or since",
      "tried again by itself");
}

// A statement that takes a table away has it locked until it is logged, and the catalogue does not wait for
// that: a read does.
Status MariaDbSnapshot::WaitUntilGone(const std::string& database, const std::string& table) {
  const auto read = connection_->Query("SELECT 1 FROM " + FullName(database, table) + " LIMIT 0");
  const unsigned error = connection_->last_errno();
  if (!read.ok() && (error == ER_NO_SUCH_TABLE || error == ER_BAD_DB_ERROR)) return {};
  SRDF_RETURN_IF_ERROR(Release());
  if (!read.ok()) return read.status();
  return {StatusCode::kAborted, "table " + database + "." + table + " was made since the snapshot was taken",
          "tried again by itself"};
}

Status MariaDbSnapshot::Release() {
  return gives_locks_back_ ? connection_->Execute("ROLLBACK TO SAVEPOINT srdf") : Status();
}

Result<std::vector<engine::TableInfo>> MariaDbSnapshot::ListTables() {
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection_->Query(
          "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_ROWS, t.DATA_LENGTH + t.INDEX_LENGTH, t.ENGINE, "
          "(SELECT e.TRANSACTIONS FROM information_schema.ENGINES e WHERE e.ENGINE = t.ENGINE) FROM "
          "information_schema.TABLES t WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND "
          "t.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys', 'srdf') "
          "ORDER BY BINARY t.TABLE_SCHEMA, BINARY t.TABLE_NAME"));
  std::vector<engine::TableInfo> out;
  for (const ResultRow& row : rows) {
    engine::TableInfo info;
    info.database = Text(row[0]);
    info.table = Text(row[1]);
    info.rows_estimate = Number(row[2]);
    info.bytes_estimate = Number(row[3]);
    info.engine = Text(row[4]);
    info.transactional = Text(row[5]) == "YES";
    const Status filled = Fill(&info);
    // Each table's lock is given back at once: there may be thousands.
    const Status released = Release();
    if (filled.code() == StatusCode::kNotFound) continue;  // dropped since
    SRDF_RETURN_IF_ERROR(filled);
    SRDF_RETURN_IF_ERROR(released);
    out.push_back(std::move(info));
  }
  return out;
}

Status MariaDbSnapshot::Fill(engine::TableInfo* info) {
  const std::string name = FullName(info->database, info->table);
  const auto table = Find(info->database, info->table);
  // A table that cannot be read row by row is listed all the same.
  if (!table.ok() && table.status().code() != StatusCode::kFailedPrecondition) return table.status();
  if (table.ok() && (*table)->key) {
    for (const uint16_t ordinal : (*table)->key->order()) {
      info->key_columns.push_back((*table)->definition.schema.columns[ordinal].name);
    }
  }
  SRDF_ASSIGN_OR_RETURN(info->definition, Definition(name));
  SRDF_ASSIGN_OR_RETURN(info->empty, IsEmpty(name));
  return {};
}

Result<std::string> MariaDbSnapshot::Definition(const std::string& quoted_name) {
  SRDF_ASSIGN_OR_RETURN(const auto rows, connection_->Query("SHOW CREATE TABLE " + quoted_name));
  return WithoutCounter(rows.empty() ? std::string() : Text(rows[0].at(1)));
}

Result<bool> MariaDbSnapshot::IsEmpty(const std::string& quoted_name) {
  SRDF_ASSIGN_OR_RETURN(const auto rows, connection_->Query("SELECT 1 FROM " + quoted_name + " LIMIT 1"));
  return rows.empty();
}

Result<TableSchema> MariaDbSnapshot::Describe(const std::string& database, const std::string& table) {
  SRDF_ASSIGN_OR_RETURN(const Table* found, Find(database, table));
  // Is it still the one of the snapshot? The server says so when a row is read.
  SRDF_RETURN_IF_ERROR(IsEmpty(FullName(database, table)).status());
  SRDF_RETURN_IF_ERROR(Release());
  return found->definition.schema;
}

Result<MariaDbSnapshot::Table*> MariaDbSnapshot::Find(const std::string& database, const std::string& table) {
  auto& entry = tables_[{database, table}];
  if (entry != nullptr) return entry.get();
  if (!collations_) {
    SRDF_ASSIGN_OR_RETURN(collations_, Collations::Load(connection_.get()));
  }
  auto read = ReadTableDefinition(connection_.get(), *collations_, database, table);
  if (read.status().code() == StatusCode::kNotFound) {
    SRDF_RETURN_IF_ERROR(WaitUntilGone(database, table));
  }
  SRDF_ASSIGN_OR_RETURN(TableDefinition definition, std::move(read));
  SRDF_ASSIGN_OR_RETURN(const uint64_t row_bytes, CheckAge(database, table));
  SRDF_ASSIGN_OR_RETURN(RowImageBuilder rows, RowImageBuilder::Build(definition.schema, definition.columns));
  auto made = std::make_unique<Table>(Table{std::move(definition), std::move(rows), {}, {}, {}});
  made->row_bytes = std::max(kRowBytesMin, static_cast<double>(row_bytes));
  const TableSchema& schema = made->definition.schema;
  made->from = FullName(database, table);
  if (schema.key_kind != KeyKind::kNone) {
    SRDF_ASSIGN_OR_RETURN(made->key, KeySql::Build(schema, made->definition.columns));
    made->from += " FORCE INDEX (" + Connection::QuoteIdentifier(made->definition.key_index) + ")";
    TableSchema keys = schema;
    for (size_t i = 0; i < keys.columns.size(); ++i) {
      const auto& columns = schema.key_columns;
      if (std::find(columns.begin(), columns.end(), i) == columns.end()) keys.columns[i].generated = true;
    }
    SRDF_ASSIGN_OR_RETURN(made->keys, RowImageBuilder::Build(keys, made->definition.columns));
  }
  entry = std::move(made);
  return entry.get();
}

Result<MariaDbSnapshot::Table*> MariaDbSnapshot::Find(const TableSchema& schema) {
  SRDF_ASSIGN_OR_RETURN(Table* const table, Find(schema.database, schema.table));
  const TableSchema& mine = table->definition.schema;
  if (mine.columns == schema.columns && mine.key_columns == schema.key_columns) return table;
  return Status(StatusCode::kAborted,
                "table " + schema.database + "." + schema.table + " is not as it was described",
                "described again by itself");
}

Result<engine::ReadEnd> MariaDbSnapshot::ReadRange(const TableSchema& schema, const engine::KeyRange& range,
                                                   const engine::ReadLimits& limits, engine::RowSink* sink) {
  SRDF_ASSIGN_OR_RETURN(Table* const table, Find(schema));
  if (!table->key && (!range.after.empty() || !range.until.empty())) {
    return Status(StatusCode::kInvalidArgument,
                  "table " + schema.database + "." + schema.table + " has no key, and so no ranges");
  }
  auto end = table->key ? ReadByKey(table, range, limits, sink) : ReadAll(table, sink);
  if (!end.ok()) {
    const Status released = Release();  // a connection that is gone has told so already
    return released.code() == StatusCode::kUnavailable ? released : end.status();
  }
  SRDF_RETURN_IF_ERROR(Release());
  return end;
}

Result<engine::ReadEnd> MariaDbSnapshot::ReadAll(Table* table, engine::RowSink* sink) {
  engine::ReadEnd end;
  SRDF_ASSIGN_OR_RETURN(
      RowStream stream,
      RowStream::Open(connection_.get(), "SELECT " + table->rows.select_list() + " FROM " + table->from,
                      &table->rows));
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, stream.Next());
    if (!more) return end;
    ++end.rows;
    end.bytes += table->rows.image().size();
    SRDF_RETURN_IF_ERROR(sink->Row({}, table->rows.image()));
  }
}

Result<engine::ReadEnd> MariaDbSnapshot::ReadByKey(Table* table, const engine::KeyRange& range,
                                                   const engine::ReadLimits& limits, engine::RowSink* sink) {
  engine::ReadEnd end;
  engine::KeyRange left = range;
  const auto reached = [&] {
    return (limits.rows_max != 0 && end.rows >= limits.rows_max) ||
           (limits.bytes_max != 0 && end.rows != 0 && end.bytes >= limits.bytes_max);
  };
  uint64_t step = limits.bytes_max == 0 ? kRowsMax : kFirstRows;
  for (;;) {
    uint64_t wanted = step;
    if (limits.bytes_max != 0) {
      const auto bytes_left = static_cast<double>(limits.bytes_max - end.bytes);
      wanted = std::min(wanted, static_cast<uint64_t>(bytes_left / table->row_bytes) + 1);
    }
    if (limits.rows_max != 0) wanted = std::min(wanted, limits.rows_max - end.rows);
    std::string sql = "SELECT " + table->rows.select_list() + " FROM " + table->from + " WHERE ";
    SRDF_RETURN_IF_ERROR(table->key->AppendRange(left, &sql));
    sql += " ORDER BY " + table->key->column_list() + " LIMIT " + std::to_string(wanted);
    const uint64_t rows_before = end.rows, bytes_before = end.bytes;
    {
      SRDF_ASSIGN_OR_RETURN(RowStream stream, RowStream::Open(connection_.get(), sql, &table->rows));
      while (!reached()) {
        SRDF_ASSIGN_OR_RETURN(const bool more, stream.Next());
        if (!more) break;
        ++end.rows;
        end.bytes += table->rows.image().size();
        const ByteView key = table->rows.key();
        SRDF_RETURN_IF_ERROR(sink->Row(key, table->rows.image()));
        left.after.assign(key);
      }
    }
    const uint64_t rows = end.rows - rows_before;
    end.last_key = end.rows == 0 ? std::string() : left.after;
    if (rows != 0) {
      table->row_bytes =
          std::max(1.0, static_cast<double>(end.bytes - bytes_before) / static_cast<double>(rows));
    }
    if (reached()) {
      end.complete = false;
      return end;
    }
    if (rows < wanted) return end;
    step = std::min(step * 8, kRowsMax);
  }
}

Result<engine::ReadEnd> MariaDbSnapshot::ReadKeys(const TableSchema& schema,
                                                  const std::vector<std::string>& keys,
                                                  engine::RowSink* sink) {
  SRDF_ASSIGN_OR_RETURN(Table* const table, Find(schema));
  if (!table->key) {
    return Status(StatusCode::kInvalidArgument,
                  "table " + schema.database + "." + schema.table + " has no key");
  }
  engine::ReadEnd end;
  const auto read = [&](size_t first, size_t count) -> Status {
    std::string sql = "SELECT " + table->rows.select_list() + " FROM " + table->from + " WHERE ";
    SRDF_RETURN_IF_ERROR(table->key->AppendKeys(&keys[first], count, &sql));
    SRDF_ASSIGN_OR_RETURN(RowStream stream, RowStream::Open(connection_.get(), sql, &table->rows));
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, stream.Next());
      if (!more) return {};
      ++end.rows;
      end.bytes += table->rows.image().size();
      const ByteView key = table->rows.key();
      SRDF_RETURN_IF_ERROR(sink->Row(key, table->rows.image()));
      end.last_key.assign(key);
    }
  };
  for (size_t at = 0; at < keys.size(); at += kKeysAtOnce) {
    const Status status = read(at, std::min(kKeysAtOnce, keys.size() - at));
    if (!status.ok()) {
      const Status released = Release();
      return released.code() == StatusCode::kUnavailable ? released : status;
    }
  }
  SRDF_RETURN_IF_ERROR(Release());
  return end;
}

Result<std::string> MariaDbSnapshot::KeyAt(const TableSchema& schema, const std::string& after,
                                           uint64_t rows) {
  SRDF_ASSIGN_OR_RETURN(Table* const table, Find(schema));
  if (!table->key || rows == 0) {
    return Status(StatusCode::kInvalidArgument,
                  "table " + schema.database + "." + schema.table + " has no key, or no row is asked for");
  }
  std::string sql = "SELECT " + table->keys->select_list() + " FROM " + table->from + " WHERE ";
  SRDF_RETURN_IF_ERROR(table->key->AppendRange({after, ""}, &sql));
  sql += " ORDER BY " + table->key->column_list() + " LIMIT 1 OFFSET " + std::to_string(rows - 1);
  std::string key;
  {
    SRDF_ASSIGN_OR_RETURN(RowStream stream, RowStream::Open(connection_.get(), sql, &*table->keys));
    SRDF_ASSIGN_OR_RETURN(const bool found, stream.Next());
    if (found) key = std::string(table->keys->key());
  }
  SRDF_RETURN_IF_ERROR(Release());
  return key;
}

Status MariaDbSnapshot::Ping() { return connection_->Execute("DO 1"); }

}  // namespace srdf::engine_mariadb
