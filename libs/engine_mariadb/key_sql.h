// KeySql: keys of a table as SQL: conditions for ranges and single keys, in the order of the key's index.
//
// A range over several columns is written as an OR of its steps, (`a`>1 OR `a`=1 AND `b`>2), which the server
// reads as ranges of the index; comparing rows, (`a`,`b`)>(1,2), makes it read the whole index (seen on
// 10.11 with EXPLAIN). Values compare as their columns do: under a collation keys with other bytes can be
// equal. So source and target mean the same rows by a range as long as their keys have the same columns, in
// the same order, of the same types.
//
// The session that runs them is one for SqlLiteral. Pure; made once per table.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "engine/snapshot.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/sql_literal.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// Ordinals of the key's columns in the order of the index as the source's log or catalogue has it; in the
// table's order when it does not say.
std::vector<uint16_t> KeyOrderOf(const TableSchema& schema);

class KeySql {
 public:
  // `columns` by the ordinals of the schema's columns; only those of the key are looked at. The order is the
  // one that the table map names, else the table's. kFailedPrecondition when the table has no key, or one
  // with a column that cannot be read.
  static Result<KeySql> Build(const TableSchema& schema, const std::vector<SqlColumn>& columns);

  // Ordinals, in the index's order.
  const std::vector<uint16_t>& order() const { return order_; }
  // "`b`,`a`": for ORDER BY.
  const std::string& column_list() const { return column_list_; }

  // Conditions, in brackets; a range without ends is TRUE. kDataLoss: not a key of this table;
  // kFailedPrecondition: it has no literal.
  Status AppendRange(const engine::KeyRange& range, std::string* out) const;
  Status AppendKey(ByteView key, std::string* out) const;
  // Any of them; at least one. One column: IN (…).
  Status AppendKeys(const std::string* keys, size_t count, std::string* out) const;

  // The key that these values make up, ordinals as in TableSchema::key_columns.
  const std::vector<uint16_t>& key_columns() const { return key_columns_; }

 private:
  struct Part {          // in the index's order
    uint16_t place = 0;  // among key_columns
    Column column;
    SqlColumn sql;
    std::string quoted_name;
  };

  // The literals of a key, in the index's order.
  Status Literals(ByteView key, std::vector<std::string>* out) const;
  void AppendSteps(const std::vector<std::string>& literals, char sign, bool inclusive,
                   std::string* out) const;

  std::string table_;
  std::vector<uint16_t> key_columns_;
  std::vector<ColumnLayout> layouts_;  // of key_columns_
  std::vector<uint16_t> order_;
  std::vector<Part> parts_;
  std::string column_list_;
};

}  // namespace srdf::engine_mariadb
