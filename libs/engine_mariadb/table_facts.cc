#include "engine_mariadb/table_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "engine_mariadb/catalogue_query.h"
#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {

namespace {

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

std::string WhereTable(const Connection& connection, const std::string& database, const std::string& table) {
  const std::string schema = connection.Quote(database);
  const std::string name = connection.Quote(table);
  return fmt::format(
      "TABLE_SCHEMA = {0} AND TABLE_NAME = {1} AND BINARY TABLE_SCHEMA = {0} AND BINARY TABLE_NAME = {1}",
      schema, name);
}

bool TableFacts::Matches(const std::vector<srdf::Column>& map, bool has_names) const {
  if (!exists || map.size() != columns.size()) return false;
  for (size_t i = 0; i < map.size(); ++i) {
    if (has_names && map[i].name != columns[i].name) return false;
    if (!TypeMatches(columns[i].data_type, map[i].type)) return false;
  }
  return true;
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
    key.name = last_index;
    key.primary = last_index == "PRIMARY";
    if (row[2]) key.partial = true;
    if (Text(row[3]) == "YES") key.nullable = true;
    if (Text(row[4]) != "BTREE") key.partial = key.by_hash = true;
    const auto ordinal = ordinals.find(Text(row[1]));
    if (ordinal == ordinals.end()) return std::optional<TableFacts>();  // altered between the queries
    key.columns.push_back(ordinal->second);
    key.prefixes.push_back(static_cast<uint32_t>(std::strtoul(Text(row[2]).c_str(), nullptr, 10)));
  }

  facts.constraint_group = graph.GroupOf(database, table);
  if (const auto* referenced = graph.Find(database, table); referenced != nullptr) {
    facts.delete_cascades = referenced->delete_cascades;
    facts.acting_foreign_keys = graph.ActingOn(database, table);
    for (const std::string& name : referenced->update_cascade_columns) {
      const auto ordinal = ordinals.find(name);
      if (ordinal == ordinals.end()) return std::optional<TableFacts>();
      facts.update_cascade_columns.push_back(ordinal->second);
    }
  }
  return std::optional(std::move(facts));
}

}  // namespace srdf::engine_mariadb
