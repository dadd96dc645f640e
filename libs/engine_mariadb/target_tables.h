// TargetTables: do the tables at the target have the columns that the rows have?
//
// The server checks types when it executes a row event, but when one side has more columns than the other it
// fills or drops them without a word. So the names and their order are compared, once per table and session,
// and again whenever a wagon brings a table with other columns.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

class TargetTables {
 public:
  explicit TargetTables(Connection* connection) : connection_(connection) {}

  // kFailedPrecondition, with both lists, when the columns differ or the table is missing.
  Status Check(const TableSchema& schema);

 private:
  using Names = std::vector<std::string>;

  Connection* const connection_;
  std::map<std::pair<std::string, std::string>, Names> checked_;  // columns found to be equal
};

}  // namespace srdf::engine_mariadb
