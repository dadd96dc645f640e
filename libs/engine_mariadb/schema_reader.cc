#include "engine_mariadb/schema_reader.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine_mariadb/schema_context.h"
#include "engine_mariadb/schema_programs.h"
#include "engine_mariadb/source_preflight.h"

namespace srdf::engine_mariadb {

namespace {

using engine::ObjectName;
using engine::SchemaDump;

std::string Text(const Value& value) { return value.value_or(""); }

// information_schema leaves out, without a word, what one may not see.
Status CheckPrivileges(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const std::set<std::string> held, GlobalPrivileges(connection));
  if (held.count("ALL PRIVILEGES") != 0) return {};
  std::string missing;
  for (const char* name : {"SELECT", "SHOW VIEW", "TRIGGER", "EVENT"}) {
    if (held.count(name) == 0) missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  if (missing.empty()) return {};
  SRDF_ASSIGN_OR_RETURN(
      const std::string user,
      connection->QueryValue("SELECT CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', "
                             "QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))"));
  return {StatusCode::kPermissionDenied,
          "the user " + user + " of the source lacks " + missing +
              " on *.*, without which it does not see every table, view, trigger and event",
          "GRANT " + missing + " ON *.* TO " + user};
}

class SchemaReader {
 public:
  SchemaReader(Connection* connection, const engine::SchemaRequest& request, SchemaContext context)
      : connection_(connection), request_(request), context_(std::move(context)) {}

  Result<SchemaDump> Read() {
    SRDF_RETURN_IF_ERROR(ReadNames());
    SRDF_RETURN_IF_ERROR(AddDatabases());
    AddDrops();
    for (const ObjectName& name : sequences_) SRDF_RETURN_IF_ERROR(AddSequence(name));
    for (const ObjectName& name : tables_) {
      SRDF_ASSIGN_OR_RETURN(const ResultRow row, ShowCreate(connection_, "TABLE", name, 2));
      dump_.before_rows.push_back(context_.Own(name.database, Text(row[1])));
    }
    SRDF_RETURN_IF_ERROR(AddDoubts());
    SchemaPrograms programs(connection_, &context_, &dump_);
    if (All()) {
      SRDF_RETURN_IF_ERROR(programs.AddRoutines());
      SRDF_RETURN_IF_ERROR(programs.AddViews(views_));
    }
    SRDF_RETURN_IF_ERROR(programs.AddTriggers([this](const ObjectName& table) { return Wanted(table); }));
    if (All()) SRDF_RETURN_IF_ERROR(programs.AddEvents());
    return std::move(dump_);
  }

 private:
  bool All() const { return request_.tables.empty(); }
  bool Wanted(const ObjectName& table) const {
    return All() || std::find(request_.tables.begin(), request_.tables.end(), table) != request_.tables.end();
  }

  Status ReadNames() {
    SRDF_ASSIGN_OR_RETURN(auto rows, connection_->Query("SELECT table_schema, table_name, table_type FROM "
                                                        "information_schema.tables WHERE table_schema" +
                                                        std::string(kNotInternalSchema) + " ORDER BY 1, 2"));
    for (const ResultRow& row : rows) {
      const std::string type = Text(row[2]);
      ObjectName name{Text(row[0]), Text(row[1])};
      if (type == "VIEW") {
        if (All()) views_.push_back(std::move(name));
      } else if (type == "SEQUENCE") {
        if (All()) sequences_.push_back(std::move(name));
      } else if ((type == "BASE TABLE" || type == "SYSTEM VERSIONED") && Wanted(name)) {
        tables_.push_back(std::move(name));
      }
    }
    for (const ObjectName& name : request_.tables) {
      if (std::find(tables_.begin(), tables_.end(), name) != tables_.end()) continue;
      return {StatusCode::kNotFound, "the source has no table " + QuotedName(name)};
    }
    return {};
  }

