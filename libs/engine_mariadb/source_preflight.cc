#include "engine_mariadb/source_preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

namespace srdf::engine_mariadb {

namespace {

using engine::PreflightProblem;

// Less log than this and a week-end's outage costs a re-establishment.
constexpr double kRetentionSecondsMin = 3 * 86400;
constexpr size_t kTablesNamedMax = 20;

using Variables = std::map<std::string, std::string>;

Result<Variables> ReadVariables(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection->Query(
          "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format', "
          "'binlog_row_image', 'binlog_row_metadata', 'server_id', 'binlog_checksum', "
          "'binlog_expire_logs_seconds', 'expire_logs_days', 'log_slave_updates', 'gtid_slave_pos')"));
  Variables variables;
  for (const ResultRow& row : rows) variables[row[0].value_or("")] = row[1].value_or("");
  return variables;
}

// 10.11 of "10.11.19-MariaDB…"; 0 when it is not a MariaDB server.
int VersionNumber(const std::string& version) {
  if (version.find("MariaDB") == std::string::npos) return 0;
  char* end = nullptr;
  const long major = std::strtol(version.c_str(), &end, 10);
  const long minor = *end == '.' ? std::strtol(end + 1, nullptr, 10) : 0;
  return static_cast<int>(major * 100 + minor);
}

void CheckSetting(const Variables& variables, const std::string& name, const std::string& wanted,
                  const char* why, std::vector<PreflightProblem>* problems) {
  const auto it = variables.find(name);
  const std::string value = it == variables.end() ? "" : it->second;
  if (value == wanted) return;
  problems->push_back(
      {fmt::format("{} is {}, {} is required: {} (set it in the server's configuration file too)", name,
                   value.empty() ? "not known to this server" : value, wanted, why),
       fmt::format("SET GLOBAL {} = {}", name, wanted), true});
}

// FULL_NODUP (MariaDB 11.4): the whole row before, what changed after.
void CheckRowImage(const std::string& value, const std::string& before_image,
                   std::vector<PreflightProblem>* problems) {
  const bool partial = value == "MINIMAL" || value == "NOBLOB";
  if (value == "FULL" || value == "FULL_NODUP") return;
  if (before_image == "key" && partial) {
    problems->push_back(
        {fmt::format(
             "binlog_row_image is {}: when REPLACE finds a row, MariaDB does not log the columns that it "
             "sets "
             "back to their default, and the target keeps their old values, as every replica does (set it "
             "in the server's configuration file too)",
             value),
         "SET GLOBAL binlog_row_image = FULL", false});
    return;
  }
  problems->push_back(
      {fmt::format("binlog_row_image is {}, {} (set it in the server's configuration file too)", value,
                   before_image == "key"
                       ? "which is not known: FULL, FULL_NODUP, NOBLOB or MINIMAL is required"
                       : "before_image: full of the flow needs FULL or FULL_NODUP"),
       "SET GLOBAL binlog_row_image = FULL", true});
}

void CheckServerId(const Variables& variables, uint32_t replica_server_id,
                   std::vector<PreflightProblem>* problems) {
  const uint64_t server_id = std::strtoull(variables.at("server_id").c_str(), nullptr, 10);
  if (server_id == 0) {
    problems->push_back({"server_id of the source is 0: its transactions have no identity",
                         "SET GLOBAL server_id = 1", true});
  }
  if (replica_server_id == 0) {
    problems->push_back(
        {"source_server_id is 0: a replica needs an id of its own",
         "set source_server_id of the flow to a number that no server of the source's cluster uses", true});
  } else if (server_id == replica_server_id) {
    problems->push_back(
        {fmt::format("source_server_id {} is the source's own server_id", replica_server_id),
         "set source_server_id of the flow to a number that no server of the source's cluster uses", true});
  }
}

void CheckRetention(const Variables& variables, std::vector<PreflightProblem>* problems) {
  const auto seconds = variables.find("binlog_expire_logs_seconds");
  const auto days = variables.find("expire_logs_days");
  const bool by_seconds = seconds != variables.end();
  if (!by_seconds && days == variables.end()) return;
  const double kept =
      by_seconds ? std::atof(seconds->second.c_str()) : std::atof(days->second.c_str()) * 86400;
  if (kept == 0 || kept >= kRetentionSecondsMin) return;
  problems->push_back(
      {fmt::format("the source keeps its log for {:.0f} seconds only: a longer outage needs a "
                   "re-establishment",
                   kept),
       by_seconds ? fmt::format("SET GLOBAL binlog_expire_logs_seconds = {:.0f}", kRetentionSecondsMin)
                  : fmt::format("SET GLOBAL expire_logs_days = {:.0f}", kRetentionSecondsMin / 86400),
       false});
}

Status CheckPrivileges(Connection* connection, std::vector<PreflightProblem>* problems) {
  SRDF_ASSIGN_OR_RETURN(const std::set<std::string> held, GlobalPrivileges(connection));
  if (held.count("ALL PRIVILEGES") != 0) return {};
  SRDF_ASSIGN_OR_RETURN(
      const std::string user,
      connection->QueryValue("SELECT CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', "
                             "QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))"));
  static constexpr struct {
    const char* name;
    const char* why;
  } kNeeded[] = {
      {"REPLICATION SLAVE", "to read the log"},
      {"BINLOG MONITOR", "to ask for the log's end and files"},
      {"SELECT", "to see columns and keys of all tables in information_schema, and to read rows for copies"},
  };
  const auto require = [&](const std::string& name, const std::string& why) {
    if (held.count(name) != 0) return;
    problems->push_back({fmt::format("user {} lacks the privilege {} on *.*, needed {}", user, name, why),
                         fmt::format("GRANT {} ON *.* TO {}", name, user), true});
  };
  for (const auto& needed : kNeeded) require(needed.name, needed.why);
  // information_schema.REFERENTIAL_CONSTRAINTS is empty for who may only SELECT: cascades would be missed.
  // Any other privilege on tables opens it; SHOW VIEW is the most harmless one.
  static constexpr const char* kBeyondSelect[] = {"REFERENCES", "INSERT", "UPDATE", "DELETE",  "CREATE",
                                                  "DROP",       "INDEX",  "ALTER",  "TRIGGER", "CREATE VIEW"};
  if (std::none_of(std::begin(kBeyondSelect), std::end(kBeyondSelect),
                   [&](const char* name) { return held.count(name) != 0; })) {
    require("SHOW VIEW", "to see foreign keys in information_schema, which SELECT alone does not show");
  }
  return {};
}

Status CheckEngines(Connection* connection, std::vector<PreflightProblem>* problems) {
  SRDF_ASSIGN_OR_RETURN(
      const auto tables,
      connection->Query(
          "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES t JOIN "
          "information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_TYPE = 'BASE TABLE' AND "
          "e.TRANSACTIONS <> 'YES' AND t.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', "
          "'performance_schema', 'sys', 'srdf') ORDER BY 1, 2 LIMIT " +
          std::to_string(kTablesNamedMax)));
  for (const ResultRow& row : tables) {
    const std::string name = Connection::QuoteIdentifier(row[0].value_or("")) + "." +
                             Connection::QuoteIdentifier(row[1].value_or(""));
    problems->push_back(
        {fmt::format("table {} is stored in {}, which cannot roll back; a change to it stops the flow", name,
                     row[2].value_or("")),
         "ALTER TABLE " + name + " ENGINE=InnoDB", false});
  }
  return {};
}

// What binlog_do_db and binlog_ignore_db keep out of the log cannot be replicated.
Status CheckFilters(Connection* connection, std::vector<PreflightProblem>* problems) {
  auto status = connection->Query("SHOW MASTER STATUS");
  if (!status.ok()) {
    // The missing privilege is named already.
    return status.status().code() == StatusCode::kPermissionDenied ? Status() : status.status();
  }
  if (status->empty() || (*status)[0].size() < 4) return {};
  const std::string filters = (*status)[0][2].value_or("") + (*status)[0][3].value_or("");
  if (filters.empty()) return {};
  problems->push_back(
      {"binlog_do_db or binlog_ignore_db keep changes out of the source's log: " + filters,
       "remove binlog_do_db and binlog_ignore_db from the server's configuration and restart it", false});
  return {};
}

// Rows that were prepared before a flow begins are not in its copy, and not in its log.
Status CheckPrepared(Connection* connection, std::vector<PreflightProblem>* problems) {
  auto prepared = connection->Query("XA RECOVER");
  if (!prepared.ok()) {
    // Who may not look is not told; the flow would stop at the outcome.
    return prepared.status().code() == StatusCode::kPermissionDenied ? Status() : prepared.status();
  }
  if (prepared->empty()) return {};
  problems->push_back(
      {fmt::format("{} XA transactions are prepared at the source and have no outcome yet; a "
                   "flow that begins now stops when one of them is committed (one that runs "
                   "already holds them)",
                   prepared->size()),
       "before a new flow begins: XA RECOVER FORMAT='SQL', then XA COMMIT or XA ROLLBACK each", false});
  return {};
}

}  // namespace

