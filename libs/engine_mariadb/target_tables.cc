#include "engine_mariadb/target_tables.h"

#include <strings.h>

#include <algorithm>

#include "engine_mariadb/text_excerpt.h"

namespace srdf::engine_mariadb {

namespace {

// Columns of the server's own making, which row events carry and the catalogue does not show.
bool Hidden(const std::string& name) {
  return name == "row_start" || name == "row_end" || name.rfind("DB_ROW_HASH_", 0) == 0;
}

// Schemas of a snapshot say what is generated, those of a log do not. Mostly they are equal as they are.
bool SameInLog(const std::vector<Column>& a, const std::vector<Column>& b) {
  return a == b || std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Column& x, Column y) {
           y.generated = x.generated;
           return x == y;
         });
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

// Servers differ in the case of names.
bool SameKeys(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end(), SameName);
}

// Enough to see what is wrong with a table of thousands of columns.
constexpr size_t kShownBytesMax = 1500;

std::string Definitions(const std::vector<const Column*>& columns, const Collations& collations) {
  std::vector<std::string> out;
  for (const Column* column : columns)
    out.push_back(column->name + " " + ColumnDefinition(*column, collations));
  return Excerpt(Joined(out), kShownBytesMax);
}

// The key's columns in table order.
std::vector<std::string> KeyNames(const TableSchema& schema) {
  std::vector<uint16_t> ordinals = schema.key_columns;
  std::sort(ordinals.begin(), ordinals.end());
  std::vector<std::string> names;
  for (const uint16_t ordinal : ordinals) {
    if (ordinal >= schema.columns.size() || Hidden(schema.columns[ordinal].name)) continue;
    names.push_back(schema.columns[ordinal].name);
  }
  return names;
}

}  // namespace

Status TargetTables::Check(const TableSchema& schema) {
  const auto key = std::pair(schema.database, schema.table);
  if (const auto it = checked_.find(key);
      it != checked_.end() && SameInLog(it->second.schema.columns, schema.columns) &&
      it->second.schema.acting_foreign_keys == schema.acting_foreign_keys &&
      it->second.schema.key_kind == schema.key_kind && it->second.schema.key_columns == schema.key_columns) {
    return {};
  }
  const std::string name = FullName(schema);
  const std::string where = " WHERE table_schema=" + connection_->Quote(schema.database) +
                            " AND table_name=" + connection_->Quote(schema.table);
  SRDF_ASSIGN_OR_RETURN(const auto found, Load(where));
  if (found.empty()) return Missing(name, schema);
  SRDF_RETURN_IF_ERROR(CheckColumns(name, schema, found));
  Known known{schema, {}};
  for (const TargetColumn& target : found) {
    if (target.primary && !Hidden(target.column.name)) known.primary_key.push_back(target.column.name);
  }
  SRDF_RETURN_IF_ERROR(CheckLogicalKey(name, where, schema, known.primary_key));
  SRDF_RETURN_IF_ERROR(CheckEngine(name, where));
  SRDF_RETURN_IF_ERROR(CheckForeignKeys(name, schema));
  checked_[key] = std::move(known);
  return {};
}

Result<std::vector<TargetColumn>> TargetTables::Load(const std::string& where) {
  if (!collations_) {
    SRDF_ASSIGN_OR_RETURN(collations_, Collations::Load(connection_));
  }
  return LoadTargetColumns(connection_, *collations_, where);
}

Status TargetTables::NameColumns(TableSchema* schema) {
  std::vector<Column>& columns = schema->columns;
  if (std::none_of(columns.begin(), columns.end(), [](const Column& c) { return c.name.empty(); })) return {};
  SRDF_ASSIGN_OR_RETURN(const auto found, Load(" WHERE table_schema=" + connection_->Quote(schema->database) +
                                               " AND table_name=" + connection_->Quote(schema->table)));
  if (found.empty()) return Missing(FullName(*schema), *schema);
  if (found.size() != columns.size()) {
    return {StatusCode::kFailedPrecondition,
            FullName(*schema) + " has " + std::to_string(found.size()) + " columns at the target, its rows " +
                std::to_string(columns.size()) + ", whose names the source does not log",
            "SET GLOBAL binlog_row_metadata = FULL at the source; if the tables are the same but for columns "
            "that the "
            "server hides, re-establish the flow, else alter the table at the target, then resume the flow"};
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].name.empty()) continue;
    columns[i].name = found[i].column.name;
    columns[i].is_unsigned = found[i].column.is_unsigned;
  }
  return {};
}

