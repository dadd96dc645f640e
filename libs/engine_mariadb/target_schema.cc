#include "engine_mariadb/target_schema.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>

namespace srdf::engine_mariadb {

namespace {

// Wagons whose apply_log and ddl_intent rows are kept, and how often old ones are looked for.
constexpr uint64_t kLogWagonsMax = 5000;
constexpr uint64_t kPruneEveryWagons = 256;

constexpr const char* kTables[] = {
    R"(CREATE TABLE IF NOT EXISTS srdf.checkpoint (
  flow VARCHAR(128) NOT NULL PRIMARY KEY COMMENT 'name of the flow',
  epoch BIGINT UNSIGNED NOT NULL COMMENT 'fencing number of the wagons',
  `sequence` BIGINT UNSIGNED NOT NULL COMMENT 'last wagon applied, 0: none yet',
  wagon_uid VARCHAR(64) NOT NULL COMMENT 'of the last wagon applied',
  wagon_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of its frame',
  gtid MEDIUMTEXT NOT NULL COMMENT 'source position after it',
  log_file VARCHAR(512) NOT NULL COMMENT 'the same for people',
  log_offset BIGINT UNSIGNED NOT NULL,
  source_commit_time_ms BIGINT NOT NULL COMMENT 'of its last transaction, ms since 1970, source clock',
  applied_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'this server''s clock',
  copy LONGBLOB NOT NULL DEFAULT '' COMMENT 'how far a copy of tables has come, empty: none is going on'
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'SRDF: last wagon applied of each flow')",
    R"(CREATE TABLE IF NOT EXISTS srdf.apply_log (
  flow VARCHAR(128) NOT NULL,
  epoch BIGINT UNSIGNED NOT NULL,
  `sequence` BIGINT UNSIGNED NOT NULL,
  wagon_uid VARCHAR(64) NOT NULL,
  `rows` BIGINT UNSIGNED NOT NULL COMMENT 'row changes applied',
  statements BIGINT UNSIGNED NOT NULL COMMENT 'DDL statements',
  server_statements BIGINT UNSIGNED NOT NULL COMMENT 'BINLOG statements sent',
  duration_us BIGINT UNSIGNED NOT NULL COMMENT 'from begin to just before commit',
  applied_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (flow, epoch, `sequence`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'SRDF: the last wagons applied')",
    R"(CREATE TABLE IF NOT EXISTS srdf.ddl_intent (
  flow VARCHAR(128) NOT NULL,
  epoch BIGINT UNSIGNED NOT NULL,
  `sequence` BIGINT UNSIGNED NOT NULL,
  number INT UNSIGNED NOT NULL COMMENT 'statement within the wagon, from 1',
  wagon_uid VARCHAR(64) NOT NULL,
  sql_digest BINARY(32) NOT NULL COMMENT 'SHA-256 of the statement',
  sql_text TEXT NOT NULL COMMENT 'its beginning',
  fingerprint_before BINARY(32) NOT NULL COMMENT 'of the objects concerned, before it ran',
  state ENUM('begun','done','failed') NOT NULL,
  begun_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  done_at TIMESTAMP(6) NULL DEFAULT NULL,
  PRIMARY KEY (flow, epoch, `sequence`, number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'SRDF: DDL statements begun and done')",
    R"(CREATE TABLE IF NOT EXISTS srdf.xa_prepared (
  flow VARCHAR(128) NOT NULL,
  xid VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'as in XA COMMIT at the source',
  part INT UNSIGNED NOT NULL COMMENT 'of the transaction, from 1',
  piece INT UNSIGNED NOT NULL COMMENT 'of the part, from 1',
  last BOOLEAN NOT NULL COMMENT 'no part follows',
  gtid VARCHAR(64) NOT NULL COMMENT 'transaction of the source that prepared it',
  `rows` BIGINT UNSIGNED NOT NULL COMMENT 'row changes in the part',
  records LONGBLOB NOT NULL COMMENT 'docs/formats/change-stream.md',
  prepared_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  skipped_after BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'first wagon skipped while this was held, 0: none',
  PRIMARY KEY (flow, xid, part, piece)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'SRDF: XA transactions without an outcome yet')",
    R"(CREATE TABLE IF NOT EXISTS srdf.skipped_wagon (
  flow VARCHAR(128) NOT NULL,
  epoch BIGINT UNSIGNED NOT NULL,
  `sequence` BIGINT UNSIGNED NOT NULL,
  wagon_uid VARCHAR(64) NOT NULL,
  reason TEXT NOT NULL COMMENT 'the operator''s words',
  actor VARCHAR(128) NOT NULL COMMENT 'who decided',
  decided_at_ms BIGINT NOT NULL COMMENT 'ms since 1970, clock of the source site',
  gtid_before MEDIUMTEXT NOT NULL COMMENT 'source position before the wagon',
  gtid_after MEDIUMTEXT NOT NULL COMMENT 'and after it',
  changes MEDIUMTEXT NOT NULL COMMENT 'what this target lacks, a table per line',
  ddl MEDIUMTEXT NOT NULL COMMENT 'DDL statements of the wagon that were begun here, and how far they came',
  skipped_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (flow, epoch, `sequence`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'SRDF: wagons that were not applied, on an operator''s decision')",
};

