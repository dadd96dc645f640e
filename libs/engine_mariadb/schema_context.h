// SchemaContext: the session context that the text of a definition needs, as a Statement carries it.
//
// A server shows two kinds of definitions: those that it writes itself (tables), in UTF-8 and complete for a
// session without a mode; and those that somebody wrote (views, routines, triggers, events), in the character
// set and with the sql_mode, collations and time zone of that time, whose names stand beside the text. Here
// these names become the numbers that a log has for them. Reads the server once; then pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/statement.h"

namespace srdf::engine_mariadb {

// The places of a definition's parts in a row of SHOW CREATE; 0: it has none.
struct ShownColumns {
  size_t text;
  size_t charset;  // character_set_client; collation_connection is the next one
  size_t sql_mode = 0;
  size_t database_collation = 0;
  size_t time_zone = 0;
};

class SchemaContext {
 public:
  static Result<SchemaContext> Read(Connection* connection);

  // Of the server's own writing. `database` is the default database.
  Statement Own(const std::string& database, std::string sql) const;
  // As somebody wrote it; CREATE becomes CREATE OR REPLACE. kFailedPrecondition: a name is not known.
  Result<Statement> Written(const std::string& database, const ResultRow& row, const ShownColumns& at) const;

 private:
  std::map<std::string, uint16_t> collations_;  // by name
  std::map<std::string, uint16_t> charsets_;    // the default collation, by character set
  uint16_t collation_server_ = 0;
  uint16_t utf8mb4_ = 0;
  int64_t now_us_ = 0;
};

}  // namespace srdf::engine_mariadb
