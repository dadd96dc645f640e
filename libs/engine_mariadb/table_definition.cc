#include "engine_mariadb/table_definition.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include "engine_mariadb/catalogue_query.h"
#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/table_facts.h"
#include "engine_mariadb/table_judgement.h"
#include "engine_mariadb/table_map_writer.h"

namespace srdf::engine_mariadb {

namespace {

Status Altered(const std::string& name) {
  return {StatusCode::kAborted, "table " + name + " is locked or being altered", "tried again by itself"};
}

bool IsOldTemporal(const Column& column) {
  const auto type = static_cast<FieldType>(column.type);
  return type == FieldType::kTime || type == FieldType::kDateTime || type == FieldType::kTimestamp;
}

uint32_t GeometryNumber(const std::string& data_type) {
  static constexpr const char* kTypes[] = {
      "geometry",   "point",           "linestring",   "polygon",
      "multipoint", "multilinestring", "multipolygon", "geometrycollection"};
  const auto at = std::find(std::begin(kTypes), std::end(kTypes), data_type);
  return at == std::end(kTypes) ? 0 : static_cast<uint32_t>(at - std::begin(kTypes));
}

bool IsAscii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Labels as the table holds them: in the column's own character set.
Status ConvertLabels(Connection* connection, const std::string& charset, std::vector<std::string>* labels) {
  const bool wide = charset.rfind("utf16", 0) == 0 || charset == "utf32" || charset == "ucs2";
  if (charset.rfind("utf8", 0) == 0 || charset == "binary") return {};
  if (!wide && std::all_of(labels->begin(), labels->end(), IsAscii)) return {};
  std::string query = "SELECT ";
  for (const std::string& label : *labels) {
    query += &label == &labels->front() ? "CAST(CONVERT(" : ",CAST(CONVERT(";
    AppendSqlBytes("utf8mb4", label, &query);
    query += " USING " + charset + ") AS BINARY)";
  }
  SRDF_ASSIGN_OR_RETURN(const auto rows, connection->Query(query));
  for (size_t i = 0; i < labels->size(); ++i) (*labels)[i] = Text(rows.at(0).at(i));
  return {};
}

// What the log calls the primary key: also a unique key that the server takes for one.
std::vector<TableMapKeyPart> LoggedKey(const TableFacts& facts, const std::vector<TargetColumn>& columns) {
  for (const auto& key : facts.unique_keys) {
    const bool logged =
        std::all_of(key.columns.begin(), key.columns.end(), [&](uint16_t c) { return columns[c].primary; });
    const auto primaries =
        std::count_if(columns.begin(), columns.end(), [](const auto& c) { return c.primary; });
    if (!key.primary && (!logged || key.nullable || static_cast<size_t>(primaries) != key.columns.size()))
      continue;
    std::vector<TableMapKeyPart> parts;
    for (size_t i = 0; i < key.columns.size(); ++i) parts.push_back({key.columns[i], key.prefixes[i]});
    return parts;
  }
  return {};
}

// The virtual columns that a row event may lack: the server that writes it computes them, but keeps what an
// index or the choice of a partition needs of them as NULL (seen on 10.11, and CHECK TABLE does not see it).
Result<std::set<std::string>> LeftOut(Connection* connection, const std::string& where,
                                      const std::vector<TargetColumn>& columns) {
  std::set<std::string> out;
  for (const TargetColumn& column : columns) {
    if (column.generated && !column.stored) out.insert(column.column.name);
  }
  if (out.empty()) return out;
  SRDF_ASSIGN_OR_RETURN(const auto partitions,
                        connection->Query("SELECT COUNT(*) FROM information_schema.PARTITIONS" + where +
                                          " AND PARTITION_NAME IS NOT NULL"));
  if (Text(partitions.at(0).at(0)) != "0") return std::set<std::string>();
  SRDF_ASSIGN_OR_RETURN(const auto indexed,
                        connection->Query("SELECT COLUMN_NAME FROM information_schema.STATISTICS" + where));
  for (const ResultRow& row : indexed) out.erase(Text(row.at(0)));
  return out;
}

Status TakeColumns(Connection* connection, const Collations& collations, const TableFacts& facts,
                   const std::vector<TargetColumn>& columns, const std::set<std::string>& left_out,
                   TableDefinition* out, TableMapText* map) {
  for (size_t i = 0; i < columns.size(); ++i) {
    Column column = columns[i].column;
    const std::string name = "column " + column.name;
    if (!columns[i].known) {
      return {StatusCode::kFailedPrecondition,
              name + " has a type that this version does not know: " + facts.columns[i].data_type,
              "leave the table out"};
    }
    if (IsOldTemporal(column) && column.type_meta != 0) {
      return {
          StatusCode::kFailedPrecondition,
          name +
              " has fractional seconds in the format before MariaDB 10.1, whose length the log does not say",
          "ALTER TABLE " + Connection::QuoteIdentifier(out->schema.database) + "." +
              Connection::QuoteIdentifier(out->schema.table) + " FORCE"};
    }
    const Collations::Collation* collation = collations.Find(column.collation);
    SqlColumn sql{column.name, facts.columns[i].data_type, "", facts.columns[i].is_unsigned};
    const bool geometry = static_cast<FieldType>(column.type) == FieldType::kGeometry;
    if (collation != nullptr && column.collation != kBinaryCollation && !geometry) {
      sql.character_set = collation->charset;
    }
    if (!column.labels.empty() && collation != nullptr) {
      const Status status = ConvertLabels(connection, collation->charset, &column.labels);
      if (!status.ok()) return status.WithContext(name);
    }
    if (geometry) map->geometry_types.push_back(GeometryNumber(sql.data_type));
    column.generated = left_out.contains(column.name);
    map->columns.push_back(column);
    out->schema.columns.push_back(std::move(column));
    out->columns.push_back(std::move(sql));
  }
  // A unique key that is too long for an index is kept by a hash, in a column that only the log shows. Which
  // number it has there when there are several is not in the catalogue; it matters to nobody.
  unsigned hashes = 0;
  for (const auto& key : facts.unique_keys) {
    if (!key.by_hash || facts.engine != "InnoDB") continue;
    Column hash;
    hash.name = "DB_ROW_HASH_" + std::to_string(++hashes);
    hash.type = static_cast<uint8_t>(FieldType::kLongLong);
    hash.is_unsigned = hash.generated = true;
    hash.nullable = key.nullable;
    out->columns.push_back({hash.name, "bigint", "", true});
    map->columns.push_back(hash);
    out->schema.columns.push_back(std::move(hash));
  }
  return {};
}

}  // namespace

Result<TableDefinition> ReadTableDefinition(Connection* connection, const Collations& collations,
                                            const std::string& database, const std::string& table) {
  const std::string name = database + "." + table;
  SRDF_ASSIGN_OR_RETURN(const auto facts, LoadTableFacts(connection, ForeignKeyGraph(), database, table));
  if (!facts) return Altered(name);
  if (!facts->exists) return Status(StatusCode::kNotFound, "there is no table " + name);
  if (facts->system_versioned) {
    return Status(
        StatusCode::kFailedPrecondition,
        "table " + name + " is system-versioned: its history cannot be read as rows by this version",
        "leave the table out, and copy it by other means");
  }
  if (facts->sequence) return Status(StatusCode::kFailedPrecondition, name + " is a sequence, not a table");
  const std::string where = " WHERE " + WhereTable(*connection, database, table);
  SRDF_ASSIGN_OR_RETURN(const auto columns, LoadTargetColumns(connection, collations, where));
  if (columns.size() != facts->columns.size() || columns.empty()) return Altered(name);

  TableDefinition out;
  out.schema.database = database;
  out.schema.table = table;
  TableMapText map;
  map.database = database;
  map.table = table;
  SRDF_ASSIGN_OR_RETURN(const auto left_out, LeftOut(connection, where, columns));
  const Status status = TakeColumns(connection, collations, *facts, columns, left_out, &out, &map);
  if (!status.ok()) return status.WithContext("table " + name);
  map.primary_key = LoggedKey(*facts, columns);
  out.schema.engine_meta = WriteTableMap(map);

  SRDF_ASSIGN_OR_RETURN(const TableMap decoded, DecodeTableMap(out.schema.engine_meta));
  const TableJudgement judgement = JudgeTable(decoded, *facts);
  out.schema.has_secondary_unique = judgement.has_secondary_unique;
  const bool usable = judgement.logical != nullptr && !judgement.logical->partial &&
                      std::none_of(judgement.key_columns.begin(), judgement.key_columns.end(),
                                   [&](uint16_t c) { return out.schema.columns[c].generated; });
  if (usable) {
    out.schema.key_kind = judgement.key_kind;
    out.schema.key_columns = judgement.key_columns;
    out.key_index = judgement.logical->name;
  }
  return out;
}

}  // namespace srdf::engine_mariadb
