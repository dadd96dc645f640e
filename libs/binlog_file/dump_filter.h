// DumpFilter: which transactions and tables are asked for. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "binlog_file/table_maps.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mysql/gtid_set.h"

namespace srdf::binlog_file {

class DumpFilter {
 public:
  // `gtids`: MariaDB GTIDs ("0-1-5,0-1-6") or a MySQL GTID set, empty for all. `table`: "db.table", empty for
  // all.
  static Result<DumpFilter> Parse(const std::string& gtids, const std::string& table);

  // kInvalidArgument when the GTIDs are those of the other product: nothing would ever be found.
  Status CheckDialect(engine_mariadb::LogDialect dialect) const;

  bool HasTable() const { return !table_.empty(); }
  bool Wants(const KnownTable& table) const { return table_.empty() || table.Name() == table_; }

  bool HasGtid() const { return mariadb_ || mysql_; }
  bool Wants(const engine_mariadb::Gtid& gtid) const;
  bool Wants(const std::optional<engine_mysql::Gtid>& gtid) const;

 private:
  std::string table_;
  std::optional<std::vector<engine_mariadb::Gtid>> mariadb_;
  std::optional<engine_mysql::GtidSet> mysql_;
};

}  // namespace srdf::binlog_file
