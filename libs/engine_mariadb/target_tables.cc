#include "engine_mariadb/target_tables.h"

#include <strings.h>

#include <algorithm>

namespace srdf::engine_mariadb {

namespace {

// Columns of the server's own making, which row events carry and the catalogue does not show.
bool Hidden(const std::string& name) {
  return name == "row_start" || name == "row_end" || name.rfind("DB_ROW_HASH_", 0) == 0;
}

bool SameName(const std::string& a, const std::string& b) { return strcasecmp(a.c_str(), b.c_str()) == 0; }

std::string Joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return "(" + out + ")";
}

}  // namespace

Status TargetTables::Check(const TableSchema& schema) {
  Names wanted;
  for (const Column& column : schema.columns) wanted.push_back(column.name);
  const auto key = std::pair(schema.database, schema.table);
  if (const auto it = checked_.find(key); it != checked_.end() && it->second == wanted) return {};
  auto rows = connection_->Query("SELECT column_name FROM information_schema.columns WHERE table_schema=" +
                                 connection_->Quote(schema.database) + " AND table_name=" +
                                 connection_->Quote(schema.table) + " ORDER BY ordinal_position");
  if (!rows.ok()) return rows.status();
  Names found, visible;
  for (const auto& row : *rows) found.push_back(row[0].value_or(""));
  for (const auto& name : wanted) {
    const bool shown = std::find(found.begin(), found.end(), name) != found.end();
    if (shown || !Hidden(name)) visible.push_back(name);
  }
  if (std::equal(found.begin(), found.end(), visible.begin(), visible.end(), SameName)) {
    checked_[key] = std::move(wanted);
    return {};
  }
  const std::string name =
      Connection::QuoteIdentifier(schema.database) + "." + Connection::QuoteIdentifier(schema.table);
  if (found.empty()) {
    return {StatusCode::kFailedPrecondition,
            name + " does not exist at the target (or cannot be seen by the user)",
            "create it as it is at the source, with its rows, then resume the flow"};
  }
  return {StatusCode::kFailedPrecondition,
          name + " has the columns " + Joined(found) + " at the target, the rows have " + Joined(visible),
          "alter the table at the target so that it has the source's columns, then resume the flow"};
}

}  // namespace srdf::engine_mariadb
