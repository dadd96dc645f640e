#include "engine_mariadb/schema_context.h"

#include <mysqld_error.h>

#include <cstdlib>
#include <string_view>
#include <utility>

#include "engine_mariadb/ddl_context.h"
#include "engine_mariadb/sql_mode.h"

namespace srdf::engine_mariadb {

namespace {

std::string Text(const Value& value) { return value.value_or(""); }

Result<uint16_t> Find(const std::map<std::string, uint16_t>& in, const char* what, const std::string& name) {
  const auto it = in.find(name);
  if (it != in.end()) return it->second;
  return Status(StatusCode::kFailedPrecondition,
                std::string("the source shows a ") + what + " that it does not list: " + name);
}

}  // namespace

Result<SchemaContext> SchemaContext::Read(Connection* connection) {
  // Since 10.10 a collation may belong to several character sets, with a number in each.
  auto rows = connection->Query(
      "SELECT full_collation_name, id, is_default, character_set_name FROM "
      "information_schema.collation_character_set_applicability WHERE id IS NOT NULL");
  if (!rows.ok() && connection->last_errno() == ER_BAD_FIELD_ERROR) {
    rows = connection->Query(
        "SELECT collation_name, id, is_default, character_set_name FROM information_schema.collations WHERE "
        "id IS NOT NULL");
  }
  if (!rows.ok()) return rows.status();
  SchemaContext context;
  for (const ResultRow& row : *rows) {
    const auto id = static_cast<uint16_t>(std::strtoul(Text(row[1]).c_str(), nullptr, 10));
    context.collations_[Text(row[0])] = id;
    if (Text(row[2]) == "Yes") context.charsets_[Text(row[3])] = id;
  }
  SRDF_ASSIGN_OR_RETURN(const std::string server, connection->QueryValue("SELECT @@collation_server"));
  SRDF_ASSIGN_OR_RETURN(context.collation_server_, Find(context.collations_, "collation", server));
  SRDF_ASSIGN_OR_RETURN(context.utf8mb4_, Find(context.collations_, "collation", "utf8mb4_general_ci"));
  SRDF_ASSIGN_OR_RETURN(const std::string now,
                        connection->QueryValue("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS UNSIGNED)"));
  context.now_us_ = std::strtoll(now.c_str(), nullptr, 10);
  return context;
}

Statement SchemaContext::Own(const std::string& database, std::string sql) const {
  Statement s;
  s.database = database;
  s.sql = std::move(sql);
  s.timestamp_us = now_us_;
  s.has_sql_mode = true;
  s.has_flags2 = true;
  // A TIMESTAMP column is shown with all that it has.
  s.flags2 = kFlags2NoForeignKeyChecks | kFlags2ExplicitDefaultsForTimestamp;
  s.has_charset = true;
  s.charset_client = s.collation_connection = utf8mb4_;
  s.collation_server = collation_server_;
  s.time_zone = "+00:00";
  return s;
}

Result<Statement> SchemaContext::Written(const std::string& database, const ResultRow& row,
                                         const ShownColumns& at) const {
  constexpr std::string_view kCreate = "CREATE ";
  const std::string text = Text(row[at.text]);
  if (text.rfind(kCreate, 0) != 0) {
    return Status(StatusCode::kFailedPrecondition,
                  "the source shows a definition that does not begin with CREATE");
  }
  Statement s = Own(database, "CREATE OR REPLACE " + text.substr(kCreate.size()));
  if (at.sql_mode != 0) {
    SRDF_ASSIGN_OR_RETURN(s.sql_mode, SqlModeBits(Text(row[at.sql_mode])));
  }
  SRDF_ASSIGN_OR_RETURN(s.charset_client, Find(charsets_, "character set", Text(row[at.charset])));
  SRDF_ASSIGN_OR_RETURN(s.collation_connection, Find(collations_, "collation", Text(row[at.charset + 1])));
  if (at.database_collation != 0) {
    SRDF_ASSIGN_OR_RETURN(s.collation_database,
                          Find(collations_, "collation", Text(row[at.database_collation])));
  }
  if (at.time_zone != 0) s.time_zone = Text(row[at.time_zone]);
  return s;
}

}  // namespace srdf::engine_mariadb