// Columns that earlier programs did not create.
constexpr const char* kLaterColumns[] = {
    "ALTER TABLE srdf.xa_prepared ADD COLUMN IF NOT EXISTS skipped_after BIGINT UNSIGNED NOT NULL DEFAULT 0 "
    "COMMENT 'first wagon skipped while this was held, 0: none' AFTER prepared_at",
    "ALTER TABLE srdf.checkpoint ADD COLUMN IF NOT EXISTS copy LONGBLOB NOT NULL DEFAULT '' "
    "COMMENT 'how far a copy of tables has come, empty: none is going on' AFTER applied_at",
};

std::string Text(const Value& value) { return value.value_or(""); }
uint64_t Number(const Value& value) { return std::strtoull(Text(value).c_str(), nullptr, 10); }

// Any bytes as a literal; the empty string too, unlike 0x….
std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "x'";
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return out + "'";
}

// What is neither begun nor done has to run again.
DdlIntentState State(const std::string& text) {
  if (text == "begun") return DdlIntentState::kBegun;
  return text == "done" ? DdlIntentState::kDone : DdlIntentState::kFailed;
}

// A wagon that leaves the copy where it was need not write it: the checkpoint has what the wagon before it
// ended with, which is what this one begins with.
std::string SetCopy(const WagonHeader& header) {
  return header.first.copy == header.last.copy ? "" : ", copy=" + Hex(header.last.copy);
}

std::string WhereWagon(Connection* connection, const WagonHeader& header) {
  return fmt::format(" WHERE flow={} AND epoch={} AND `sequence`={}", connection->Quote(header.flow),
                     header.epoch, header.sequence);
}

}  // namespace

Status EnsureTargetSchema(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const std::string there,
                        connection->QueryValue("SELECT (SELECT COUNT(*) FROM information_schema.tables WHERE "
                                               "table_schema='srdf' AND table_name IN ('checkpoint',"
                                               "'apply_log','ddl_intent','xa_prepared','skipped_wagon')) + "
                                               "(SELECT COUNT(*) FROM information_schema.columns WHERE "
                                               "table_schema='srdf' AND (table_name, column_name) IN "
                                               "(('xa_prepared','skipped_after'),('checkpoint','copy')))"));
  if (there == std::to_string(std::size(kTables) + std::size(kLaterColumns))) return {};
  Status status = connection->Execute("CREATE DATABASE IF NOT EXISTS srdf");
  for (const char* table : kTables) {
    if (status.ok()) status = connection->Execute(table);
  }
  for (const char* column : kLaterColumns) {
    if (status.ok()) status = connection->Execute(column);
  }
  return status.ok() ? status : status.WithContext("cannot create schema srdf at the target");
}

std::string SelectCheckpointStatement(const Connection& connection, const std::string& flow, bool lock) {
  return "SELECT epoch, `sequence`, wagon_uid, wagon_hash, gtid, log_file, log_offset, "
         "source_commit_time_ms, "
         "copy FROM "
         "srdf.checkpoint WHERE flow=" +
         connection.Quote(flow) + (lock ? " FOR UPDATE" : "");
}

std::optional<engine::Checkpoint> CheckpointOf(const std::string& flow, const std::vector<ResultRow>& rows) {
  if (rows.empty()) return std::nullopt;
  const ResultRow& row = rows[0];
  engine::Checkpoint c;
  c.flow = flow;
  c.epoch = Number(row[0]);
  c.sequence = Number(row[1]);
  c.wagon_uid = Text(row[2]);
  c.wagon_hash = Text(row[3]);
  c.position = {Text(row[4]), Text(row[5]), Number(row[6]), Text(row[8])};
  c.source_commit_time_ms = std::strtoll(Text(row[7]).c_str(), nullptr, 10);
  return c;
}

