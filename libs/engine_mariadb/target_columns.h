// The columns of a table at the target as its catalogue describes them, in the terms of the log, so that they
// can be compared with those that the rows have.
//
// The server converts a row event's values to the types that it finds, and mostly says nothing: a longer
// VARCHAR, another character set, ENUM labels in another order are accepted. So every column must have the
// type, length, precision, sign, character set, labels and nullability that the log says. Not told by the
// log: the kind of a geometry, and whether 16 (4) fixed bytes are a UUID or INET6 (INET4); these are not
// compared. What the log of the source leaves out (binlog_row_metadata below FULL) is not compared either.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// Collations by number and name; read once per session.
class Collations {
 public:
  struct Collation {
    std::string name;
    std::string charset;
    uint32_t bytes_per_character_max = 1;
  };
  static Result<Collations> Load(Connection* connection);
  const Collation* Find(uint16_t id) const;
  std::optional<uint16_t> IdOf(const std::string& name) const;

 private:
  std::map<uint16_t, Collation> by_id_;
  std::map<std::string, uint16_t> by_name_;
};

struct TargetColumn {
  // As a table map would describe it; labels in UTF-8, and of temporal types of before MariaDB 10.1 the
  // fraction's digits as well, which a map does not have.
  Column column;
  bool known = false;  // false: a data type that this version does not know; type and meta say nothing
  bool primary = false;
  bool generated = false;
  bool stored = false;  // generated, and kept in the row
};

// In table order; empty when there is no such table. `where` is " WHERE table_schema=… AND table_name=…".
Result<std::vector<TargetColumn>> LoadTargetColumns(Connection* connection, const Collations& collations,
                                                    const std::string& where);

// May values of a column of the source be stored as they are?
bool SameColumn(const Column& source, const TargetColumn& target);

// The column's type as SQL writes it: "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL".
std::string ColumnDefinition(const Column& column, const Collations& collations);

}  // namespace srdf::engine_mariadb
