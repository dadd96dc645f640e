// TableMaps: which table the table ids of a log's row events mean, at the place where the reader is.
//
// A map holds until the statement ends (the last row event of a statement says so); the same description
// comes back with each statement, so decoded ones are kept, a bounded number of them. Not thread safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/status.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/table_map.h"
#include "model/schema.h"

namespace srdf::binlog_file {

struct KnownTable {
  engine_mariadb::TableMap map;
  // Columns as rows are shown: with names (@1, @2, … when the log has none), and text of unknown character
  // set taken for UTF-8, which it is unless it cannot be.
  std::vector<Column> columns;
  engine_mariadb::RowLayout layout;
  bool signs_unknown = false;  // it has integers, and the log does not say which are unsigned

  std::string Name() const { return map.database + "." + map.table; }
};

class TableMaps {
 public:
  // `body` is that of a TABLE_MAP event.
  Result<std::shared_ptr<const KnownTable>> Add(ByteView body, engine_mariadb::LogDialect dialect);
  // Nothing when the id was not announced.
  std::shared_ptr<const KnownTable> Find(uint64_t table_id) const;
  // The statement has ended.
  void Forget() { by_id_.clear(); }

 private:
  std::unordered_map<uint64_t, std::shared_ptr<const KnownTable>> by_id_;
  std::unordered_map<std::string, std::shared_ptr<const KnownTable>> by_description_;
};

}  // namespace srdf::binlog_file
