// MySQL's binary JSON as text.
//
// A document is a type byte and a value. Objects and arrays (small: 2-byte offsets, large: 4-byte ones) are a
// count, their size in bytes, entries of keys, entries of values, then what does not fit into an entry;
// offsets count from the count. Small integers and literals stand in their entry. DECIMAL and temporal values
// are *opaque*: an SQL type code, a length, the SQL value. Layout: the comment at the head of
// sql-common/json_binary.h of the MySQL server.
//
// The text is what SELECT prints: keys in their stored order (by length, then bytes), ", " and ": " between,
// DECIMAL as a number, temporal values as strings, other opaque values as "base64:type…", doubles in the
// shortest form that reads back, always with a point or an exponent.
//
// A document is untrusted: offsets may point anywhere, also back, so that a few bytes could describe an
// enormous text. Values of a sound document do not overlap; each therefore uses up its bytes of a budget,
// which is the document's length. Nesting is bounded as in the server. Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf::engine_mysql {

constexpr int kJsonDepthMax = 100;  // JSON_DOCUMENT_MAX_DEPTH

// Appends the text. Nothing at all stands for the null literal, as in the server. kDataLoss for what is no
// document; *out then has an unfinished text.
Status AppendJsonText(ByteView document, std::string* out);

}  // namespace srdf::engine_mysql
