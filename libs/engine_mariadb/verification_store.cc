#include "engine_mariadb/verification_store.h"

#include <fmt/format.h>

#include <cstdlib>

#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

namespace {

constexpr const char* kTable = R"(CREATE TABLE IF NOT EXISTS srdf.verification (
  flow VARCHAR(128) NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL COMMENT 'what was compared',
  gtid MEDIUMTEXT NOT NULL COMMENT 'source position of the last pair of snapshots',
  started_at_ms BIGINT NOT NULL COMMENT 'ms since 1970, clock of who compared',
  completed_at_ms BIGINT NOT NULL,
  tables_compared BIGINT UNSIGNED NOT NULL,
  tables_differing BIGINT UNSIGNED NOT NULL,
  tables_not_compared BIGINT UNSIGNED NOT NULL,
  rows_source BIGINT UNSIGNED NOT NULL,
  rows_target BIGINT UNSIGNED NOT NULL,
  missing BIGINT UNSIGNED NOT NULL COMMENT 'rows at the target',
  extra BIGINT UNSIGNED NOT NULL COMMENT 'rows at the target',
  different BIGINT UNSIGNED NOT NULL COMMENT 'rows',
  actor VARCHAR(256) NOT NULL COMMENT 'who compared',
  recorded_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'SRDF: the last comparison with the source of each flow')";

// The newest column: where it is, all are.
constexpr const char* kTableIsThere =
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='srdf' AND "
    "table_name='verification' AND column_name='tables_not_compared'";
constexpr const char* kAddColumn =
    "ALTER TABLE srdf.verification ADD COLUMN IF NOT EXISTS tables_not_compared BIGINT UNSIGNED NOT NULL "
    "AFTER tables_differing";

// Texts of a client are cut to what the columns take.
constexpr size_t kScopeBytesMax = 16'000;
constexpr size_t kActorBytesMax = 200;

Result<std::unique_ptr<Connection>> Open(const engine::ServerEndpoint& endpoint) {
  ConnectionOptions options;
  options.read_timeout_seconds = 20;
  return Connection::Open(endpoint, options);
}

}  // namespace

Status VerificationStore::Record(const std::string& flow, const Verification& v) {
  SRDF_ASSIGN_OR_RETURN(const auto connection, Open(endpoint_));
  SRDF_ASSIGN_OR_RETURN(const std::string there, connection->QueryValue(kTableIsThere));
  if (there == "0") {
    SRDF_RETURN_IF_ERROR(connection->Execute("CREATE DATABASE IF NOT EXISTS srdf"));
    SRDF_RETURN_IF_ERROR(connection->Execute(kTable));
    SRDF_RETURN_IF_ERROR(connection->Execute(kAddColumn));
  }
  return connection->Execute(fmt::format(
      "REPLACE INTO srdf.verification (flow, scope, gtid, started_at_ms, completed_at_ms, tables_compared, "
      "tables_differing, tables_not_compared, rows_source, rows_target, missing, extra, different, actor) "
      "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
      connection->Quote(flow), connection->Quote(v.scope.substr(0, kScopeBytesMax)),
      connection->Quote(v.gtid), v.started_at_ms, v.completed_at_ms, v.tables, v.tables_differing,
      v.tables_not_compared, v.rows_source, v.rows_target, v.missing, v.extra, v.different,
      connection->Quote(v.actor.substr(0, kActorBytesMax))));
}

Result<std::optional<Verification>> VerificationStore::Last(const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(const auto connection, Open(endpoint_));
  SRDF_ASSIGN_OR_RETURN(const std::string there, connection->QueryValue(kTableIsThere));
  if (there == "0") return std::optional<Verification>();
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection->Query(
          "SELECT scope, gtid, started_at_ms, completed_at_ms, tables_compared, tables_differing, "
          "tables_not_compared, rows_source, rows_target, missing, extra, different, actor FROM "
          "srdf.verification "
          "WHERE flow=" +
          connection->Quote(flow)));
  if (rows.empty()) return std::optional<Verification>();
  const ResultRow& row = rows.front();
  const auto number = [&](size_t i) { return std::strtoull(row[i].value_or("0").c_str(), nullptr, 10); };
  Verification v;
  v.scope = row[0].value_or("");
  v.gtid = row[1].value_or("");
  v.started_at_ms = static_cast<int64_t>(number(2));
  v.completed_at_ms = static_cast<int64_t>(number(3));
  v.tables = number(4);
  v.tables_differing = number(5);
  v.tables_not_compared = number(6);
  v.rows_source = number(7);
  v.rows_target = number(8);
  v.missing = number(9);
  v.extra = number(10);
  v.different = number(11);
  v.actor = row[12].value_or("");
  return std::optional<Verification>(std::move(v));
}

}  // namespace srdf::engine_mariadb
