#include "engine_mariadb/ddl_context.h"

#include <fmt/format.h>
#include <mysqld_error.h>

#include "engine_mariadb/sql_tokens.h"

namespace srdf::engine_mariadb {

namespace {

int Flag(bool on) { return on ? 1 : 0; }

// The words behind SET STATEMENT … FOR, else all.
Tokens SkipSetStatement(const Tokens& all) {
  Tokens tokens = all;
  if (!tokens.Next().Is("SET")) return all;
  int depth = 0;
  for (Token token = tokens.Next(); token.kind != Token::kEnd; token = tokens.Next()) {
    if (token.IsPunctuation('(')) ++depth;
    if (token.IsPunctuation(')')) --depth;
    if (depth == 0 && token.Is("FOR")) return tokens;
  }
  return all;
}

}  // namespace

std::string ContextStatement(const Statement& s, bool if_exists) {
  std::string out = "SET SESSION lc_time_names=" + std::to_string(s.lc_time_names);
  if (s.has_flags2) {
    out += fmt::format(
        ", foreign_key_checks={}, unique_checks={}, sql_auto_is_null={}, check_constraint_checks={}",
        Flag((s.flags2 & kFlags2NoForeignKeyChecks) == 0), Flag((s.flags2 & kFlags2RelaxedUniqueChecks) == 0),
        Flag((s.flags2 & kFlags2AutoIsNull) != 0), Flag((s.flags2 & kFlags2NoCheckConstraintChecks) == 0));
  }
  out += fmt::format(", sql_if_exists={}",
                     Flag(if_exists || (s.has_flags2 && (s.flags2 & kFlags2IfExists) != 0)));
  if (s.has_sql_mode) out += fmt::format(", sql_mode={}", s.sql_mode);
  if (s.auto_increment_increment != 0 && s.auto_increment_offset != 0) {
    out += fmt::format(", auto_increment_increment={}, auto_increment_offset={}", s.auto_increment_increment,
                       s.auto_increment_offset);
  }
  if (!s.time_zone.empty()) {
    std::string quoted;
    for (const char c : s.time_zone) {
      if (c != '\'' && c != '\\') quoted.push_back(c);
    }
    out += ", time_zone='" + quoted + "'";
  }
  if (s.collation_database != 0) out += fmt::format(", collation_database={}", s.collation_database);
  out += fmt::format(", timestamp={}.{:06}", s.timestamp_us / 1000000, s.timestamp_us % 1000000);
  // Last: from here on the server reads our text in the statement's character set.
  if (s.has_charset) {
    out += fmt::format(", character_set_client={}, collation_connection={}, collation_server={}",
                       s.charset_client, s.collation_connection, s.collation_server);
  }
  return out;
}

Status RestoreContext(Connection* connection, const Statement& statement, bool if_exists) {
  if (!statement.database.empty() && mysql_select_db(connection->handle(), statement.database.c_str()) != 0) {
    const Status status = connection->LastError("cannot use database " + statement.database);
    // CREATE DATABASE names itself as its default database; another one may be gone by now at the source.
    if (connection->last_errno() != ER_BAD_DB_ERROR) return status;
  }
  if (statement.has_flags2) {
    // Not every version lets a session change it; most need not.
    SRDF_ASSIGN_OR_RETURN(const std::string now,
                          connection->QueryValue("SELECT @@explicit_defaults_for_timestamp"));
    const std::string wanted = (statement.flags2 & kFlags2ExplicitDefaultsForTimestamp) != 0 ? "1" : "0";
    if (now != wanted) {
      SRDF_RETURN_IF_ERROR(connection->Execute("SET SESSION explicit_defaults_for_timestamp=" + wanted));
    }
  }
  const Status status = connection->Execute(ContextStatement(statement, if_exists));
  if (status.ok()) return status;
  if (connection->last_errno() == ER_UNKNOWN_TIME_ZONE) {
    return {status.code(),
            "the statement ran in time zone '" + statement.time_zone + "', which the target does not know",
            "load the time zones at the target: mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql"};
  }
  return status.WithContext("cannot restore the session context of a DDL statement");
}

bool IsDrop(std::string_view sql) { return SkipSetStatement(Tokens(sql)).Next().Is("DROP"); }

bool ReplacesItself(std::string_view sql) {
  Tokens tokens = SkipSetStatement(Tokens(sql));
  const Token verb = tokens.Next();
  if (verb.Is("TRUNCATE")) return true;
  if (verb.Is("CREATE")) return tokens.Next().Is("OR") && tokens.Next().Is("REPLACE");
  if (!verb.Is("ALTER")) return false;
  Token token = tokens.Next();
  while (token.IsOneOf({"ONLINE", "IGNORE"})) token = tokens.Next();
  if (!token.Is("TABLE")) return false;
  if (tokens.Peek().Is("IF")) {  // IF EXISTS
    tokens.Next();
    tokens.Next();
  }
  tokens.Next();  // [database .] table
  token = tokens.Next();
  if (token.IsPunctuation('.')) {
    tokens.Next();
    token = tokens.Next();
  }
  // Right behind the name: in another place TRUNCATE may be the name of a column.
  return token.Is("TRUNCATE") && tokens.Next().Is("PARTITION");
}

std::string TextToRun(const Statement& statement) {
  const std::string_view sql = statement.sql;
  if (statement.invoker_user.empty()) return statement.sql;
  Tokens tokens = SkipSetStatement(Tokens(sql));
  const Token token = tokens.Next();
  if (!token.Is("ALTER") || !tokens.Peek().Is("EVENT")) return statement.sql;
  const auto at = static_cast<size_t>(token.text.data() + token.text.size() - sql.data());
  std::string definer = " DEFINER=" + Connection::QuoteIdentifier(statement.invoker_user);
  if (!statement.invoker_host.empty()) definer += "@" + Connection::QuoteIdentifier(statement.invoker_host);
  return statement.sql.substr(0, at) + definer + statement.sql.substr(at);
}

}  // namespace srdf::engine_mariadb
