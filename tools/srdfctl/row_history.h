// RowHistory: the changes of one row in the payload of a wagon.
//
// Fed with records as they come off a WagonReader, in order. Memory: the schemas of the wanted table, and
// what was found. One object per wagon, driven by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/row_finder.h"
#include "model/mark.h"
#include "model/record.h"
#include "model/statement.h"

namespace srdf::ctl {

// A row as it is named on the command line: shop.orders:7, shop.prices:1,'abc', `my.db`.`a table`:x'00ff'.
struct RowName {
  std::string database;
  std::string table;
  std::vector<engine_mariadb::KeyValue> key;

  static Result<RowName> Parse(std::string_view text);  // kInvalidArgument with an example
  std::string TableName() const { return database + "." + table; }
};

struct RowChange {
  // insert, update, delete; copied (the row came with a copy of its table), repaired, removed (a repair found
  // that the source does not have it); statement (one that names the table); xa_commit, xa_rollback.
  std::string what;
  engine_mariadb::FoundRow row;
  std::string xid;  // it was prepared: it counts at the place of its xa_commit
  std::string sql;
};

class RowHistory {
 public:
  explicit RowHistory(const RowName& name) : name_(name) {}

  // Whole records. kDataLoss when they are no payload; other errors are RowFinder's.
  Status Add(std::string_view records);
  // The end of the payload.
  void Finish();

  const std::vector<RowChange>& changes() const { return changes_; }
  // Rows of the table that were looked at.
  uint64_t rows() const { return rows_; }

 private:
  Status AddRecord(const Record& record, const std::string& xid);
  Status AddSchema(ByteView body);
  Status AddRun(ByteView body, const std::string& xid);
  Status AddRangeCopy(ByteView body);
  Status AddPart(ByteView body);
  void AddStatement(const Statement& statement);
  engine_mariadb::RowFinder* Finder(uint32_t table_ref) const;

  const RowName name_;
  std::map<uint32_t, std::unique_ptr<engine_mariadb::RowFinder>> finders_;  // of the wanted table alone
  std::vector<RowChange> changes_;
  uint64_t rows_ = 0;
  RangeCopyKind copy_ = {};      // of the rows that come now; 0: they are changes
  bool removed_unless_ = false;  // the row's key is copied: it is gone unless its row follows
};

}  // namespace srdf::ctl
