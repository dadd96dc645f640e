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

std::string FullName(const TableSchema& schema) {
  return Connection::QuoteIdentifier(schema.database) + "." + Connection::QuoteIdentifier(schema.table);
}

std::string Joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return "(" + out + ")";
}

}  // namespace

Status TargetTables::Check(const TableSchema& schema) {
  const std::string name = FullName(schema);
  Names wanted;
  for (const Column& column : schema.columns) wanted.push_back(column.name);
  const auto key = std::pair(schema.database, schema.table);
  if (const auto it = checked_.find(key); it != checked_.end() && it->second.columns == wanted) {
    return {};
  }
  const std::string where = " WHERE table_schema=" + connection_->Quote(schema.database) +
                            " AND table_name=" + connection_->Quote(schema.table);
  SRDF_ASSIGN_OR_RETURN(
      auto rows, connection_->Query("SELECT column_name, column_key FROM information_schema.columns" + where +
                                    " ORDER BY ordinal_position"));
  Names found, visible, primary_key;
  for (const auto& row : rows) {
    found.push_back(row[0].value_or(""));
    // PRI is also a unique key without NULLs, where there is no primary key: it finds rows as well.
    if (row[1] == "PRI" && !Hidden(found.back())) primary_key.push_back(found.back());
  }
  for (const auto& column : wanted) {
    const bool shown = std::find(found.begin(), found.end(), column) != found.end();
    if (shown || !Hidden(column)) visible.push_back(column);
  }
  if (std::equal(found.begin(), found.end(), visible.begin(), visible.end(), SameName)) {
    SRDF_RETURN_IF_ERROR(CheckEngine(name, where));
    checked_[key] = {std::move(wanted), std::move(primary_key)};
    return {};
  }
  if (found.empty()) {
    return {StatusCode::kFailedPrecondition,
            name + " does not exist at the target (or cannot be seen by the user)",
            "create it as it is at the source, with its rows, then resume the flow"};
  }
  return {StatusCode::kFailedPrecondition,
          name + " has the columns " + Joined(found) + " at the target, the rows have " + Joined(visible),
          "alter the table at the target so that it has the source's columns, then resume the flow"};
}

// A wagon of which a part cannot be taken back could be applied twice.
Status TargetTables::CheckEngine(const std::string& name, const std::string& where) {
  SRDF_ASSIGN_OR_RETURN(
      auto rows,
      connection_->Query("SELECT t.engine, e.transactions FROM information_schema.tables t LEFT JOIN "
                         "information_schema.engines e ON e.engine=t.engine" +
                         where));
  if (!rows.empty() && rows[0][1] == "YES") return {};
  return {StatusCode::kFailedPrecondition,
          name + " has engine " + (rows.empty() ? "none" : rows[0][0].value_or("none")) +
              " at the target, which cannot roll back",
          "ALTER TABLE " + name + " ENGINE=InnoDB at the target, then resume the flow"};
}

Status TargetTables::CheckKey(const TableSchema& schema) const {
  if (schema.key_kind != KeyKind::kPrimary) return {};
  const auto it = checked_.find(std::pair(schema.database, schema.table));
  if (it == checked_.end()) return {StatusCode::kInternal, FullName(schema) + " is not checked"};
  std::vector<uint16_t> ordinals = schema.key_columns;
  std::sort(ordinals.begin(), ordinals.end());
  Names wanted;
  for (const uint16_t ordinal : ordinals) {
    if (ordinal >= schema.columns.size() || Hidden(schema.columns[ordinal].name)) continue;
    wanted.push_back(schema.columns[ordinal].name);
  }
  const Names& found = it->second.primary_key;
  if (std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(), SameName)) return {};
  return {StatusCode::kFailedPrecondition,
          FullName(schema) + " has " +
              (found.empty() ? "no primary key" : "the primary key " + Joined(found)) +
              " at the target, the rows are found by the primary key " + Joined(wanted),
          "give the table at the target the source's primary key, then resume the flow"};
}

}  // namespace srdf::engine_mariadb
