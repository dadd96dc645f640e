#include "engine_mariadb/table_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {

namespace {

constexpr unsigned kErrorInvalidView = 1356;  // a view whose tables are gone: says nothing of tables

const std::string& Text(const Value& value) {
  static const std::string kEmpty;
  return value ? *value : kEmpty;
}

// Runs an information_schema query. The server leaves out a table that it cannot open and says so in a mere
// warning; an answer with such warnings is no answer.
Result<std::optional<std::vector<ResultRow>>> QueryWhole(Connection* connection, const std::string& sql) {
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query(sql));
  if (mysql_warning_count(connection->handle()) == 0) return std::optional(std::move(rows));
  SRDF_ASSIGN_OR_RETURN(const auto warnings, connection->Query("SHOW WARNINGS"));
  for (const ResultRow& warning : warnings) {
    if (Text(warning[1]) != std::to_string(kErrorInvalidView)) return std::optional<std::vector<ResultRow>>();
  }
  return std::optional(std::move(rows));
}

// "TABLE_SCHEMA = … AND TABLE_NAME = …", in the form that makes the server open that one table. Names are
// compared by case too: information_schema's own collation would mix up `t` and `T`.
std::string WhereTable(const Connection& connection, const std::string& database, const std::string& table) {
  const std::string schema = connection.Quote(database);
  const std::string name = connection.Quote(table);
  return fmt::format(
      "TABLE_SCHEMA = {0} AND TABLE_NAME = {1} AND BINARY TABLE_SCHEMA = {0} AND BINARY TABLE_NAME = {1}",
      schema, name);
}

bool TypeMatches(std::string_view data_type, uint8_t code) {
  const auto is = [code](std::initializer_list<FieldType> types) {
    return std::any_of(types.begin(), types.end(),
                       [code](FieldType t) { return static_cast<uint8_t>(t) == code; });
  };
  using F = FieldType;
  if (data_type == "tinyint") return is({F::kTiny});
  if (data_type == "smallint") return is({F::kShort});
  if (data_type == "mediumint") return is({F::kInt24});
  if (data_type == "int") return is({F::kLong});
  if (data_type == "bigint") return is({F::kLongLong});
  if (data_type == "float") return is({F::kFloat});
  if (data_type == "double") return is({F::kDouble});
  if (data_type == "decimal") return is({F::kNewDecimal});
  if (data_type == "bit") return is({F::kBit});
  if (data_type == "year") return is({F::kYear});
  if (data_type == "date") return is({F::kDate, F::kNewDate});
  if (data_type == "time") return is({F::kTime, F::kTime2});
  if (data_type == "datetime") return is({F::kDateTime, F::kDateTime2});
  if (data_type == "timestamp") return is({F::kTimestamp, F::kTimestamp2});
  if (data_type == "enum") return is({F::kEnum});
  if (data_type == "set") return is({F::kSet});
  if (data_type == "varchar" || data_type == "varbinary")
    return is({F::kVarchar, F::kVarString, F::kVarcharCompressed});
  if (data_type == "char" || data_type == "binary" || data_type == "uuid" || data_type == "inet4" ||
      data_type == "inet6") {
    return is({F::kString});
  }
  if (data_type.ends_with("text") || data_type.ends_with("blob") || data_type == "json") {
    return is({F::kBlob, F::kTinyBlob, F::kMediumBlob, F::kLongBlob, F::kBlobCompressed});
  }
  static constexpr std::string_view kGeometries[] = {
      "geometry",   "point",           "linestring",   "polygon",
      "multipoint", "multilinestring", "multipolygon", "geometrycollection"};
  if (std::find(std::begin(kGeometries), std::end(kGeometries), data_type) != std::end(kGeometries)) {
    return is({F::kGeometry});
  }
  return false;
}

}  // namespace

bool TableFacts::Matches(const std::vector<srdf::Column>& map, bool has_names) const {
  if (!exists || map.size() != columns.size()) return false;
  for (size_t i = 0; i < map.size(); ++i) {
    if (has_names && map[i].name != columns[i].name) return false;
    if (!TypeMatches(columns[i].data_type, map[i].type)) return false;
  }
  return true;
}

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

