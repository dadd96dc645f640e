#include "engine_mariadb/ddl_fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "engine_mariadb/names_in_text.h"

namespace srdf::engine_mariadb {

namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  void AddValue(const Value& value) {
    // Injective: a mark, the length, the bytes.
    Add(value.has_value() ? std::to_string(value->size()) + ":" : std::string("n:"));
    if (value.has_value()) Add(std::string_view(*value));
  }
  std::string Finish() {
    std::string out(32, '\0');
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

enum class ObjectKind : uint8_t { kTable, kTrigger, kRoutine, kEvent };

// One question per kind of object.
struct Fact {
  const char* select;
  const char* database_column;
  const char* order;
  size_t name = 1;  // which column is the name that the statement must contain
  ObjectKind kind = ObjectKind::kTable;
};
constexpr Fact kFacts[] = {
    {"SELECT table_schema, table_name, table_type, engine, row_format, table_collation, create_options, "
     "table_comment FROM information_schema.tables",
     "table_schema", "1, 2"},
    {"SELECT table_schema, table_name, column_name, ordinal_position, column_default, is_nullable, "
     "column_type, "
     "character_set_name, collation_name, column_key, extra, column_comment, is_generated, "
     "generation_expression "
     "FROM information_schema.columns",
     "table_schema", "1, 2, 4"},
    {"SELECT table_schema, table_name, index_name, seq_in_index, column_name, non_unique, collation, "
     "sub_part, "
     "nullable, index_type, comment, index_comment, ignored FROM information_schema.statistics",
     "table_schema", "1, 2, 3, 4"},
    {"SELECT constraint_schema, table_name, constraint_name, constraint_type FROM "
     "information_schema.table_constraints",
     "constraint_schema", "1, 2, 3, 4"},
    {"SELECT constraint_schema, table_name, constraint_name, unique_constraint_schema, "
     "referenced_table_name, "
     "unique_constraint_name, match_option, update_rule, delete_rule FROM "
     "information_schema.referential_constraints",
     "constraint_schema", "1, 2, 3"},
    {"SELECT table_schema, table_name, constraint_name, column_name, ordinal_position, "
     "referenced_table_schema, "
     "referenced_table_name, referenced_column_name FROM information_schema.key_column_usage",
     "table_schema", "1, 2, 3, 5"},
    {"SELECT constraint_schema, table_name, constraint_name, check_clause FROM "
     "information_schema.check_constraints",
     "constraint_schema", "1, 2, 3"},
    {"SELECT table_schema, table_name, view_definition, check_option, definer, security_type, "
     "character_set_client, collation_connection, algorithm FROM information_schema.views",
     "table_schema", "1, 2"},
    {"SELECT trigger_schema, trigger_name, event_manipulation, event_object_table, action_order, "
     "action_statement, action_timing, sql_mode, definer, character_set_client, collation_connection FROM "
     "information_schema.triggers",
     "trigger_schema", "1, 2", 1, ObjectKind::kTrigger},
    {"SELECT routine_schema, routine_type, routine_name, dtd_identifier, routine_definition, "
     "is_deterministic, "
     "sql_data_access, security_type, sql_mode, routine_comment, definer FROM information_schema.routines",
     "routine_schema", "1, 2, 3", 2, ObjectKind::kRoutine},
    {"SELECT specific_schema, routine_type, specific_name, ordinal_position, parameter_mode, parameter_name, "
     "dtd_identifier FROM information_schema.parameters",
     "specific_schema", "1, 2, 3, 4", 2, ObjectKind::kRoutine},
    {"SELECT event_schema, event_name, definer, time_zone, event_definition, event_type, execute_at, "
     "interval_value, interval_field, sql_mode, starts, ends, status, on_completion, event_comment FROM "
     "information_schema.events",
     "event_schema", "1, 2", 1, ObjectKind::kEvent},
    {"SELECT table_schema, table_name, partition_ordinal_position, subpartition_ordinal_position, "
     "partition_name, subpartition_name, partition_method, subpartition_method, partition_expression, "
     "subpartition_expression, partition_description, partition_comment FROM information_schema.partitions",
     "table_schema", "1, 2, 3, 4"},
};

bool SystemDatabase(const std::string& name) {
  return name == "mysql" || name == "information_schema" || name == "performance_schema" || name == "sys" ||
         name == "srdf";
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

// The statement in the character set in which the catalogue answers.
Result<std::string> TextAsNames(Connection* connection, const Statement& statement) {
  const bool ascii = std::none_of(statement.sql.begin(), statement.sql.end(),
                                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (ascii || !statement.has_charset) return statement.sql;
  auto charset =
      connection->QueryValue("SELECT character_set_name FROM information_schema.collations WHERE id=" +
                             std::to_string(statement.charset_client));
  if (charset.status().code() == StatusCode::kNotFound) return statement.sql;
  if (!charset.ok()) return charset.status();
  if (*charset == "utf8mb4" || *charset == "utf8mb3" || *charset == "utf8") return statement.sql;
  return connection->QueryValue("SELECT CONVERT(CONVERT(x'" + Hex(statement.sql) + "' USING " + *charset +
                                ") USING utf8mb4)");
}

// InnoDB writes names as file names: letters, digits and _ as they are, others as @ and some letters or
// digits. The pattern lets anything stand for those.
std::string InnoDbPattern(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    if (c == '_') {
      pattern += "\\_";
    } else if (IdentifierByte(c) && c != '$' && static_cast<unsigned char>(c) < 0x80) {
      pattern.push_back(c);
    } else if (pattern.empty() || pattern.back() != '%') {
      pattern.push_back('%');
    }
  }
  return pattern;
}

// Database and name.
using Table = std::pair<std::string, std::string>;

// The tables and views that the text names. The server opens none to answer this, but all of a database to
// say more of any: what is asked of tables is asked of these alone.
Result<std::vector<Table>> NamedTables(Connection* connection, const std::string& databases,
                                       NamesInText* names) {
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query("SELECT table_schema, table_name FROM "
                                                     "information_schema.tables WHERE table_schema IN (" +
                                                     databases + ") ORDER BY 1, 2"));
  std::vector<Table> out;
  for (const auto& row : rows) {
    if (names->Has(row[1].value_or(""))) out.emplace_back(row[0].value_or(""), row[1].value_or(""));
  }
  return out;
}

// A statement that changes such an object says what it is.
bool CanConcern(ObjectKind kind, NamesInText* text) {
  switch (kind) {
    case ObjectKind::kTable:
      return true;
    case ObjectKind::kTrigger:
      return text->Has("trigger");
    case ObjectKind::kRoutine:
      return text->Has("procedure") || text->Has("function") || text->Has("package");
    case ObjectKind::kEvent:
      return text->Has("event");
  }
  return true;
}

// The facts of those objects whose names occur in the text.
Status AddNamed(Connection* connection, const std::string& query, size_t name_column, NamesInText* names,
                Sha256* sha) {
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query(query));
  for (const auto& row : rows) {
    if (!names->Has(row[name_column].value_or(""))) continue;
    sha->Add("+");
    for (const auto& value : row) sha->AddValue(value);
  }
  return {};
}

// Tables that an ALTER is building, and full-text helpers, come and go by themselves.
Status AddTableNumbers(Connection* connection, const std::vector<Table>& tables, Sha256* sha) {
  if (tables.empty()) return {};
  std::string condition;
  for (const auto& [database, table] : tables) {
    const std::string pattern = InnoDbPattern(database) + "/" + InnoDbPattern(table);
    condition += (condition.empty() ? "" : " OR ") + std::string("name LIKE ") + connection->Quote(pattern) +
                 " OR name LIKE " + connection->Quote(pattern + "#P#%");
  }
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query("SELECT name, table_id FROM "
                                                     "information_schema.innodb_sys_tables WHERE (" +
                                                     condition +
                                                     ") AND name NOT LIKE '%#sql%' AND name NOT LIKE "
                                                     "'%/FTS\\_%' ORDER BY 1"));
  for (const auto& row : rows) {
    for (const auto& value : row) sha->AddValue(value);
  }
  return {};
}

}  // namespace

