// Row JSON: a row image as a JSON object of column name → value, for people: wagon views, divergence
// messages.
//
// Integers and floats are numbers, DECIMAL and temporal values strings as the server prints them (TIMESTAMP
// in UTC), text is a string whatever the column's character set when it can be converted, ENUM and SET are
// their labels, and everything else (binary strings, geometry, UUID and INET, which the log does not tell
// from binary strings, text in rarer character sets) is "0x…". Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// Appends the object to *json_out. Columns that are not in `bitmap` are left out. kDataLoss when the image
// does not fit the schema; *json_out is then unchanged.
Status AppendRowJson(const TableSchema& schema, ByteView bitmap, ByteView image, std::string* json_out);

// Appends one value; `packed` is its slice of the image, with the length in front for types that have one.
Status AppendColumnJson(const Column& column, ByteView packed, std::string* json_out);

// Appends `text` as a JSON string; bytes that are not UTF-8 are the caller's business.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace srdf::engine_mariadb
