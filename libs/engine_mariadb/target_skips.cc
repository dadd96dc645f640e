#include "engine_mariadb/target_skips.h"

#include <fmt/format.h>

#include <cstdlib>

namespace srdf::engine_mariadb {

namespace {

std::string WhereWagon(Connection* connection, const WagonHeader& header) {
  return fmt::format(" WHERE flow={} AND epoch={} AND `sequence`={}", connection->Quote(header.flow),
                     header.epoch, header.sequence);
}

// A statement whose applier died may still be running; it holds this lock until it has ended.
Status WaitForStatement(Connection* connection, const std::string& flow) {
  const std::string name = connection->Quote("srdf.ddl." + flow.substr(0, 40));
  SRDF_ASSIGN_OR_RETURN(const std::string locked,
                        connection->QueryValue("SELECT GET_LOCK(" + name + ", 10)"));
  if (locked != "1") {
    return {StatusCode::kAborted, "a DDL statement of flow " + flow +
                                      " still runs at the target: its wagon is skipped when it has ended"};
  }
  return connection->Execute("DO RELEASE_LOCK(" + name + ")");
}

// What the wagon's statements left behind, for people: whether the target has their effect.
Result<std::string> CloseIntents(Connection* connection, const WagonHeader& header) {
  const std::string where = WhereWagon(connection, header);
  SRDF_ASSIGN_OR_RETURN(const auto any,
                        connection->Query("SELECT 1 FROM srdf.ddl_intent" + where + " LIMIT 1"));
  if (any.empty()) return std::string();
  SRDF_RETURN_IF_ERROR(WaitForStatement(connection, header.flow));
  SRDF_ASSIGN_OR_RETURN(
      const auto intents,
      connection->Query("SELECT state, done_at IS NOT NULL, LEFT(sql_text, 200) FROM srdf.ddl_intent" +
                        where + " ORDER BY number FOR UPDATE"));
  std::string text;
  for (const ResultRow& row : intents) {
    const bool has_run = row[1].value_or("") == "1";
    text +=
        fmt::format("{}: {}\n", has_run ? "has run at the target" : row[0].value_or(""), row[2].value_or(""));
  }
  SRDF_RETURN_IF_ERROR(connection->Execute("DELETE FROM srdf.ddl_intent" + where));
  return text;
}

}  // namespace

Status RecordSkip(Connection* connection, const WagonHeader& header, const SkipDecision& decision) {
  SRDF_ASSIGN_OR_RETURN(const std::string ddl, CloseIntents(connection, header));
  SRDF_RETURN_IF_ERROR(connection->Execute(
      fmt::format("UPDATE srdf.xa_prepared SET skipped_after={} WHERE flow={} AND skipped_after=0",
                  header.sequence, connection->Quote(header.flow))));
  std::string tables;
  for (const TableManifest& t : header.tables) {
    tables += fmt::format("{}.{}: {} inserts, {} updates, {} deletes\n", t.database, t.table, t.inserts_after,
                          t.updates_after, t.deletes_after);
  }
  return connection->Execute(fmt::format(
      "INSERT INTO srdf.skipped_wagon (flow, epoch, `sequence`, wagon_uid, reason, actor, decided_at_ms, "
      "gtid_before, gtid_after, changes, ddl) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
      connection->Quote(header.flow), header.epoch, header.sequence, connection->Quote(header.uid),
      connection->Quote(decision.reason), connection->Quote(decision.actor), decision.decided_at_ms,
      connection->Quote(header.first.gtid), connection->Quote(header.last.gtid), connection->Quote(tables),
      connection->Quote(ddl)));
}

Result<std::vector<uint64_t>> SelectSkipped(Connection* connection, const std::string& flow, uint64_t epoch,
                                            uint64_t limit) {
  SRDF_ASSIGN_OR_RETURN(
      const auto rows,
      connection->Query(fmt::format("SELECT `sequence` FROM srdf.skipped_wagon WHERE flow={} AND epoch={} "
                                    "ORDER BY `sequence` DESC LIMIT {}",
                                    connection->Quote(flow), epoch, limit)));
  std::vector<uint64_t> sequences;
  for (const ResultRow& row : rows)
    sequences.push_back(std::strtoull(row[0].value_or("").c_str(), nullptr, 10));
  return sequences;
}

}  // namespace srdf::engine_mariadb
