#include "engine_mariadb/source_copy.h"

#include <charconv>

#include "engine_mariadb/foreign_key_graph.h"

namespace srdf::engine_mariadb {

namespace {

Result<bool> AnyInUniqueKey(Connection* connection, const engine::TableId& table,
                            const std::vector<std::string>& columns) {
  if (columns.empty()) return false;
  std::string names;
  for (const std::string& column : columns) names += (names.empty() ? "" : ",") + connection->Quote(column);
  SRDF_ASSIGN_OR_RETURN(const auto rows,
                        connection->Query("SELECT 1 FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 "
                                          "AND TABLE_SCHEMA = " +
                                          connection->Quote(table.database) +
                                          " AND TABLE_NAME = " + connection->Quote(table.table) +
                                          " AND COLUMN_NAME IN (" + names + ") LIMIT 1"));
  return !rows.empty();
}

}  // namespace

Result<std::vector<engine::ForeignKey>> LoadForeignKeys(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const auto graph, ForeignKeyGraph::Load(connection));
  if (!graph) {
    return Status(
        StatusCode::kUnavailable,
        "the source does not tell all of its foreign keys: a table is locked, or a privilege is missing",
        "asked again by itself; if it stays, see `srdfctl preflight`");
  }
  std::vector<engine::ForeignKey> keys;
  for (const auto& [parent, referenced] : graph->acting()) {
    for (const auto& key : referenced.keys) {
      engine::ForeignKey out{{parent.first, parent.second}, {key.child.first, key.child.second}};
      SRDF_ASSIGN_OR_RETURN(out.moves_keys, AnyInUniqueKey(connection, out.child, key.updated));
      keys.push_back(std::move(out));
    }
  }
  for (const auto& [parent, child] : graph->checking()) {
    keys.push_back({{parent.first, parent.second}, {child.first, child.second}, false});
  }
  return keys;
}

Result<std::vector<engine::PreflightProblem>> FindCopyObstacles(Connection* connection, bool new_flow) {
  std::vector<engine::PreflightProblem> problems;
  SRDF_ASSIGN_OR_RETURN(const std::string row_image,
                        connection->QueryValue("SELECT @@global.binlog_row_image"));
  if (row_image != "FULL") {
    problems.push_back(
        {"binlog_row_image is " + row_image +
             ": a row that is given another key while its table is copied would not be whole in "
             "the log",
         "SET GLOBAL binlog_row_image = FULL (sessions that are open keep their own)", true});
  }
  SRDF_ASSIGN_OR_RETURN(const std::string metadata,
                        connection->QueryValue("SELECT @@global.binlog_row_metadata"));
  if (metadata != "FULL") {
    problems.push_back({"binlog_row_metadata is " + metadata +
                            ": the log does not tell the tables' keys, by which changes of rows that are "
                            "not copied yet are left out",
                        "SET GLOBAL binlog_row_metadata = FULL, and in the server's configuration", true});
  }
  if (!new_flow) return problems;
  // Their rows are in no snapshot, and were logged before the flow's log begins.
  auto prepared = connection->Query("XA RECOVER");
  if (prepared.status().code() == StatusCode::kPermissionDenied) return problems;
  if (!prepared.ok()) return prepared.status();
  if (!prepared->empty()) {
    problems.push_back({std::to_string(prepared->size()) +
                            " XA transactions are prepared at the source and have no outcome yet",
                        "XA RECOVER FORMAT='SQL', then XA COMMIT or XA ROLLBACK each, then begin the flow",
                        true});
  }
  return problems;
}

Result<uint64_t> ReadThreadsRunning(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const auto rows, connection->Query("SHOW GLOBAL STATUS LIKE 'Threads_running'"));
  uint64_t running = 0;
  if (!rows.empty() && rows[0].size() > 1 && rows[0][1]) {
    std::from_chars(rows[0][1]->data(), rows[0][1]->data() + rows[0][1]->size(), running);
  }
  return running;
}

}  // namespace srdf::engine_mariadb