Result<std::set<std::string>> GlobalPrivileges(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const auto rows, connection->Query("SHOW GRANTS"));
  std::set<std::string> out;
  for (const ResultRow& row : rows) {
    const std::string grant = row[0].value_or("");
    const size_t end = grant.find(" ON *.* TO ");
    if (grant.rfind("GRANT ", 0) != 0 || end == std::string::npos) continue;
    for (size_t at = 6; at < end;) {
      size_t comma = grant.find(", ", at);
      if (comma == std::string::npos || comma > end) comma = end;
      out.insert(grant.substr(at, comma - at));
      at = comma + 2;
    }
  }
  return out;
}

Result<std::vector<PreflightProblem>> CheckSource(Connection* connection, uint32_t replica_server_id,
                                                  const std::string& before_image) {
  std::vector<PreflightProblem> problems;
  SRDF_ASSIGN_OR_RETURN(const Variables variables, ReadVariables(connection));
  const auto value = [&](const char* name) {
    const auto it = variables.find(name);
    return it == variables.end() ? std::string() : it->second;
  };
  constexpr int kVersionMin = 1005;
  if (VersionNumber(value("version")) < kVersionMin) {
    problems.push_back({"the source is " + value("version") + ", MariaDB 10.5 or later is required",
                        "upgrade the server", true});
    return problems;  // the other questions do not apply
  }
  if (value("log_bin") != "ON") {
    problems.push_back({"the source writes no binary log (log_bin is OFF)",
                        "add log_bin=ON to the server's configuration and restart it", true});
  }
  CheckSetting(variables, "binlog_format", "ROW", "statements cannot be replayed exactly", &problems);
  CheckRowImage(value("binlog_row_image"), before_image, &problems);
  if (value("binlog_row_metadata") != "FULL") {
    problems.push_back(
        {"binlog_row_metadata is " + value("binlog_row_metadata") +
             ": rows do not say which columns they have; their order is trusted, their number and types are "
             "checked, and no changes are merged (set it in the server's configuration file too)",
         "SET GLOBAL binlog_row_metadata = FULL", false});
  }
  CheckServerId(variables, replica_server_id, &problems);
  if (value("binlog_checksum") == "NONE") {
    problems.push_back({"binlog_checksum is NONE: damage to the log on disk or network goes unnoticed",
                        "SET GLOBAL binlog_checksum = CRC32", false});
  }
  CheckRetention(variables, &problems);
  if (!value("gtid_slave_pos").empty() && value("log_slave_updates") != "ON") {
    problems.push_back({"the source was or is itself a replica, and does not log what it replicates",
                        "add log_slave_updates=ON to the server's configuration and restart it", false});
  }
  SRDF_RETURN_IF_ERROR(CheckPrivileges(connection, &problems));
  if (value("log_bin") == "ON") SRDF_RETURN_IF_ERROR(CheckFilters(connection, &problems));
  SRDF_RETURN_IF_ERROR(CheckEngines(connection, &problems));
  SRDF_RETURN_IF_ERROR(CheckPrepared(connection, &problems));
  return problems;
}

}  // namespace srdf::engine_mariadb
