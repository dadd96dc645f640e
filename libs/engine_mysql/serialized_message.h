// Integers of MySQL's serialization library (mysql::serialization), in which GTID_TAGGED events and tags of
// GTID sets are written.
//
// A number is 1 to 9 little-endian bytes; the count of trailing one bits in the first byte, plus one, is the
// length, and the value is in the bits after the first zero bit. Eight ones leave no room for a zero bit: the
// value is then the eight bytes that follow. Signed numbers carry the sign in their lowest bit:
// x >= 0 as 2x, x < 0 as 2(-x - 1) + 1. Source: libs/mysql/serialization/readme.md of the MySQL server.
//
// A read past the end makes the reader's ok() false. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace srdf::engine_mysql {

uint64_t ReadSerializedUnsigned(ByteReader* reader);
int64_t ReadSerializedSigned(ByteReader* reader);

}  // namespace srdf::engine_mysql
