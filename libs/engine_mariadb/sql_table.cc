#include "engine_mariadb/sql_table.h"

#include <strings.h>

#include <algorithm>

namespace srdf::engine_mariadb {

namespace {

const std::string& Text(const Value& value) {
  static const std::string kEmpty;
  return value ? *value : kEmpty;
}

// Columns of the server's own making, which row events carry and the catalogue does not show.
bool Hidden(const std::string& name) {
  return name == "row_start" || name == "row_end" || name.rfind("DB_ROW_HASH_", 0) == 0;
}

Status LoadColumns(Connection* connection, const TableSchema& schema, const std::string& where,
                   SqlTable* out) {
  SRDF_ASSIGN_OR_RETURN(const auto rows,
                        connection->Query("SELECT column_name, data_type, character_set_name, column_type, "
                                          "is_generated, extra FROM information_schema.columns" +
                                          where));
  for (const srdf::Column& column : schema.columns) {
    SqlTable::Column& made = out->columns.emplace_back();
    made.quoted_name = Connection::QuoteIdentifier(column.name);
    made.sql.name = column.name;
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const ResultRow& r) {
      return strcasecmp(Text(r[0]).c_str(), column.name.c_str()) == 0;
    });
    if (row == rows.end()) {
      if (Hidden(column.name)) continue;
      return {StatusCode::kFailedPrecondition,
              out->quoted_name + " has no column " + made.quoted_name + " at the target",
              "alter the table at the target so that it has the source's columns, then resume the flow"};
    }
    made.visible = true;
    made.sql.data_type = Text((*row)[1]);
    made.sql.character_set = Text((*row)[2]);
    made.sql.is_unsigned = Text((*row)[3]).find("unsigned") != std::string::npos;
    made.generated = Text((*row)[4]) == "ALWAYS";
    made.stored = made.generated && Text((*row)[5]).find("STORED") != std::string::npos;
    made.changes_itself = Text((*row)[5]).find("on update") != std::string::npos;
  }
  return {};
}

}  // namespace

Result<SqlTable> LoadSqlTable(Connection* connection, const TableSchema& schema) {
  SqlTable out;
  out.quoted_name =
      Connection::QuoteIdentifier(schema.database) + "." + Connection::QuoteIdentifier(schema.table);
  const std::string where = " WHERE table_schema=" + connection->Quote(schema.database) +
                            " AND table_name=" + connection->Quote(schema.table);
  SRDF_ASSIGN_OR_RETURN(
      const auto type,
      connection->Query("SELECT t.table_type, e.transactions FROM information_schema.tables t "
                        "LEFT JOIN information_schema.engines e ON e.engine=t.engine" +
                        where));
  if (!type.empty()) {
    out.transactional = Text(type[0][1]) == "YES";
    out.sequence = Text(type[0][0]) == "SEQUENCE";
    out.system_versioned = Text(type[0][0]) == "SYSTEM VERSIONED";
  }
  SRDF_RETURN_IF_ERROR(LoadColumns(connection, schema, where, &out));
  SRDF_ASSIGN_OR_RETURN(
      const auto keys, connection->Query("SELECT index_name, column_name FROM information_schema.statistics" +
                                         where + " AND non_unique=0"));
  for (const auto& row : keys) {
    if (Text(row[0]) != "PRIMARY") out.other_unique_keys = true;
    for (size_t i = 0; i < out.columns.size() && Text(row[0]) == "PRIMARY"; ++i) {
      if (strcasecmp(out.columns[i].sql.name.c_str(), Text(row[1]).c_str()) != 0) continue;
      out.primary_key.push_back(static_cast<uint16_t>(i));
    }
  }
  std::sort(out.primary_key.begin(), out.primary_key.end());
  // Periods that must not overlap are nowhere else in the catalogue of every version. The words in a comment
  // do no harm: the table is only written more slowly.
  SRDF_ASSIGN_OR_RETURN(const auto create, connection->Query("SHOW CREATE TABLE " + out.quoted_name));
  if (!create.empty() && Text(create[0][1]).find("WITHOUT OVERLAPS") != std::string::npos) {
    out.other_unique_keys = true;
  }
  return out;
}

Status LoadSqlTriggers(Connection* connection, const TableSchema& schema, SqlTable* out) {
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection->Query("SELECT event_manipulation, trigger_name FROM information_schema.triggers WHERE "
                        "event_object_schema=" +
                        connection->Quote(schema.database) +
                        " AND event_object_table=" + connection->Quote(schema.table) + " ORDER BY 1, 2"));
  out->insert_triggers.clear();
  out->update_triggers.clear();
  out->delete_triggers.clear();
  for (const auto& row : rows) {
    std::string& names = Text(row[0]) == "INSERT"   ? out->insert_triggers
                         : Text(row[0]) == "UPDATE" ? out->update_triggers
                                                    : out->delete_triggers;
    names += (names.empty() ? "" : ", ") + Text(row[1]);
  }
  return {};
}

}  // namespace srdf::engine_mariadb