Status InsertCheckpoint(Connection* connection, const engine::Checkpoint& c) {
  return connection->Execute(
      fmt::format("INSERT INTO srdf.checkpoint (flow, epoch, `sequence`, wagon_uid, wagon_hash, gtid, "
                  "log_file, log_offset, "
                  "source_commit_time_ms, copy) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
                  connection->Quote(c.flow), c.epoch, c.sequence, connection->Quote(c.wagon_uid),
                  Hex(c.wagon_hash), connection->Quote(c.position.gtid), connection->Quote(c.position.file),
                  c.position.offset, c.source_commit_time_ms, Hex(c.position.copy)));
}

Status DeleteFlowLogs(Connection* connection, const std::string& flow) {
  for (const char* table : {"apply_log", "ddl_intent", "xa_prepared", "skipped_wagon"}) {
    SRDF_RETURN_IF_ERROR(connection->Execute(
        fmt::format("DELETE FROM srdf.{} WHERE flow={}", table, connection->Quote(flow))));
  }
  return {};
}

Status MoveCheckpoint(Connection* connection, const WagonHeader& header, const std::string& wagon_hash,
                      const ApplyLogEntry& entry) {
  const std::string flow = connection->Quote(header.flow);
  const std::string uid = connection->Quote(header.uid);
  // Row events leave their own time behind in the session; what follows is dated by the server's clock.
  // Without a transaction the rows before this are either gone or already committed: nothing is written then.
  auto done = connection->ExecuteAll(fmt::format(
      "SET timestamp=DEFAULT;"
      "UPDATE srdf.checkpoint SET `sequence`={}, wagon_uid={}, wagon_hash={}, gtid={}, log_file={}, "
      "log_offset={}, "
      "source_commit_time_ms={}, applied_at=CURRENT_TIMESTAMP(6){} WHERE flow={} AND @@in_transaction=1;"
      "INSERT INTO srdf.apply_log (flow, epoch, `sequence`, wagon_uid, `rows`, statements, "
      "server_statements, "
      "duration_us) SELECT {}, {}, {}, {}, {}, {}, {}, {} FROM DUAL WHERE ROW_COUNT()=1",
      header.sequence, uid, Hex(wagon_hash), connection->Quote(header.last.gtid),
      connection->Quote(header.last.file), header.last.offset, header.commit_time_last_ms, SetCopy(header),
      flow, flow, header.epoch, header.sequence, uid, entry.rows, entry.statements, entry.server_statements,
      entry.duration_us));
  if (!done.ok()) return done.status();
  // Rows matched, not rows changed (CLIENT_FOUND_ROWS).
  const uint64_t matched = done->size() == 3 ? (*done)[1].matched : 0;
  if (matched != 1) {
    return {StatusCode::kInternal,
            fmt::format("the checkpoint of flow {} was not moved to wagon {}: {} rows matched, either the "
                        "transaction had ended or the row is gone",
                        header.flow, header.sequence, matched)};
  }
  if (!IsPruneDue(header)) return {};
  const uint64_t oldest = header.sequence > kLogWagonsMax ? header.sequence - kLogWagonsMax : 0;
  for (const char* table : {"apply_log", "ddl_intent"}) {
    SRDF_RETURN_IF_ERROR(connection->Execute(fmt::format(
        "DELETE FROM srdf.{} WHERE flow={} AND (epoch < {} OR (epoch = {} AND `sequence` < {})) "
        "ORDER BY flow, epoch, `sequence` LIMIT {}",
        table, connection->Quote(header.flow), header.epoch, header.epoch, oldest, 4 * kPruneEveryWagons)));
  }
  return {};
}

bool IsPruneDue(const WagonHeader& header) { return header.sequence % kPruneEveryWagons == 0; }

