#include "engine_mariadb/source_copy.h"

#include <charconv>

#include "engine_mariadb/foreign_key_graph.h"

namespace srdf::engine_mariadb {

Result<std::vector<engine::ActingForeignKey>> LoadActingForeignKeys(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const auto graph, ForeignKeyGraph::Load(connection));
  if (!graph) {
    return Status(
        StatusCode::kUnavailable,
        "the source does not tell all of its foreign keys: a table is locked, or a privilege is missing",
        "asked again by itself; if it stays, see `srdfctl preflight`");
  }
  std::vector<engine::ActingForeignKey> keys;
  for (const auto& [parent, child] : graph->Acting()) {
    keys.push_back({{parent.first, parent.second}, {child.first, child.second}});
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
