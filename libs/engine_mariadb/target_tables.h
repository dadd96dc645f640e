// TargetTables: do the tables at the target have the columns and the key that the rows have, and can they
// roll back?
//
// The server converts the values of a row event to the types that it finds, and fills or drops the columns
// that one side has more, all without a word. So everything that the log says of the columns is compared
// with the target's catalogue (target_columns.h) before anything is applied: once per table and session, and
// again whenever a wagon brings a table with other columns, or a DDL statement has run. Two questions to
// information_schema per table (measured: under a millisecond).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/foreign_key_graph.h"
#include "engine_mariadb/target_columns.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

class TargetTables {
 public:
  explicit TargetTables(Connection* connection) : connection_(connection) {}

  // kFailedPrecondition, with both definitions, when the columns or the foreign keys that act differ, when
  // the key that rows are told apart by is not there, when database or table are missing, and when the engine
  // cannot roll back.
  Status Check(const TableSchema& schema);

  // Gives columns that the source's log and catalogue could not name the names, and signs, of the target's,
  // by their order: the target's table is that of the rows' position. kFailedPrecondition when their numbers
  // differ. Before Check, which compares the types.
  Status NameColumns(TableSchema* schema);

  // For rows that name a row by its key alone: kFailedPrecondition, with both keys, when the schema's key is
  // a primary key and not the table's. After Check.
  Status CheckKey(const TableSchema& schema) const;

  // What is known of the tables no longer holds.
  void Forget() {
    checked_.clear();
    foreign_keys_.reset();
  }

 private:
  using Names = std::vector<std::string>;

  Result<std::vector<TargetColumn>> Load(const std::string& where);
  Status CheckColumns(const std::string& name, const TableSchema& schema,
                      const std::vector<TargetColumn>& found) const;
  Status CheckLogicalKey(const std::string& name, const std::string& where, const TableSchema& schema,
                         const Names& primary_key);
  Status CheckEngine(const std::string& name, const std::string& where);
  Status CheckForeignKeys(const std::string& name, const TableSchema& schema);
  Status LoadForeignKeys();
  Result<bool> NoForeignKeyActsOn(const TableSchema& schema);
  Status Missing(const std::string& name, const TableSchema& schema);

  Connection* const connection_;
  std::optional<Collations> collations_;
  std::optional<ForeignKeyGraph> foreign_keys_;
  struct Known {
    TableSchema schema;  // found to fit
    Names primary_key;   // in table order
  };
  std::map<std::pair<std::string, std::string>, Known> checked_;
};

}  // namespace srdf::engine_mariadb
