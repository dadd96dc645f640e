// Pieces of JSON text as the MySQL server prints them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace srdf::engine_mysql {

// A finite number in the shortest form that reads back, always with a point or an exponent.
// The server's choice between 0.001 and 1e-3: with the shortest digits d1…dn and the point after the first p
// of them, plain while p is in -14…15, or while there are digits behind the point.
void AppendJsonTextDouble(double value, std::string* out);

void AppendBase64(ByteView bytes, std::string* out);

}  // namespace srdf::engine_mysql
