// ColumnType: a column's type as the generator thinks of it, and random types.
//
// All types of MariaDB 10.11: https://mariadb.com/kb/en/data-types/. Types for keys are those that KeyLiteral
// (value_generator.h) has at least 60 different values for.
#pragma once

#include <string>
#include <vector>

#include "differential/generator/features.h"
#include "differential/generator/random.h"

namespace srdf::differential {

enum class Kind {
  kInt,
  kDecimal,
  kFloat,
  kDouble,
  kBit,
  kDate,
  kTime,
  kDatetime,
  kTimestamp,
  kYear,
  kText,
  kBytes,
  kEnum,
  kSet,
  kJson,
  kUuid,
  kInet4,
  kInet6,
  kGeometry,
};

struct ColumnType {
  Kind kind = Kind::kInt;
  std::string sql = "int";  // as in CREATE TABLE, with character set and collation
  bool is_unsigned = false;
  int size = 4;                      // bytes of an integer, bits, digits, characters or bytes at most
  int scale = 0;                     // digits after the point
  bool padded = false;               // BINARY(n): filled up with zeros
  bool large = false;                // TEXT and BLOB: an index needs a prefix length
  bool ignores_case = false;         // a _ci collation
  bool plain = false;                // an integer whose key values are small and dense, so that k + 1 is fine
  std::string charset;               // texts
  std::vector<std::string> members;  // ENUM, SET; the names of geometry types
};

ColumnType SomeKeyType(Random* random, const Features& features);
ColumnType SomeColumnType(Random* random, const Features& features);
ColumnType PlainInt();
ColumnType HashedText(Random* random);  // so long that a unique key over it is kept by hash

}  // namespace srdf::differential
