#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {

size_t TypeMetaBytes(uint8_t map_type) {
  switch (static_cast<FieldType>(map_type)) {
    case FieldType::kFloat:
    case FieldType::kDouble:
    case FieldType::kTimestamp2:
    case FieldType::kDateTime2:
    case FieldType::kTime2:
    case FieldType::kTinyBlob:
    case FieldType::kMediumBlob:
    case FieldType::kLongBlob:
    case FieldType::kBlob:
    case FieldType::kBlobCompressed:
    case FieldType::kVectorMysql:
    case FieldType::kJsonMysql:
    case FieldType::kGeometry:
      return 1;
    case FieldType::kVarchar:
    case FieldType::kVarString:
    case FieldType::kVarcharCompressed:
    case FieldType::kString:
    case FieldType::kEnum:
    case FieldType::kSet:
    case FieldType::kNewDecimal:
    case FieldType::kBit:
      return 2;
    default:
      return 0;
  }
}

uint8_t RealType(uint8_t map_type, uint16_t meta) {
  if (static_cast<FieldType>(map_type) != FieldType::kString) return map_type;
  const uint8_t low = meta & 0xff;
  if (low == static_cast<uint8_t>(FieldType::kEnum) || low == static_cast<uint8_t>(FieldType::kSet))
    return low;
  return map_type;
}

uint32_t StringBytesMax(uint16_t meta) {
  const uint32_t low = meta & 0xff;
  return (meta >> 8) | (((low & 0x30) ^ 0x30) << 4);
}

uint32_t DecimalBytes(uint8_t precision, uint8_t scale) {
  static constexpr uint8_t kDigitBytes[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  const uint8_t whole = precision - scale;
  return whole / 9 * 4 + kDigitBytes[whole % 9] + scale / 9 * 4 + kDigitBytes[scale % 9];
}

Result<ColumnLayout> LayoutOf(uint8_t real_type, uint16_t meta) {
  const auto fixed = [](uint32_t size) { return ColumnLayout{0, size}; };
  const auto fraction_bytes = [&]() -> uint32_t { return (meta + 1u) / 2; };
  const Status malformed(StatusCode::kDataLoss, "its metadata is malformed");
  switch (static_cast<FieldType>(real_type)) {
    case FieldType::kTiny:
    case FieldType::kYear:
      return fixed(1);
    case FieldType::kShort:
      return fixed(2);
    case FieldType::kInt24:
    case FieldType::kDate:
    case FieldType::kNewDate:
    case FieldType::kTime:
      return fixed(3);
    case FieldType::kLong:
    case FieldType::kTimestamp:
    case FieldType::kFloat:
      return fixed(4);
    case FieldType::kLongLong:
    case FieldType::kDateTime:
    case FieldType::kDouble:
      return fixed(8);
    case FieldType::kNull:
      return fixed(0);
    case FieldType::kTimestamp2:
      if (meta > 6) return malformed;
      return fixed(4 + fraction_bytes());
    case FieldType::kDateTime2:
      if (meta > 6) return malformed;
      return fixed(5 + fraction_bytes());
    case FieldType::kTime2:
      if (meta > 6) return malformed;
      return fixed(3 + fraction_bytes());
    case FieldType::kNewDecimal: {
      const uint8_t precision = meta & 0xff;
      const uint8_t scale = meta >> 8;
      if (precision == 0 || precision > 65 || scale > precision) return malformed;
      return fixed(DecimalBytes(precision, scale));
    }
    case FieldType::kBit: {
      const uint32_t bits = (meta & 0xff) + (meta >> 8) * 8u;
      if ((meta & 0xff) > 7 || bits == 0 || bits > 64) return malformed;
      return fixed((bits + 7) / 8);
    }
    case FieldType::kEnum:
    case FieldType::kSet: {
      const uint32_t bytes = meta >> 8;
      if (bytes == 0 || bytes > 8) return malformed;
      return fixed(bytes);
    }
    case FieldType::kString:
      return ColumnLayout{static_cast<uint8_t>(StringBytesMax(meta) > 255 ? 2 : 1), 0};
    case FieldType::kVarchar:
    case FieldType::kVarString:
    case FieldType::kVarcharCompressed:
      return ColumnLayout{static_cast<uint8_t>(meta > 255 ? 2 : 1), 0};
    case FieldType::kTinyBlob:
    case FieldType::kMediumBlob:
    case FieldType::kLongBlob:
    case FieldType::kBlob:
    case FieldType::kBlobCompressed:
    case FieldType::kVectorMysql:
    case FieldType::kJsonMysql:
    case FieldType::kGeometry:
      if (meta == 0 || meta > 4) return malformed;
      return ColumnLayout{static_cast<uint8_t>(meta), 0};
    case FieldType::kTypedArrayMysql:  // a JSON array of the elements
      return ColumnLayout{4, 0};
    case FieldType::kDecimalOld:
      break;
  }
  return Status(StatusCode::kFailedPrecondition,
                "its type (code " + std::to_string(real_type) + ") is not supported",
                "ALTER TABLE … FORCE brings columns of very old tables to today's format");
}

bool IsNumericType(uint8_t real_type) {
  switch (static_cast<FieldType>(real_type)) {
    case FieldType::kTiny:
    case FieldType::kShort:
    case FieldType::kInt24:
    case FieldType::kLong:
    case FieldType::kLongLong:
    case FieldType::kYear:
    case FieldType::kFloat:
    case FieldType::kDouble:
    case FieldType::kNewDecimal:
      return true;
    default:
      return false;
  }
}

bool IsCharacterType(uint8_t real_type) {
  switch (static_cast<FieldType>(real_type)) {
    case FieldType::kString:
    case FieldType::kVarString:
    case FieldType::kVarchar:
    case FieldType::kVarcharCompressed:
    case FieldType::kTinyBlob:
    case FieldType::kMediumBlob:
    case FieldType::kLongBlob:
    case FieldType::kBlob:
    case FieldType::kBlobCompressed:
    case FieldType::kGeometry:
      return true;
    default:
      return false;
  }
}

}  // namespace srdf::engine_mariadb
