#include "engine_mariadb/schema_programs.h"

#include <mysqld_error.h>

#include <cstdlib>
#include <utility>

#include "engine_mariadb/view_order.h"

namespace srdf::engine_mariadb {

namespace {

using engine::ObjectName;

std::string Text(const Value& value) { return value.value_or(""); }

// A time in the session's time zone, as microseconds.
std::string Microseconds(const std::string& column) {
  return "CAST(UNIX_TIMESTAMP(" + column + ") * 1000000 AS UNSIGNED)";
}

// The server lacks what the view reads, or who it is read as.
bool MeansBroken(unsigned error) {
  switch (error) {
    case ER_NO_SUCH_TABLE:
    case ER_BAD_DB_ERROR:
    case ER_BAD_FIELD_ERROR:
    case ER_SP_DOES_NOT_EXIST:
    case ER_VIEW_INVALID:
    case ER_NO_SUCH_USER:
    case ER_UNKNOWN_SEQUENCES:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string QuotedName(const ObjectName& object) {
  return Connection::QuoteIdentifier(object.database) + "." + Connection::QuoteIdentifier(object.name);
}

Result<ResultRow> ShowCreate(Connection* connection, const std::string& kind, const ObjectName& name,
                             size_t columns_min) {
  const std::string object = kind + " " + QuotedName(name);
  auto rows = connection->Query("SHOW CREATE " + object);
  if (!rows.ok()) {
    switch (connection->last_errno()) {
      case ER_NO_SUCH_TABLE:
      case ER_BAD_DB_ERROR:
      case ER_SP_DOES_NOT_EXIST:
      case ER_TRG_DOES_NOT_EXIST:
      case ER_EVENT_DOES_NOT_EXIST:
      case ER_UNKNOWN_SEQUENCES:
        return Status(StatusCode::kAborted, object + " was dropped while the schema was read",
                      "read it again");
      default:
        return rows.status().WithContext("cannot read the definition of " + object);
    }
  }
  if (rows->size() != 1 || (*rows)[0].size() < columns_min) {
    return Status(StatusCode::kFailedPrecondition, "the source does not show the definition of " + object);
  }
  return std::move((*rows)[0]);
}

Status SchemaPrograms::Add(const std::string& kind, const ObjectName& name, const ShownColumns& at,
                           const Value& written_us) {
  SRDF_ASSIGN_OR_RETURN(const ResultRow row, ShowCreate(connection_, kind, name, at.charset + 2));
  if (!row[at.text].has_value()) {
    return {StatusCode::kPermissionDenied,
            "the source does not show the text of " + kind + " " + QuotedName(name),
            "GRANT SHOW CREATE ROUTINE ON *.* (before 11.3: SELECT ON mysql.proc) to the user of the source"};
  }
  auto statement = context_->Written(name.database, row, at);
  if (!statement.ok()) return statement.status().WithContext(kind + " " + QuotedName(name));
  // Triggers show the time of their creation; and the schedule of an event had not passed when it was
  // written.
  if (const int64_t us = std::strtoll(Text(written_us).c_str(), nullptr, 10); us > 0) {
    statement->timestamp_us = us;
  }
  // The database had another collation when the object was made, which the object keeps: so the target's has
  // it for a moment, too.
  SRDF_ASSIGN_OR_RETURN(const std::string now, CollationOf(name.database));
  const std::string then = Text(row[at.database_collation]);
  const std::string alter = "ALTER DATABASE " + Connection::QuoteIdentifier(name.database) + " COLLATE = ";
  if (then != now) dump_->after_rows.push_back(context_->Own("", alter + then));
  dump_->after_rows.push_back(std::move(*statement));
  if (then != now) dump_->after_rows.push_back(context_->Own("", alter + now));
  return {};
}

Result<std::string> SchemaPrograms::CollationOf(const std::string& database) {
  if (const auto it = collations_.find(database); it != collations_.end()) return it->second;
  auto name = connection_->QueryValue(
      "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name=" +
      connection_->Quote(database));
  if (name.status().code() == StatusCode::kNotFound) {
    return Status(StatusCode::kAborted, "database " + database + " was dropped while the schema was read",
                  "read it again");
  }
  if (name.ok()) collations_[database] = *name;
  return name;
}

Status SchemaPrograms::AddRoutines() {
  SRDF_ASSIGN_OR_RETURN(
      auto routines,
      connection_->Query("SELECT routine_type, routine_schema, routine_name, " + Microseconds("created") +
                         " FROM information_schema.routines WHERE routine_schema" + kNotInternalSchema +
                         // A package before its body.
                         " ORDER BY routine_schema, routine_type, routine_name"));
  for (const ResultRow& row : routines) {
    SRDF_RETURN_IF_ERROR(Add(Text(row[0]), {Text(row[1]), Text(row[2])},
                             {.text = 2, .charset = 3, .sql_mode = 1, .database_collation = 5}, row[3]));
  }
  return {};
}

Status SchemaPrograms::AddViews(const std::vector<ObjectName>& views) {
  std::vector<ViewText> texts;
  std::vector<Statement> statements;
  for (const ObjectName& name : views) {
    const std::string object = "view " + QuotedName(name);
    auto row = ShowCreate(connection_, "VIEW", name, 4);
    if (row.status().code() == StatusCode::kAborted) return row.status();
    if (!row.ok() && MeansBroken(connection_->last_errno())) {
      dump_->left_out.push_back({object, row.status().message()});
      continue;
    }
    if (!row.ok()) return row.status();
    SRDF_ASSIGN_OR_RETURN(const std::string broken, WhyBroken(name));
    if (!broken.empty()) {
      dump_->left_out.push_back({object, broken});
      continue;
    }
    auto statement = context_->Written(name.database, *row, {.text = 1, .charset = 2});
    if (!statement.ok()) return statement.status().WithContext(object);
    texts.push_back({name.database, name.name, statement->sql});
    statements.push_back(std::move(*statement));
  }
  for (const size_t i : OrderOfViews(texts)) dump_->after_rows.push_back(std::move(statements[i]));
  return {};
}

// Empty when the view can be made, as far as the server says. Its query is prepared, not run.
Result<std::string> SchemaPrograms::WhyBroken(const ObjectName& view) {
  SRDF_ASSIGN_OR_RETURN(
      auto rows, connection_->Query(
                     "SELECT view_definition FROM information_schema.views WHERE table_schema=" +
                     connection_->Quote(view.database) + " AND table_name=" + connection_->Quote(view.name)));
  if (rows.empty() || Text(rows[0][0]).empty()) return std::string();
  const Status prepared =
      connection_->Execute("PREPARE srdf_view FROM " + connection_->Quote(Text(rows[0][0])));
  if (prepared.ok()) {
    SRDF_RETURN_IF_ERROR(connection_->Execute("DEALLOCATE PREPARE srdf_view"));
    return std::string();
  }
  if (prepared.code() == StatusCode::kUnavailable) return prepared;
  return MeansBroken(connection_->last_errno()) ? prepared.message() : std::string();
}

Status SchemaPrograms::AddTriggers(const std::function<bool(const ObjectName&)>& wanted) {
  SRDF_ASSIGN_OR_RETURN(
      auto triggers,
      connection_->Query("SELECT trigger_schema, trigger_name, event_object_table, " +
                         Microseconds("created") + " FROM information_schema.triggers WHERE trigger_schema" +
                         kNotInternalSchema +
                         " ORDER BY trigger_schema, event_object_table, action_timing, "
                         "event_manipulation, action_order"));
  for (const ResultRow& row : triggers) {
    const std::string database = Text(row[0]);
    if (!wanted({database, Text(row[2])})) continue;
    SRDF_RETURN_IF_ERROR(Add("TRIGGER", {database, Text(row[1])},
                             {.text = 2, .charset = 3, .sql_mode = 1, .database_collation = 5}, row[3]));
  }
  return {};
}

Status SchemaPrograms::AddEvents() {
  SRDF_ASSIGN_OR_RETURN(
      auto events, connection_->Query("SELECT event_schema, event_name, " + Microseconds("last_altered") +
                                      " FROM information_schema.events WHERE event_schema" +
                                      kNotInternalSchema + " ORDER BY 1, 2"));
  for (const ResultRow& row : events) {
    SRDF_RETURN_IF_ERROR(
        Add("EVENT", {Text(row[0]), Text(row[1])},
            {.text = 3, .charset = 4, .sql_mode = 1, .database_collation = 6, .time_zone = 2}, row[2]));
  }
  return {};
}

}  // namespace srdf::engine_mariadb
