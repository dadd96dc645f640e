#include "engine_mariadb/foreign_key_graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine_mariadb/catalogue_query.h"

namespace srdf::engine_mariadb {

namespace {

// REFERENTIAL_CONSTRAINTS leaves out, without a word, the tables on which the user holds nothing but SELECT;
// KEY_COLUMN_USAGE shows them. A foreign key that only one of them knows means that cascades could be missed.
Result<bool> SeesAllForeignKeys(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(
      const auto counts,
      QueryWhole(connection,
                 "SELECT (SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS), (SELECT "
                 "COUNT(DISTINCT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME) FROM "
                 "information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL)"));
  return counts && !counts->empty() && Text((*counts)[0][0]) == Text((*counts)[0][1]);
}

bool Acts(const Value& rule) { return Text(rule) != "RESTRICT" && Text(rule) != "NO ACTION"; }

}  // namespace

Result<std::optional<ForeignKeyGraph>> ForeignKeyGraph::Load(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const bool sees_all, SeesAllForeignKeys(connection));
  if (!sees_all) return std::optional<ForeignKeyGraph>();
  ForeignKeyGraph graph;
  SRDF_ASSIGN_OR_RETURN(const bool read, graph.Read(connection, "", ""));
  if (!read) return std::optional<ForeignKeyGraph>();
  return std::optional(std::move(graph));
}

Result<bool> ForeignKeyGraph::Add(Connection* connection, const std::string& database,
                                  const std::string& table) {
  const std::string names =
      " = " + connection->Quote(database) + " AND TABLE_NAME = " + connection->Quote(table);
  // As SeesAllForeignKeys, for the one table.
  SRDF_ASSIGN_OR_RETURN(const auto counts,
                        QueryWhole(connection,
                                   "SELECT (SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS "
                                   "WHERE CONSTRAINT_SCHEMA" +
                                       names +
                                       "), (SELECT COUNT(DISTINCT CONSTRAINT_NAME) FROM "
                                       "information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS "
                                       "NOT NULL AND TABLE_SCHEMA" +
                                       names + ")"));
  if (!counts || counts->empty() || Text((*counts)[0][0]) == "0" ||
      Text((*counts)[0][0]) != Text((*counts)[0][1])) {
    return false;
  }
  return Read(connection, " WHERE CONSTRAINT_SCHEMA" + names, " AND TABLE_SCHEMA" + names);
}

Result<bool> ForeignKeyGraph::Read(Connection* connection, const std::string& where_constraint,
                                   const std::string& where_column) {
  SRDF_ASSIGN_OR_RETURN(
      const auto constraints,
      QueryWhole(connection,
                 "SELECT UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME, CONSTRAINT_SCHEMA, TABLE_NAME, "
                 "CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE FROM "
                 "information_schema.REFERENTIAL_CONSTRAINTS" +
                     where_constraint));
  if (!constraints) return false;
  using Key = std::array<std::string, 3>;  // schema, table, constraint
  struct KeyColumns {
    std::vector<std::string> referencing, referenced;
  };
  std::map<Key, KeyColumns> columns;
  if (std::any_of(constraints->begin(), constraints->end(),
                  [&](const auto& row) { return Acts(row[5]) || Acts(row[6]); })) {
    SRDF_ASSIGN_OR_RETURN(
        const auto rows,
        QueryWhole(
            connection,
            "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, REFERENCED_COLUMN_NAME, COLUMN_NAME FROM "
            "information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_COLUMN_NAME IS NOT NULL" +
                where_column + " ORDER BY ORDINAL_POSITION"));
    if (!rows) return false;
    for (const ResultRow& row : *rows) {
      KeyColumns& key = columns[{Text(row[0]), Text(row[1]), Text(row[2])}];
      key.referenced.push_back(Text(row[3]));
      key.referencing.push_back(Text(row[4]));
    }
  }
  // What these tables have now takes the place of what they had.
  std::set<Name> children;
  for (const ResultRow& row : *constraints) children.insert({Text(row[2]), Text(row[3])});
  for (auto& [parent, referenced] : tables_) {
    std::erase_if(referenced.keys, [&](const auto& key) { return children.contains(key.child); });
  }
  std::erase_if(checking_, [&](const auto& pair) { return children.contains(pair.second); });
  for (const ResultRow& row : *constraints) {
    const Name parent{Text(row[0]), Text(row[1])};
    const Name child{Text(row[2]), Text(row[3])};
    members_.insert({parent, child});
    Connect(parent, child);
    if (!Acts(row[5]) && !Acts(row[6])) {
      checking_.emplace(parent, child);
      continue;
    }
    const auto found = columns.find({child.first, child.second, Text(row[4])});
    if (found == columns.end()) return false;  // dropped in between
    const KeyColumns& key = found->second;
    Referenced& referenced = tables_[parent];
    // RESTRICT and NO ACTION are one.
    referenced.keys.push_back(
        {child,
         fmt::format("{}.{}({})->({}) ON DELETE {} ON UPDATE {}", Connection::QuoteIdentifier(child.first),
                     Connection::QuoteIdentifier(child.second), fmt::join(key.referencing, ","),
                     fmt::join(key.referenced, ","), Acts(row[6]) ? Text(row[6]) : "RESTRICT",
                     Acts(row[5]) ? Text(row[5]) : "RESTRICT"),
         Acts(row[5]) ? key.referencing : std::vector<std::string>()});
    if (Acts(row[6])) referenced.delete_cascades = true;
    if (!Acts(row[5])) continue;
    auto& all = referenced.update_cascade_columns;
    for (const std::string& column : key.referenced) {
      if (std::find(all.begin(), all.end(), column) == all.end()) all.push_back(column);
    }
  }
  return true;
}

std::vector<std::string> ForeignKeyGraph::ActingOn(const std::string& database,
                                                   const std::string& table) const {
  std::vector<std::string> keys;
  if (const Referenced* const referenced = Find(database, table); referenced != nullptr) {
    for (const auto& key : referenced->keys) keys.push_back(key.text);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

bool ForeignKeyGraph::HasATableOf(NamesInText* text) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const Name& name) { return text->Has(name.first) || text->Has(name.second); });
}

const ForeignKeyGraph::Referenced* ForeignKeyGraph::Find(const std::string& database,
                                                         const std::string& table) const {
  const auto it = tables_.find({database, table});
  return it == tables_.end() ? nullptr : &it->second;
}

const ForeignKeyGraph::Name& ForeignKeyGraph::RootOf(const Name& name) const {
  const Name* at = &name;
  for (auto it = parents_.find(*at); it != parents_.end(); it = parents_.find(*at)) at = &it->second;
  return *at;
}

void ForeignKeyGraph::Connect(const Name& a, const Name& b) {
  Name low = RootOf(a);
  Name high = RootOf(b);
  if (low == high) return;
  if (high < low) std::swap(low, high);
  parents_[high] = low;
}

uint32_t ForeignKeyGraph::GroupOf(const std::string& database, const std::string& table) const {
  const Name name{database, table};
  const Name& root = RootOf(name);
  // FNV-1a; two groups with one number would only be kept in order together.
  uint32_t hash = 2166136261u;
  for (const std::string* part : {&root.first, &root.second}) {
    for (const char c : *part) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
    hash = (hash ^ 0xffu) * 16777619u;
  }
  return hash == 0 ? 1 : hash;
}

}  // namespace srdf::engine_mariadb
