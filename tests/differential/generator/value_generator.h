// Values: SQL literals for a column, printable whatever the bytes (odd ones are hex literals).
#pragma once

#include <string>

#include "differential/generator/column_type.h"
#include "differential/generator/random.h"

namespace srdf::differential {

// Key values are numbered: 0 … kOrdinals - 1 are different values of a type, by its collation too. A literal
// of one number may be spelled in several ways ('a', 'A'): equal for the server's key, other bytes.
constexpr int kOrdinals = 48;
std::string KeyLiteral(const ColumnType& type, int ordinal, Random* random);

// Any value, edge values often; valid with a strict sql_mode.
std::string SomeLiteral(const ColumnType& type, Random* random);

// A value that a strict sql_mode refuses and an empty one bends: ENUM '', a number cut off at the limit, a
// text cut short, a date that does not exist.
std::string BentLiteral(const ColumnType& type, Random* random);

}  // namespace srdf::differential
