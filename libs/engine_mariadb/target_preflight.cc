#include "engine_mariadb/target_preflight.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace srdf::engine_mariadb {

namespace {

using Problems = std::vector<engine::PreflightProblem>;
using Privileges = std::vector<std::string>;

// What each global privilege is for:
//   BINLOG REPLAY   row events, and the origin mark (server_id)
//   UPDATE, DELETE  SQL apply; DELETE also copies and repairs of tables (a warning)
//   PROCESS         InnoDB's table numbers, for the fingerprint around DDL
//   SET USER        objects with a definer
//   the others      the DDL statements of the source; row events need none of them
constexpr const char* kGlobalPrivileges[] = {
    "PROCESS",       "SET USER", "SELECT",     "INSERT",      "CREATE",    "DROP",
    "ALTER",         "INDEX",    "REFERENCES", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE",
    "ALTER ROUTINE", "EXECUTE",  "EVENT",      "TRIGGER",
};
constexpr const char kReplay[] = "BINLOG REPLAY";
// SUPER contains these, as it did before they had a name.
constexpr const char* kInSuper[] = {"BINLOG REPLAY", "SET USER", "READ ONLY ADMIN"};
constexpr const char* kSchemaPrivileges[] = {"SELECT", "INSERT", "UPDATE", "DELETE"};
constexpr uint64_t kPacketBytesMin = 16 << 20;
constexpr int kVersionMin = 1006;  // 10.6

bool Has(const Privileges& privileges, const std::string& name, bool super_counts) {
  const auto in = [&](const std::string& p) {
    return std::find(privileges.begin(), privileges.end(), p) != privileges.end();
  };
  if (in("ALL PRIVILEGES") || in(name)) return true;
  return super_counts && in("SUPER") &&
         std::find(std::begin(kInSuper), std::end(kInSuper), name) != std::end(kInSuper);
}

void AddGrant(const std::string& missing, const std::string& on, const std::string& user,
              const std::string& why, Problems* out) {
  if (missing.empty()) return;
  out->push_back({"the user " + user + " lacks " + missing + " on " + on + " " + why,
                  "GRANT " + missing + " ON " + on + " TO " + user, true});
}

Status CheckPrivileges(Connection* connection, bool read_only, ApplyMethod wanted, ApplyMethod in_force,
                       Problems* out) {
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query("SHOW GRANTS"));
  std::vector<std::string> grants;
  for (const auto& row : rows) grants.push_back(row[0].value_or(""));
  // current_user() as 'user'@'host'
  SRDF_ASSIGN_OR_RETURN(
      const std::string user,
      connection->QueryValue("SELECT CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(),'@',1)),'@',"
                             "QUOTE(SUBSTRING_INDEX(CURRENT_USER(),'@',-1)))"));
  const Privileges global = GrantedPrivileges(grants, "");
  const Privileges schema = GrantedPrivileges(grants, "srdf");
  const bool native = in_force == ApplyMethod::kNative;
  std::string missing;
  const auto need = [&](const char* name) {
    if (!Has(global, name, true)) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  if (native) need(kReplay);
  for (const char* name : kGlobalPrivileges) need(name);
  if (!native) {
    for (const char* name : {"UPDATE", "DELETE"}) need(name);
  }
  AddGrant(missing, "*.*", user, "(to apply rows and DDL)", out);
  if (!native && !Has(global, kReplay, true)) {
    const std::string consequence =
        wanted == ApplyMethod::kAuto
            ? ": rows are applied as SQL statements, which is slower and refuses tables with triggers or "
              "system "
              "versioning, and writes do not carry the mark of their origin"
            : ": writes do not carry the mark of their origin, so no flow may run back from this target";
    out->push_back({"the user " + user + " lacks BINLOG REPLAY on *.*" + consequence,
                    "GRANT BINLOG REPLAY ON *.* TO " + user, false});
  }
  // Row events delete without it.
  if (native && !Has(global, "DELETE", false)) {
    out->push_back(
        {"the user " + user +
             " lacks DELETE on *.*: a copy or a repair of tables cannot replace rows that the target has",
         "GRANT DELETE ON *.* TO " + user, false});
  }
  missing.clear();
  for (const char* name : kSchemaPrivileges) {
    if (!Has(global, name, false) && !Has(schema, name, false))
      missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  AddGrant(missing, "srdf.*", user, "(to keep the checkpoint)", out);
  if (read_only && !Has(global, "READ ONLY ADMIN", true)) {
    AddGrant("READ ONLY ADMIN", "*.*", user, "and the target is read_only", out);
  }
  return {};
}

// The remedy holds for the running server; the configuration file keeps it.
void AddSetting(const std::string& variable, const std::string& now, const std::string& wanted,
                const std::string& why, bool fatal, Problems* out) {
  out->push_back({variable + " is " + now + ": " + why, "SET GLOBAL " + variable + "=" + wanted, fatal});
}

// What only replayed row events heed: with `fatal` false, what must be mended before they can be had.
void CheckReplaySettings(const std::map<std::string, std::string>& v, bool fatal, Problems* out) {
  const auto is = [&](const char* name) { return v.at(name); };
  if (is("slave_exec_mode") != "STRICT") {
    AddSetting("slave_exec_mode", is("slave_exec_mode"), "'STRICT'",
               "missing and duplicate rows would be hidden", fatal, out);
  }
  if (is("slave_run_triggers_for_rbr") != "NO") {
    AddSetting("slave_run_triggers_for_rbr", is("slave_run_triggers_for_rbr"), "'NO'",
               "triggers would run a second time", fatal, out);
  }
  if (is("slave_skip_errors") != "OFF") {
    out->push_back({"slave_skip_errors is " + is("slave_skip_errors") + ": errors of rows would be hidden",
                    "remove slave_skip_errors from the configuration file and restart the server", fatal});
  }
  if (is("log_bin") == "1" && is("binlog_annotate_row_events") == "1") {
    AddSetting("binlog_annotate_row_events", "ON", "OFF",
               "the target's log would hold the statement that brings rows once more before each row event",
               fatal, out);
  }
}

void CheckSettings(const std::map<std::string, std::string>& v, Problems* out) {
  const auto is = [&](const char* name) { return v.at(name); };
  if (is("event_scheduler") == "ON") {
    AddSetting("event_scheduler", "ON", "OFF", "events of the source would run at the target too", true, out);
  }
  if (is("log_bin") == "1") {
    if (is("binlog_format") == "STATEMENT") {
      AddSetting("binlog_format", "STATEMENT", "'ROW'",
                 "row events cannot be logged (holds for new sessions)", true, out);
    }
    if (is("log_bin_trust_function_creators") != "1") {
      AddSetting("log_bin_trust_function_creators", "OFF", "1",
                 "functions of the source that are not declared deterministic could not be created, nor "
                 "triggers without SUPER",
                 true, out);
    }
  }
  if (std::strtoull(is("max_allowed_packet").c_str(), nullptr, 10) < kPacketBytesMin) {
    AddSetting("max_allowed_packet", is("max_allowed_packet"), std::to_string(kPacketBytesMin),
               "rows above one and a half of it cannot be applied", false, out);
  }
  if (is("default_storage_engine") != "InnoDB") {
    AddSetting("default_storage_engine", is("default_storage_engine"), "'InnoDB'",
               "tables created without an engine would not be transactional", true, out);
  }
}

Status CheckTables(Connection* connection, Problems* out) {
  SRDF_ASSIGN_OR_RETURN(
      auto rows, connection->Query("SELECT CONCAT(table_schema, '.', table_name), engine FROM "
                                   "information_schema.tables t JOIN information_schema.engines e USING "
                                   "(engine) WHERE e.transactions<>'YES' AND table_type='BASE TABLE' AND "
                                   "table_schema NOT IN ('mysql','information_schema','performance_schema',"
                                   "'sys') ORDER BY 1 LIMIT 10"));
  for (const auto& row : rows) {
    out->push_back({"table " + row[0].value_or("") + " uses " + row[1].value_or("") +
                        ", which has no transactions: a crash can leave a wagon half applied to it",
                    "ALTER TABLE " + row[0].value_or("") + " ENGINE=InnoDB", false});
  }
  return {};
}

}  // namespace

std::vector<std::string> GrantedPrivileges(const std::vector<std::string>& grants,
                                           const std::string& database) {
  std::vector<std::string> out;
  for (const std::string& line : grants) {
    const size_t on = line.find(" ON ");
    if (line.rfind("GRANT ", 0) != 0 || on == std::string::npos) continue;
    const std::string object = line.substr(on + 4);
    const bool matches = object.rfind("*.* TO ", 0) == 0 ||
                         (!database.empty() && object.rfind("`" + database + "`.* TO ", 0) == 0);
    if (!matches) continue;
    std::string list = line.substr(6, on - 6);
    while (!list.empty()) {
      const size_t comma = list.find(", ");
      out.push_back(list.substr(0, comma));
      std::replace(out.back().begin(), out.back().end(), '_', ' ');  // READ_ONLY ADMIN, as versions differ
      list = comma == std::string::npos ? "" : list.substr(comma + 2);
    }
  }
  return out;
}

Result<Problems> TargetPreflight(Connection* connection, ApplyMethod wanted, ApplyMethod in_force) {
  Problems problems;
  SRDF_ASSIGN_OR_RETURN(const std::string version, connection->QueryValue("SELECT VERSION()"));
  int major = 0, minor = 0;
  const bool parsed = std::sscanf(version.c_str(), "%d.%d", &major, &minor) == 2;
  if (!parsed || version.find("MariaDB") == std::string::npos || major * 100 + minor < kVersionMin) {
    problems.push_back(
        {"the target is " + version + ", MariaDB 10.6 or later is required", "upgrade the target", true});
    return problems;
  }
  static constexpr const char* kVariables[] = {
      "slave_exec_mode",
      "slave_run_triggers_for_rbr",
      "slave_skip_errors",
      "event_scheduler",
      "log_bin",
      "binlog_format",
      "binlog_annotate_row_events",
      "max_allowed_packet",
      "log_bin_trust_function_creators",
      "read_only",
      "default_storage_engine",
  };
  std::string query = "SELECT ";
  for (const char* name : kVariables)
    query += std::string(name == kVariables[0] ? "" : ", ") + "@@GLOBAL." + name;
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query(query));
  std::map<std::string, std::string> values;
  for (size_t i = 0; i < std::size(kVariables); ++i) values[kVariables[i]] = rows[0][i].value_or("");
  // A user with BINLOG ADMIN switches it off for itself, as the applier will.
  if (connection->Execute("SET SESSION binlog_annotate_row_events=OFF").ok()) {
    values["binlog_annotate_row_events"] = "0";
  }
  SRDF_RETURN_IF_ERROR(CheckPrivileges(connection, values["read_only"] == "1", wanted, in_force, &problems));
  if (wanted != ApplyMethod::kSql) {
    CheckReplaySettings(values, in_force == ApplyMethod::kNative, &problems);
  }
  CheckSettings(values, &problems);
  SRDF_RETURN_IF_ERROR(CheckTables(connection, &problems));
  return problems;
}

}  // namespace srdf::engine_mariadb