Status TargetTables::Missing(const std::string& name, const TableSchema& schema) {
  auto database =
      connection_->QueryValue("SELECT schema_name FROM information_schema.schemata WHERE schema_name=" +
                              connection_->Quote(schema.database));
  if (!database.ok() && database.status().code() != StatusCode::kNotFound) return database.status();
  return {
      StatusCode::kFailedPrecondition,
      (database.ok() ? name : "database " + Connection::QuoteIdentifier(schema.database) + " of " + name) +
          " does not exist at the target (or cannot be seen by the user)",
      "create it as it is at the source, with its rows, then resume the flow"};
}

Status TargetTables::CheckColumns(const std::string& name, const TableSchema& schema,
                                  const std::vector<TargetColumn>& found) const {
  std::vector<const Column*> wanted, there;
  for (const TargetColumn& target : found) there.push_back(&target.column);
  for (const Column& column : schema.columns) {
    const bool shown =
        std::any_of(there.begin(), there.end(), [&](const Column* c) { return c->name == column.name; });
    if (shown || !Hidden(column.name)) wanted.push_back(&column);
  }
  const auto same_name = [](const Column* a, const Column* b) { return SameName(a->name, b->name); };
  if (!std::equal(there.begin(), there.end(), wanted.begin(), wanted.end(), same_name)) {
    return {StatusCode::kFailedPrecondition,
            name + " has the columns " + Definitions(there, *collations_) + " at the target, the rows have " +
                Definitions(wanted, *collations_),
            "alter the table at the target so that it has the source's columns, then resume the flow"};
  }
  std::string differences, modify;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (SameColumn(*wanted[i], found[i])) continue;
    const std::string column = Connection::QuoteIdentifier(wanted[i]->name);
    const std::string source = ColumnDefinition(*wanted[i], *collations_);
    differences += (differences.empty() ? "" : "; ") + column + " is " + source + " in the rows, " +
                   ColumnDefinition(*there[i], *collations_) + " at the target";
    modify += (modify.empty() ? "" : ", ") + std::string("MODIFY ") + column + " " + source;
  }
  if (differences.empty()) return {};
  return {StatusCode::kFailedPrecondition,
          name + " has other columns at the target than its rows: " + Excerpt(differences, kShownBytesMax),
          "ALTER TABLE " + name + " " + Excerpt(modify, kShownBytesMax) +
              " at the target (with the source's DEFAULT and generation clauses), then resume the flow"};
}