std::string Digest(std::string_view text) {
  Sha256 sha;
  sha.Add(text);
  return sha.Finish();
}

std::vector<std::string> ConcernedDatabases(const std::vector<std::string>& schemata,
                                            const std::string& default_database, std::string_view text) {
  NamesInText names(text);
  std::vector<std::string> out;
  for (const auto& name : schemata) {
    if (SystemDatabase(name)) continue;
    if (name == default_database || names.Has(name)) out.push_back(name);
  }
  return out;
}

Result<std::string> DdlFingerprint(Connection* connection, const Statement& statement) {
  SRDF_ASSIGN_OR_RETURN(const std::string text, TextAsNames(connection, statement));
  const std::string schemata_query =
      "SELECT schema_name, default_character_set_name, default_collation_name, schema_comment FROM "
      "information_schema.schemata ORDER BY 1";
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query(schemata_query));
  std::vector<std::string> schemata;
  for (const auto& row : rows) schemata.push_back(row[0].value_or(""));
  const std::vector<std::string> databases = ConcernedDatabases(schemata, statement.database, text);
  Sha256 sha;
  for (const auto& row : rows) {
    if (std::find(databases.begin(), databases.end(), row[0].value_or("")) == databases.end()) continue;
    for (const auto& value : row) sha.AddValue(value);
  }
  if (databases.empty()) return sha.Finish();
  std::string list;
  for (const auto& database : databases) list += (list.empty() ? "" : ", ") + connection->Quote(database);
  NamesInText names(text);
  SRDF_ASSIGN_OR_RETURN(const std::vector<Table> tables, NamedTables(connection, list, &names));
  std::string table_list;
  for (const auto& [database, table] : tables) {
    table_list += (table_list.empty() ? "" : ", ") + connection->Quote(table);
  }
  for (const Fact& fact : kFacts) {
    const bool of_tables = fact.kind == ObjectKind::kTable;
    if (CanConcern(fact.kind, &names) && !(of_tables && tables.empty())) {
      SRDF_RETURN_IF_ERROR(AddNamed(
          connection,
          std::string(fact.select) + " WHERE " + fact.database_column + " IN (" + list + ")" +
              (of_tables ? " AND table_name IN (" + table_list + ")" : "") + " ORDER BY " + fact.order,
          fact.name, &names, &sha));
    }
    sha.Add("|");
  }
  SRDF_RETURN_IF_ERROR(AddTableNumbers(connection, tables, &sha));
  return sha.Finish();
}

}  // namespace srdf::engine_mariadb
