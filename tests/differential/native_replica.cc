#include "differential/native_replica.h"

#include <chrono>
#include <map>
#include <thread>

namespace srdf::differential {

namespace {

constexpr std::chrono::seconds kAdvanceMax{60};

// SHOW SLAVE STATUS by column name.
Result<std::map<std::string, std::string>> ReplicaStatus(engine_mariadb::Connection* connection) {
  static constexpr char kSql[] = "SHOW SLAVE STATUS";
  MYSQL* mysql = connection->handle();
  if (mysql_real_query(mysql, kSql, sizeof(kSql) - 1) != 0) return connection->LastError(kSql);
  MYSQL_RES* result = mysql_store_result(mysql);
  if (result == nullptr) return connection->LastError(kSql);
  std::map<std::string, std::string> status;
  if (const MYSQL_ROW row = mysql_fetch_row(result)) {
    const MYSQL_FIELD* fields = mysql_fetch_fields(result);
    for (unsigned i = 0; i < mysql_num_fields(result); ++i) {
      status[fields[i].name] = row[i] == nullptr ? "" : row[i];
    }
  }
  mysql_free_result(result);
  return status;
}

}  // namespace

Status NativeReplica::Begin(const std::string& gtid_position) {
  SRDF_ASSIGN_OR_RETURN(connection_, replica_.Connect());
  SRDF_RETURN_IF_ERROR(connection_->Execute("SET GLOBAL gtid_slave_pos='" + gtid_position + "'"));
  return connection_->Execute(
      "CHANGE MASTER TO master_host='127.0.0.1', master_port=" + std::to_string(source_.port()) +
      ", master_user='root', master_use_gtid=slave_pos, master_connect_retry=1");
}

Status NativeReplica::AdvanceTo(const std::string& gtid_position) {
  SRDF_RETURN_IF_ERROR(connection_->Execute("STOP SLAVE"));  // the I/O thread may still be ending
  SRDF_RETURN_IF_ERROR(connection_->Execute("START SLAVE UNTIL master_gtid_pos='" + gtid_position + "'"));
  const auto deadline = std::chrono::steady_clock::now() + kAdvanceMax;
  while (std::chrono::steady_clock::now() < deadline) {
    SRDF_ASSIGN_OR_RETURN(auto status, ReplicaStatus(connection_.get()));
    if (status["Slave_SQL_Running"] == "No") {
      if (status["Last_SQL_Error"].empty() && status["Last_IO_Error"].empty()) return {};
      return {StatusCode::kAborted, status["Last_SQL_Error"] + status["Last_IO_Error"]};
    }
    if (!status["Last_IO_Error"].empty() && status["Slave_IO_Running"] == "No") {
      return {StatusCode::kAborted, status["Last_IO_Error"]};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return {StatusCode::kDeadlineExceeded, "the native replica has not reached " + gtid_position + " in " +
                                             std::to_string(kAdvanceMax.count()) + " s"};
}

}  // namespace srdf::differential
