#include "binlog_file/dump_filter.h"

#include <algorithm>

namespace srdf::binlog_file {

Result<DumpFilter> DumpFilter::Parse(const std::string& gtids, const std::string& table) {
  DumpFilter filter;
  if (!table.empty()) {
    const size_t dot = table.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == table.size()) {
      return Status(StatusCode::kInvalidArgument, "\"" + table + "\" does not name a table",
                    "name database and table as in shop.orders, without quotes");
    }
    filter.table_ = table;
  }
  if (gtids.empty()) return filter;
  if (gtids.find(':') != std::string::npos) {
    SRDF_ASSIGN_OR_RETURN(filter.mysql_, engine_mysql::GtidSet::Parse(gtids));
  } else {
    SRDF_ASSIGN_OR_RETURN(filter.mariadb_, engine_mariadb::ParseGtidList(gtids));
  }
  return filter;
}

Status DumpFilter::CheckDialect(engine_mariadb::LogDialect dialect) const {
  if (mariadb_ && dialect == engine_mariadb::LogDialect::kMySql) {
    return {StatusCode::kInvalidArgument, "MariaDB GTIDs are asked for, but the file is of MySQL",
            "give a MySQL GTID set, as in 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"};
  }
  if (mysql_ && dialect == engine_mariadb::LogDialect::kMariaDb) {
    return {StatusCode::kInvalidArgument, "a MySQL GTID set is asked for, but the file is of MariaDB",
            "give MariaDB GTIDs, as in 0-1-5,0-1-6"};
  }
  return {};
}

bool DumpFilter::Wants(const engine_mariadb::Gtid& gtid) const {
  if (!HasGtid()) return true;
  return mariadb_ && std::find(mariadb_->begin(), mariadb_->end(), gtid) != mariadb_->end();
}

bool DumpFilter::Wants(const std::optional<engine_mysql::Gtid>& gtid) const {
  if (!HasGtid()) return true;
  return mysql_ && gtid && mysql_->Contains(*gtid);
}

}  // namespace srdf::binlog_file
