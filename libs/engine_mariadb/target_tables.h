// TargetTables: do the tables at the target have the columns and the key that the rows have, and can they
// roll back?
//
// The server checks types when it executes a row event, but when one side has more columns than the other it
// fills or drops them without a word. So the names and their order are compared, once per table and session,
// and again whenever a wagon brings a table with other columns, or a DDL statement has run.
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

  // kFailedPrecondition, with both lists, when the columns differ or the table is missing, and when its
  // engine cannot roll back.
  Status Check(const TableSchema& schema);

  // For rows that name a row by its key alone: kFailedPrecondition, with both keys, when the schema's key is
  // a primary key and not the table's. After Check.
  Status CheckKey(const TableSchema& schema) const;

  // What is known of the tables no longer holds.
  void Forget() { checked_.clear(); }

 private:
  using Names = std::vector<std::string>;

  Status CheckEngine(const std::string& name, const std::string& where);

  Connection* const connection_;
  struct Known {
    Names columns;      // found to be equal
    Names primary_key;  // in table order
  };
  std::map<std::pair<std::string, std::string>, Known> checked_;
};

}  // namespace srdf::engine_mariadb