// Rows are told apart, and merged, by this key. The log calls it a primary key also when it is only the
// unique key that the server takes for one.
Status TargetTables::CheckLogicalKey(const std::string& name, const std::string& where,
                                     const TableSchema& schema, const Names& primary_key) {
  if (schema.key_kind == KeyKind::kNone) return {};
  Names wanted = KeyNames(schema);
  if (std::equal(primary_key.begin(), primary_key.end(), wanted.begin(), wanted.end(), SameName)) return {};
  std::sort(wanted.begin(), wanted.end());
  SRDF_ASSIGN_OR_RETURN(auto rows, connection_->Query("SELECT index_name, column_name, sub_part FROM "
                                                      "information_schema.statistics" +
                                                      where + " AND non_unique=0"));
  std::map<std::string, Names> keys;
  for (const ResultRow& row : rows) {
    keys[row[0].value_or("")].push_back(row[1].value_or("") + (row[2] ? "(" + *row[2] + ")" : ""));
  }
  std::string there;
  for (auto& [key, columns] : keys) {
    std::sort(columns.begin(), columns.end());
    if (std::equal(columns.begin(), columns.end(), wanted.begin(), wanted.end(), SameName)) return {};
    there += (there.empty() ? "" : ", ") + Joined(columns);
  }
  return {StatusCode::kFailedPrecondition,
          name + " has " + (there.empty() ? "no primary or unique key" : "the unique keys " + there) +
              " at the target, the rows are told apart by the key " + Joined(wanted),
          "give the table at the target the source's key, then resume the flow"};
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

// Their actions are not in the log: each server makes its own.
Status TargetTables::CheckForeignKeys(const std::string& name, const TableSchema& schema) {
  if (!schema.acting_foreign_keys) return {};
  const Names& wanted = *schema.acting_foreign_keys;
  if (wanted.empty()) {
    SRDF_ASSIGN_OR_RETURN(const bool none, NoForeignKeyActsOn(schema));
    if (none) return {};
  }
  const bool kept = foreign_keys_.has_value();
  if (!kept) SRDF_RETURN_IF_ERROR(LoadForeignKeys());
  if (!foreign_keys_) return {};  // a table is locked, or out of sight: asked again with the next table
  if (SameKeys(foreign_keys_->ActingOn(schema.database, schema.table), wanted)) return {};
  if (kept) {  // somebody may have altered the target since
    SRDF_RETURN_IF_ERROR(LoadForeignKeys());
    if (!foreign_keys_) return {};
  }
  const Names found = foreign_keys_->ActingOn(schema.database, schema.table);
  if (SameKeys(found, wanted)) return {};
  const auto shown = [](const Names& keys) {
    return keys.empty() ? "none" : Excerpt(Joined(keys), kShownBytesMax);
  };
  return {StatusCode::kFailedPrecondition,
          "the foreign keys that act when rows of " + name +
              " are deleted or updated differ: at the source " + shown(wanted) + ", at the target " +
              shown(found),
          "give the tables at the target the source's foreign keys, then resume the flow"};
}

// A table that somebody has locked must not hold up the flow.
Status TargetTables::LoadForeignKeys() {
  SRDF_RETURN_IF_ERROR(
      connection_->Execute("SET @srdf_lock_wait_timeout=@@lock_wait_timeout, SESSION lock_wait_timeout=1"));
  auto loaded = ForeignKeyGraph::Load(connection_);
  SRDF_RETURN_IF_ERROR(connection_->Execute("SET SESSION lock_wait_timeout=@srdf_lock_wait_timeout"));
  SRDF_ASSIGN_OR_RETURN(foreign_keys_, std::move(loaded));
  return {};
}

// Most tables: the long question, which opens every table, is not needed for them.
Result<bool> TargetTables::NoForeignKeyActsOn(const TableSchema& schema) {
  // Other names are written otherwise there.
  const auto plain = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    });
  };
  if (!plain(schema.database) || !plain(schema.table)) return false;
  // The lowest bits are the actions. Compared without case: finds too many rather than too few.
  const auto acting = connection_->QueryValue(
      "SELECT COUNT(*) FROM information_schema.innodb_sys_foreign WHERE type & 15 AND "
      "ref_name=" +
      connection_->Quote(schema.database + "/" + schema.table));
  if (acting.status().code() == StatusCode::kPermissionDenied) return false;
  if (!acting.ok()) return acting.status();
  return *acting == "0";
}

Status TargetTables::CheckKey(const TableSchema& schema) const {
  if (schema.key_kind != KeyKind::kPrimary) return {};
  const auto it = checked_.find(std::pair(schema.database, schema.table));
  if (it == checked_.end()) return {StatusCode::kInternal, FullName(schema) + " is not checked"};
  const Names wanted = KeyNames(schema);
  const Names& found = it->second.primary_key;
  if (std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(), SameName)) return {};
  return {StatusCode::kFailedPrecondition,
          FullName(schema) + " has " +
              (found.empty() ? "no primary key" : "the primary key " + Joined(found)) +
              " at the target, the rows are found by the primary key " + Joined(wanted),
          "give the table at the target the source's primary key, then resume the flow"};
}

}  // namespace srdf::engine_mariadb
