#include "engine_mariadb/catalogue_query.h"

namespace srdf::engine_mariadb {

namespace {

constexpr unsigned kErrorInvalidView = 1356;  // a view whose tables are gone: says nothing of tables

}  // namespace

const std::string& Text(const Value& value) {
  static const std::string kEmpty;
  return value ? *value : kEmpty;
}

Result<std::optional<std::vector<ResultRow>>> QueryWhole(Connection* connection, const std::string& sql) {
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query(sql));
  if (mysql_warning_count(connection->handle()) == 0) return std::optional(std::move(rows));
  SRDF_ASSIGN_OR_RETURN(const auto warnings, connection->Query("SHOW WARNINGS"));
  for (const ResultRow& warning : warnings) {
    if (Text(warning[1]) != std::to_string(kErrorInvalidView)) return std::optional<std::vector<ResultRow>>();
  }
  return std::optional(std::move(rows));
}

}  // namespace srdf::engine_mariadb
