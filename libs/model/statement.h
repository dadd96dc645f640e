// Statement: one DDL statement with the session context it ran in at the source.
//
// The context is what a replica must restore so that the statement means the same: default database,
// sql_mode, character sets, collations, time zone, time stamp, auto-increment step, foreign-key checks.
// Values are the engine's own (MariaDB: Query event status variables).
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf {

struct Statement {
  std::string database;      // default database, empty for none
  std::string sql;           // as written, in the client character set of the context
  int64_t timestamp_us = 0;  // @@timestamp, microseconds since the epoch
  uint32_t error_code = 0;   // error the statement ended with at the source (partial DDL), 0 for none
  uint64_t sql_mode = 0;
  bool has_sql_mode = false;
  uint32_t flags2 = 0;  // foreign_key_checks, unique_checks, sql_auto_is_null, autocommit, check constraints
  bool has_flags2 = false;
  uint16_t charset_client = 0;
  uint16_t collation_connection = 0;
  uint16_t collation_server = 0;
  bool has_charset = false;
  uint16_t collation_database = 0;  // 0: the database's own
  uint16_t auto_increment_increment = 1;
  uint16_t auto_increment_offset = 1;
  std::string time_zone;  // empty: not recorded
  uint16_t lc_time_names = 0;
  std::string invoker_user;  // CREATE … with CURRENT_USER as definer; empty: not recorded
  std::string invoker_host;

  friend bool operator==(const Statement&, const Statement&) = default;
};

void EncodeStatement(const Statement& statement, std::string* out);
Result<Statement> DecodeStatement(ByteView in);

}  // namespace srdf