// The UPDATE locks the row and checks the wagon against it. When it finds nothing, the INSERT is one of NULL
// into a column that takes none: an error in every SQL mode, for a single row.
std::string FollowCheckpointStatements(const Connection& connection, const WagonHeader& header,
                                       const std::string& wagon_hash, const ApplyLogEntry& entry,
                                       std::string_view settings) {
  const std::string flow = connection.Quote(header.flow);
  const std::string uid = connection.Quote(header.uid);
  return fmt::format(
      "SET timestamp=DEFAULT;"
      "UPDATE srdf.checkpoint SET `sequence`={}, wagon_uid={}, wagon_hash={}, gtid={}, log_file={}, "
      "log_offset={}, source_commit_time_ms={}, applied_at=CURRENT_TIMESTAMP(6){} "
      "WHERE flow={} AND epoch={} AND `sequence`={} AND wagon_hash={} AND @@in_transaction=1 AND ({});"
      "INSERT INTO srdf.apply_log (flow, epoch, `sequence`, wagon_uid, `rows`, statements, "
      "server_statements, duration_us) VALUES ({}, {}, {}, IF(ROW_COUNT()=1, {}, NULL), {}, {}, {}, {})",
      header.sequence, uid, Hex(wagon_hash), connection.Quote(header.last.gtid),
      connection.Quote(header.last.file), header.last.offset, header.commit_time_last_ms, SetCopy(header),
      flow, header.epoch, header.sequence - 1, Hex(header.previous_hash), settings, flow, header.epoch,
      header.sequence, uid, entry.rows, entry.statements, entry.server_statements, entry.duration_us);
}

Result<std::optional<DdlIntent>> SelectDdlIntent(Connection* connection, const WagonHeader& header,
                                                 unsigned number) {
  // UPTIME counts whole seconds.
  SRDF_ASSIGN_OR_RETURN(
      auto rows,
      connection->Query("SELECT wagon_uid, sql_digest, sql_text, fingerprint_before, state, done_at IS NOT "
                        "NULL, begun_at > (SELECT SYSDATE(6) - INTERVAL variable_value SECOND + INTERVAL 2 "
                        "SECOND FROM information_schema.global_status WHERE variable_name='UPTIME') "
                        "FROM srdf.ddl_intent" +
                        WhereWagon(connection, header) + fmt::format(" AND number={}", number)));
  if (rows.empty()) return std::optional<DdlIntent>();
  const ResultRow& row = rows[0];
  return std::optional<DdlIntent>(DdlIntent{number, Text(row[0]), Text(row[1]), Text(row[2]), Text(row[3]),
                                            State(Text(row[4])), Text(row[5]) == "1", Text(row[6]) != "1"});
}

Status InsertDdlIntent(Connection* connection, const WagonHeader& header, const DdlIntent& intent) {
  return connection->Execute(fmt::format(
      "INSERT INTO srdf.ddl_intent (flow, epoch, `sequence`, number, wagon_uid, sql_digest, sql_text, "
      "fingerprint_before, state, begun_at) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, 'begun', SYSDATE(6))",
      connection->Quote(header.flow), header.epoch, header.sequence, intent.number,
      connection->Quote(intent.wagon_uid), Hex(intent.sql_digest), connection->Quote(intent.sql_text),
      Hex(intent.fingerprint_before)));
}

Status RestartDdlIntent(Connection* connection, const WagonHeader& header, const DdlIntent& intent) {
  return connection->Execute(
      "UPDATE srdf.ddl_intent SET state='begun', begun_at=SYSDATE(6), done_at=NULL, "
      "fingerprint_before=" +
      Hex(intent.fingerprint_before) + WhereWagon(connection, header) +
      fmt::format(" AND number={}", intent.number));
}

Status FailDdlIntent(Connection* connection, const WagonHeader& header, const DdlIntent& intent) {
  return connection->Execute("UPDATE srdf.ddl_intent SET state='failed'" + WhereWagon(connection, header) +
                             fmt::format(" AND number={}", intent.number));
}

std::string DdlMarkStatement(const WagonHeader& header, unsigned number) {
  return fmt::format(
      "UPDATE srdf.ddl_intent SET done_at=SYSDATE(6) WHERE flow=CONVERT({} USING utf8mb4) AND epoch={} AND "
      "`sequence`={} AND number={} AND state<>'done'",
      Hex(header.flow), header.epoch, header.sequence, number);
}

Status FinishDdlIntents(Connection* connection, const WagonHeader& header) {
  return connection->Execute("UPDATE srdf.ddl_intent SET state='done', done_at=CURRENT_TIMESTAMP(6)" +
                             WhereWagon(connection, header));
}

}  // namespace srdf::engine_mariadb