  // The database of a table that was asked for stays as it is, when it is there.
  Status AddDatabases() {
    SRDF_ASSIGN_OR_RETURN(auto rows,
                          connection_->Query("SELECT * FROM information_schema.schemata WHERE schema_name" +
                                             std::string(kNotInternalSchema) + " ORDER BY 2"));
    for (const ResultRow& row : rows) {
      // catalog, name, character set, collation, path, comment (10.5)
      const std::string name = Text(row[1]);
      const auto in_it = [&](const ObjectName& table) { return table.database == name; };
      if (!All() && std::none_of(tables_.begin(), tables_.end(), in_it)) continue;
      const std::string quoted = Connection::QuoteIdentifier(name);
      const std::string options = " CHARACTER SET = " + Text(row[2]) + " COLLATE = " + Text(row[3]);
      dump_.before_rows.push_back(context_.Own("", "CREATE DATABASE IF NOT EXISTS " + quoted + options));
      if (!All()) continue;
      const std::string comment = row.size() > 5 ? " COMMENT = " + connection_->Quote(Text(row[5])) : "";
      dump_.before_rows.push_back(context_.Own("", "ALTER DATABASE " + quoted + options + comment));
    }
    return {};
  }

  // DROP VIEW passes over tables and DROP TABLE over views, each with a note.
  void AddDrops() {
    std::string list;
    for (const auto* names : {&tables_, &views_, &sequences_}) {
      for (const ObjectName& name : *names) list += (list.empty() ? "" : ", ") + QuotedName(name);
    }
    if (list.empty()) return;
    dump_.before_rows.push_back(context_.Own("", "DROP VIEW IF EXISTS " + list));
    dump_.before_rows.push_back(context_.Own("", "DROP TABLE IF EXISTS " + list));
  }

  Status AddSequence(const ObjectName& name) {
    SRDF_ASSIGN_OR_RETURN(const ResultRow row, ShowCreate(connection_, "SEQUENCE", name, 2));
    dump_.before_rows.push_back(context_.Own(name.database, Text(row[1])));
    // Its state is its only row; an INSERT sets it.
    SRDF_ASSIGN_OR_RETURN(auto state, connection_->Query("SELECT * FROM " + QuotedName(name)));
    if (state.size() != 1) {
      return {StatusCode::kFailedPrecondition,
              "sequence " + QuotedName(name) + " has no state at the source"};
    }
    std::string values;
    for (const Value& value : state[0]) values += (values.empty() ? "" : ", ") + Text(value);
    dump_.before_rows.push_back(context_.Own(
        name.database, "INSERT INTO " + Connection::QuoteIdentifier(name.name) + " VALUES (" + values + ")"));
    return {};
  }

  Status AddDoubts() {
    SRDF_ASSIGN_OR_RETURN(
        auto rows, connection_->Query(
                       "SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE "
                       "character_set_name IN ('utf8mb4', 'utf16', 'utf16le', 'utf32') AND "
                       "(column_default LIKE '\\'%?%\\'' OR (data_type IN ('enum', 'set') AND column_type "
                       "LIKE '%?%')) AND table_schema" +
                       std::string(kNotInternalSchema) + " ORDER BY 1, 2, ordinal_position"));
    for (const ResultRow& row : rows) {
      const ObjectName table{Text(row[0]), Text(row[1])};
      if (std::find(tables_.begin(), tables_.end(), table) == tables_.end()) continue;
      dump_.doubts.push_back({"column " + QuotedName(table) + "." + Connection::QuoteIdentifier(Text(row[2])),
                              "its default or its elements are shown with a '?', which may stand for a "
                              "character that the server "
                              "does not show: compare them at source and target"});
    }
    return {};
  }

  Connection* const connection_;
  const engine::SchemaRequest& request_;
  const SchemaContext context_;
  std::vector<ObjectName> tables_, views_, sequences_;
  SchemaDump dump_;
};

}  // namespace

Result<SchemaDump> ReadSchemaObjects(Connection* connection, const engine::SchemaRequest& request) {
  SRDF_RETURN_IF_ERROR(CheckPrivileges(connection));
  // The bytes of a text come as they are; names, and whatever the server writes itself, are UTF-8.
  SRDF_RETURN_IF_ERROR(connection->Execute(
      "SET SESSION character_set_client=utf8mb4, collation_connection=utf8mb4_general_ci, "
      "character_set_results=NULL, sql_mode='', time_zone='+00:00', sql_quote_show_create=1, "
      "lock_wait_timeout=20, max_statement_time=0"));
  SRDF_ASSIGN_OR_RETURN(SchemaContext context, SchemaContext::Read(connection));
  return SchemaReader(connection, request, std::move(context)).Read();
}

}  // namespace srdf::engine_mariadb
