#include "engine_mariadb/ddl_fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

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

// One question per kind of object; {} stands for the condition on the database column.
struct Fact {
  const char* select;
  const char* database_column;
  const char* order;
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
     "trigger_schema", "1, 2"},
    {"SELECT routine_schema, routine_type, routine_name, dtd_identifier, routine_definition, "
     "is_deterministic, "
     "sql_data_access, security_type, sql_mode, routine_comment, definer FROM information_schema.routines",
     "routine_schema", "1, 2, 3"},
    {"SELECT specific_schema, routine_type, specific_name, ordinal_position, parameter_mode, parameter_name, "
     "dtd_identifier FROM information_schema.parameters",
     "specific_schema", "1, 2, 3, 4"},
    {"SELECT event_schema, event_name, definer, time_zone, event_definition, event_type, execute_at, "
     "interval_value, interval_field, sql_mode, starts, ends, status, on_completion, event_comment FROM "
     "information_schema.events",
     "event_schema", "1, 2"},
    {"SELECT table_schema, table_name, partition_ordinal_position, subpartition_ordinal_position, "
     "partition_name, subpartition_name, partition_method, subpartition_method, partition_expression, "
     "subpartition_expression, partition_description, partition_comment FROM information_schema.partitions",
     "table_schema", "1, 2, 3, 4"},
};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool SystemDatabase(const std::string& name) {
  return name == "mysql" || name == "information_schema" || name == "performance_schema" || name == "sys" ||
         name == "srdf";
}

// InnoDB writes a database's name in table names as a file name: letters and digits as they are, others
// perhaps as @ and four hex digits. The pattern lets anything stand for those: a database too many is
// harmless.
std::string InnoDbCondition(Connection* connection, const std::vector<std::string>& databases) {
  std::string condition;
  for (const auto& database : databases) {
    std::string pattern;
    for (const char c : database) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (plain) {
        pattern.push_back(c);
      } else if (pattern.empty() || pattern.back() != '%') {
        pattern.push_back('%');
      }
    }
    condition +=
        (condition.empty() ? "" : " OR ") + std::string("name LIKE ") + connection->Quote(pattern + "/%");
  }
  return condition;
}

Status AddAll(Connection* connection, const std::string& query, Sha256* sha) {
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query(query));
  sha->Add(std::to_string(rows.size()) + "|");
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
                                            const Statement& statement) {
  const std::string text = Lower(statement.sql);
  std::vector<std::string> out;
  for (const auto& name : schemata) {
    if (SystemDatabase(name)) continue;
    if (name == statement.database || text.find(Lower(name)) != std::string::npos) out.push_back(name);
  }
  return out;
}

Result<std::string> DdlFingerprint(Connection* connection, const Statement& statement) {
  const std::string schemata_query =
      "SELECT schema_name, default_character_set_name, default_collation_name, schema_comment FROM "
      "information_schema.schemata ORDER BY 1";
  SRDF_ASSIGN_OR_RETURN(auto rows, connection->Query(schemata_query));
  Sha256 sha;
  std::vector<std::string> schemata;
  for (const auto& row : rows) {
    schemata.push_back(row[0].value_or(""));
    for (const auto& value : row) sha.AddValue(value);
  }
  const std::vector<std::string> databases = ConcernedDatabases(schemata, statement);
  if (databases.empty()) return sha.Finish();
  std::string list;
  for (const auto& database : databases) list += (list.empty() ? "" : ", ") + connection->Quote(database);
  for (const Fact& fact : kFacts) {
    SRDF_RETURN_IF_ERROR(AddAll(connection,
                                std::string(fact.select) + " WHERE " + fact.database_column + " IN (" + list +
                                    ") ORDER BY " + fact.order,
                                &sha));
  }
  // Tables that an ALTER is building, and full-text helpers, come and go by themselves.
  SRDF_RETURN_IF_ERROR(AddAll(connection,
                              "SELECT name, table_id FROM information_schema.innodb_sys_tables WHERE (" +
                                  InnoDbCondition(connection, databases) +
                                  ") AND name NOT LIKE '%#sql%' AND name NOT LIKE '%/FTS\\_%' ORDER BY 1",
                              &sha));
  return sha.Finish();
}

}  // namespace srdf::engine_mariadb
