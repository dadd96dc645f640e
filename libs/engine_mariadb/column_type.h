// ColumnType: MariaDB's column types as they stand in a table map, and how long their values are in a row.
//
// Shared by the row splitter, the JSON view and whoever else walks a row image. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// Type codes of the protocol (enum_field_types). Column::type holds the real type for ENUM and SET.
enum class FieldType : uint8_t {
  kDecimalOld = 0,
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kTimestamp = 7,  // before MariaDB 10.1's temporal format; no fractional seconds
  kLongLong = 8,
  kInt24 = 9,
  kDate = 10,
  kTime = 11,      // old format
  kDateTime = 12,  // old format
  kYear = 13,
  kNewDate = 14,
  kVarchar = 15,
  kBit = 16,
  kTimestamp2 = 17,
  kDateTime2 = 18,
  kTime2 = 19,
  kTypedArrayMysql = 20,  // hidden column of a multi-valued index
  kBlobCompressed = 140,
  kVarcharCompressed = 141,
  kVectorMysql = 242,
  kJsonMysql = 245,
  kNewDecimal = 246,
  kEnum = 247,
  kSet = 248,
  kTinyBlob = 249,
  kMediumBlob = 250,
  kLongBlob = 251,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
  kGeometry = 255,
};

// Bytes of metadata that the table map holds for a column of this type code (as in the map, before ENUM and
// SET are told from strings).
size_t TypeMetaBytes(uint8_t map_type);

// The type that a string column really is: ENUM and SET hide in the metadata of STRING.
uint8_t RealType(uint8_t map_type, uint16_t meta);

// Longest value of a STRING column in bytes (CHAR over 255 bytes hides two length bits in the type byte).
uint32_t StringBytesMax(uint16_t meta);

// How values of a column are stored in a row image.
struct ColumnLayout {
  uint8_t length_bytes =
      0;  // 0: always `size` bytes; else a little-endian length of so many bytes comes first
  uint32_t size = 0;
};
// kFailedPrecondition for a type this version cannot walk; the caller names the column.
Result<ColumnLayout> LayoutOf(uint8_t real_type, uint16_t meta);

// Bytes of a packed DECIMAL.
uint32_t DecimalBytes(uint8_t precision, uint8_t scale);

// Which columns the per-type lists of a table map's optional metadata count.
bool IsNumericType(uint8_t real_type);    // SIGNEDNESS
bool IsCharacterType(uint8_t real_type);  // DEFAULT_CHARSET, COLUMN_CHARSET

}  // namespace srdf::engine_mariadb
