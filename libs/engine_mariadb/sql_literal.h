// SqlLiteral: one column's value in a row image, as text in a SQL statement: bit-exact, for storing it and
// for finding it.
//
// The problem: the log knows fewer types than the catalogue. UUID, INET4 and INET6 look like BINARY, JSON
// like LONGTEXT, every text has a character set of its own, floats lose bits as decimal text. So a literal is
// made from the log's type (how the bytes are packed) and the target's column (what they will be compared
// with):
//
//   integers, YEAR, BIT, ENUM, SET   their number: ENUM and SET by position, YEAR 0 is 0000
//   FLOAT, DOUBLE                    the shortest decimal that is this very double, with an exponent. A zero
//                                    with a sign: a server makes one of numbers that are too small for a
//                                    FLOAT, and of those alone, so it is such a number to store; ATAN2 sees
//                                    the sign
//   DECIMAL, dates and times         the digits; TIMESTAMP in UTC
//   text, binary, geometry, JSON     the stored bytes: _binary'…' to store and for exact comparison, with the
//                                    column's own character set to look up in its index and for compressed
//                                    columns
//   UUID, INET4, INET6               the 4 or 16 bytes as x'…': the log has the form that the server takes as
//                                    binary, not the order in which a UUID is stored (MariaDB
//                                    sql/sql_type_fixedbin.h, plugin/type_uuid/sql_type_uuid.h: pack)
//
// The session that runs them has time_zone '+00:00', character_set_client utf8mb4 and a sql_mode without
// NO_ZERO_DATE and NO_ZERO_IN_DATE, with ALLOW_INVALID_DATES. Whether backslashes escape does not matter:
// bytes with a backslash are written in hexadecimal. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/row_layout.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// What the target's catalogue says of a column (information_schema.columns).
struct SqlColumn {
  std::string name;
  std::string data_type;      // data_type, in lower case: "varchar"
  std::string character_set;  // character_set_name; empty when it is not text
  bool is_unsigned = false;
};

enum class SqlUse {
  kStore,  // in VALUES (…) and SET
  kMatch,  // beside = and in IN (…), compared as the column compares: finds a row by an index
};

// Appends the literal of `value`, which is a value or NULL (not absent), to *out. kFailedPrecondition when
// the value has no literal (NaN, MySQL's binary JSON, an empty geometry), kDataLoss when its bytes are not of
// the column's type; *out is then of no use. The caller names the column.
Status AppendSqlLiteral(const Column& column, const SqlColumn& target, const RowSlices::Slice& value,
                        SqlUse use, std::string* out);

// Appends a condition that is true only for rows that hold exactly `value` in the column: byte by byte where
// the column's own comparison is lenient (case, accents, trailing spaces).
Status AppendSqlExactMatch(const Column& column, const SqlColumn& target, const RowSlices::Slice& value,
                           std::string* out);

// `bytes` as a string literal of the character set ("binary", "utf8mb4"; a name, not a user's text).
void AppendSqlBytes(std::string_view character_set, ByteView bytes, std::string* out);

}  // namespace srdf::engine_mariadb
