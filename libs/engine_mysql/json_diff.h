// Partial updates of JSON columns (binlog_row_value_options = PARTIAL_JSON): in place of the new document, a
// row holds what has changed in it.
//
// A column's value is a sequence of changes: an operation, a path as text, and for replace and insert a
// binary document (Json_diff_vector::read_binary in sql/json_diff.cc of the MySQL server). Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf::engine_mysql {

// Appends [{"op":"replace","path":"$.a","value":"…"}, …]: `value` is the JSON text as a string, absent for
// remove. The path is copied when it is UTF-8, else it is kDataLoss.
Status AppendJsonDiffs(ByteView diffs, std::string* out);

}  // namespace srdf::engine_mysql