Result<std::optional<ForeignKeyGraph>> ForeignKeyGraph::Load(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const bool sees_all, SeesAllForeignKeys(connection));
  if (!sees_all) return std::optional<ForeignKeyGraph>();
  SRDF_ASSIGN_OR_RETURN(
      const auto constraints,
      QueryWhole(connection,
                 "SELECT UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME, CONSTRAINT_SCHEMA, TABLE_NAME, "
                 "CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE FROM "
                 "information_schema.REFERENTIAL_CONSTRAINTS"));
  if (!constraints) return std::optional<ForeignKeyGraph>();
  const auto acts = [](const Value& rule) { return Text(rule) != "RESTRICT" && Text(rule) != "NO ACTION"; };
  using Key = std::array<std::string, 3>;  // schema, table, constraint
  std::map<Key, std::vector<std::string>> columns;
  if (std::any_of(constraints->begin(), constraints->end(), [&](const auto& row) { return acts(row[5]); })) {
    SRDF_ASSIGN_OR_RETURN(
        const auto rows,
        QueryWhole(connection,
                   "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, REFERENCED_COLUMN_NAME FROM "
                   "information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_COLUMN_NAME IS NOT NULL"));
    if (!rows) return std::optional<ForeignKeyGraph>();
    for (const ResultRow& row : *rows) {
      columns[{Text(row[0]), Text(row[1]), Text(row[2])}].push_back(Text(row[3]));
    }
  }
  ForeignKeyGraph graph;
  for (const ResultRow& row : *constraints) {
    graph.Connect({Text(row[0]), Text(row[1])}, {Text(row[2]), Text(row[3])});
    if (!acts(row[5]) && !acts(row[6])) continue;
    Referenced& referenced = graph.tables_[{Text(row[0]), Text(row[1])}];
    if (acts(row[6])) referenced.delete_cascades = true;
    if (!acts(row[5])) continue;
    const auto found = columns.find({Text(row[2]), Text(row[3]), Text(row[4])});
    if (found == columns.end()) return std::optional<ForeignKeyGraph>();  // dropped in between
    referenced.update_cascade_columns.insert(referenced.update_cascade_columns.end(), found->second.begin(),
                                             found->second.end());
  }
  return std::optional(std::move(graph));
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

Result<std::optional<TableFacts>> LoadTableFacts(Connection* connection, const ForeignKeyGraph& graph,
                                                 const std::string& database, const std::string& table) {
  const std::string where = WhereTable(*connection, database, table);
  TableFacts facts;
  SRDF_ASSIGN_OR_RETURN(
      const auto tables,
      QueryWhole(connection,
                 "SELECT t.ENGINE, t.TABLE_TYPE, (SELECT e.TRANSACTIONS FROM information_schema.ENGINES e "
                 "WHERE e.ENGINE = t.ENGINE) FROM information_schema.TABLES t WHERE " +
                     where));
  if (!tables) return std::optional<TableFacts>();
  if (tables->empty()) return std::optional(facts);
  facts.exists = true;
  const ResultRow& description = (*tables)[0];
  facts.engine = Text(description[0]);
  facts.sequence = Text(description[1]) == "SEQUENCE";
  facts.system_versioned = Text(description[1]) == "SYSTEM VERSIONED";
  facts.transactional = Text(description[2]) == "YES";

  SRDF_ASSIGN_OR_RETURN(
      const auto columns,
      QueryWhole(connection,
                 "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_GENERATED, DATETIME_PRECISION FROM "
                 "information_schema.COLUMNS WHERE " +
                     where + " ORDER BY ORDINAL_POSITION"));
  if (!columns) return std::optional<TableFacts>();
  std::map<std::string, uint16_t> ordinals;
  for (const ResultRow& row : *columns) {
    ordinals[Text(row[0])] = static_cast<uint16_t>(facts.columns.size());
    facts.columns.push_back({Text(row[0]), Text(row[1]), Text(row[2]).find("unsigned") != std::string::npos,
                             Text(row[3]) == "ALWAYS", !Text(row[4]).empty() && Text(row[4]) != "0"});
  }

  SRDF_ASSIGN_OR_RETURN(const auto statistics,
                        QueryWhole(connection,
                                   "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART, NULLABLE, INDEX_TYPE FROM "
                                   "information_schema.STATISTICS WHERE " +
                                       where + " AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX"));
  if (!statistics) return std::optional<TableFacts>();
  std::string last_index;
  for (const ResultRow& row : *statistics) {
    if (facts.unique_keys.empty() || Text(row[0]) != last_index) facts.unique_keys.emplace_back();
    last_index = Text(row[0]);
    TableFacts::UniqueKey& key = facts.unique_keys.back();
    key.primary = last_index == "PRIMARY";
    if (row[2]) key.partial = true;
    if (Text(row[3]) == "YES") key.nullable = true;
    if (Text(row[4]) != "BTREE") key.partial = true;
    const auto ordinal = ordinals.find(Text(row[1]));
    if (ordinal == ordinals.end()) return std::optional<TableFacts>();  // altered between the queries
    key.columns.push_back(ordinal->second);
  }

  facts.constraint_group = graph.GroupOf(database, table);
  if (const auto* referenced = graph.Find(database, table); referenced != nullptr) {
    facts.delete_cascades = referenced->delete_cascades;
    for (const std::string& name : referenced->update_cascade_columns) {
      const auto ordinal = ordinals.find(name);
      if (ordinal == ordinals.end()) return std::optional<TableFacts>();
      facts.update_cascade_columns.push_back(ordinal->second);
    }
  }
  return std::optional(std::move(facts));
}

}  // namespace srdf::engine_mariadb
