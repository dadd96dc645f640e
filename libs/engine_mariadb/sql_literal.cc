#include "engine_mariadb/sql_literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include "engine_mariadb/binlog_compression.h"
#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/column_value.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

namespace {

uint64_t LittleEndian(ByteView bytes) {
  uint64_t v = 0;
  for (size_t i = bytes.size(); i-- > 0;) v = v << 8 | static_cast<uint8_t>(bytes[i]);
  return v;
}

uint64_t BigEndian(ByteView bytes) {
  uint64_t v = 0;
  for (const char c : bytes) v = v << 8 | static_cast<uint8_t>(c);
  return v;
}

template <typename T>
void AppendNumber(T number, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{}", number);
}

// The target's own word on signedness counts: native apply copies the bytes, whatever the source calls them.
void AppendInteger(ByteView value, bool is_unsigned, std::string* out) {
  const uint64_t raw = LittleEndian(value);
  if (is_unsigned) return AppendNumber(raw, out);
  const unsigned shift = 64 - 8 * static_cast<unsigned>(value.size());
  AppendNumber(static_cast<int64_t>(raw << shift) >> shift, out);
}

// A FLOAT is compared as the double it is converted to, so it is written as that double.
template <typename Float, typename Bits>
Status AppendFloat(ByteView value, SqlUse use, std::string* out) {
  const auto bits = static_cast<Bits>(LittleEndian(value));
  Float number;
  std::memcpy(&number, &bits, sizeof(number));
  if (!std::isfinite(number)) {
    return {StatusCode::kFailedPrecondition, "a number that is not finite has no SQL literal",
            "apply_method: native"};
  }
  if (use == SqlUse::kStore && sizeof(Float) == sizeof(float) && number == 0 && std::signbit(number)) {
    *out += "-1e-60";
    return {};
  }
  // Without an exponent it would be read as a DECIMAL.
  const std::string text = fmt::format("{}", static_cast<double>(number));
  *out += text;
  if (text.find('e') == std::string::npos) *out += "e0";
  return {};
}

// Of either sign.
bool IsFloatZero(const Column& column, ByteView value) {
  const auto type = static_cast<FieldType>(column.type);
  if ((type != FieldType::kFloat && type != FieldType::kDouble) || value.empty()) return false;
  return (value.back() & 0x7f) == 0 &&
         value.substr(0, value.size() - 1).find_first_not_of('\0') == ByteView::npos;
}

void AppendHex(ByteView bytes, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  *out += "x'";
  for (const char c : bytes) {
    out->push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out->push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  out->push_back('\'');
}

bool IsFixedBinary(const SqlColumn& target) {
  return target.data_type == "uuid" || target.data_type == "inet6" || target.data_type == "inet4";
}

// Fixed-length binary values travel without their trailing zero bytes.
std::string Padded(ByteView value, size_t size) {
  std::string out(value);
  out.resize(std::max(out.size(), size), '\0');
  return out;
}

bool IsGeometry(const Column& column) { return static_cast<FieldType>(column.type) == FieldType::kGeometry; }

// Such a column holds as many bytes as its characters may have, and so more of the shorter ones than it was
// declared with; the server lets them pass when no conversion is needed (seen in 10.11).
bool IsCompressed(const Column& column) {
  const auto type = static_cast<FieldType>(column.type);
  return type == FieldType::kVarcharCompressed || type == FieldType::kBlobCompressed;
}

// The bytes of a string of any kind, without their length, inflated and padded; views `packed` or *scratch.
Result<ByteView> StringBytes(const Column& column, const SqlColumn& target, ByteView packed,
                             std::string* scratch) {
  SRDF_ASSIGN_OR_RETURN(const ColumnLayout layout, LayoutOf(column.type, column.type_meta));
  if (layout.length_bytes == 0 || packed.size() < layout.length_bytes) {
    return Status(StatusCode::kDataLoss, "its bytes are not those of a string");
  }
  ByteView value = packed.substr(layout.length_bytes);
  if (IsCompressed(column)) {
    SRDF_RETURN_IF_ERROR(InflateColumnValue(value, scratch));
    return ByteView(*scratch);
  }
  if (static_cast<FieldType>(column.type) == FieldType::kString &&
      (IsFixedBinary(target) || target.data_type == "binary")) {
    *scratch = Padded(value, StringBytesMax(column.type_meta));
    return ByteView(*scratch);
  }
  return value;
}

Status AppendString(const Column& column, const SqlColumn& target, ByteView packed, SqlUse use,
                    std::string* out) {
  if (static_cast<FieldType>(column.type) == FieldType::kJsonMysql) {
    return {StatusCode::kFailedPrecondition, "MySQL's binary JSON has no SQL literal in this version",
            "apply_method: native"};
  }
  std::string scratch;
  SRDF_ASSIGN_OR_RETURN(const ByteView bytes, StringBytes(column, target, packed, &scratch));
  if (IsGeometry(column) && bytes.empty() && use == SqlUse::kStore) {
    return {StatusCode::kFailedPrecondition, "an empty geometry has no SQL literal", "apply_method: native"};
  }
  if (IsFixedBinary(target)) {
    AppendHex(bytes, out);
  } else if (!target.character_set.empty() && (use == SqlUse::kMatch || IsCompressed(column))) {
    AppendSqlBytes(target.character_set, bytes, out);
  } else {
    AppendSqlBytes("binary", bytes, out);
  }
  return {};
}

template <typename Append>
void AppendQuoted(Append append, std::string* out) {
  out->push_back('\'');
  append();
  out->push_back('\'');
}

bool IsString(uint8_t type) {
  return IsCharacterType(type) || static_cast<FieldType>(type) == FieldType::kJsonMysql;
}

Status AppendValue(const Column& column, const SqlColumn& target, ByteView packed, SqlUse use,
                   std::string* out) {
  const unsigned meta = column.type_meta;
  switch (static_cast<FieldType>(column.type)) {
    case FieldType::kTiny:
    case FieldType::kShort:
    case FieldType::kInt24:
    case FieldType::kLong:
    case FieldType::kLongLong:
      AppendInteger(packed, target.is_unsigned, out);
      return {};
    case FieldType::kYear: {
      const uint64_t year = LittleEndian(packed);
      AppendNumber(year == 0 ? 0 : year + 1900, out);
      return {};
    }
    case FieldType::kFloat:
      return AppendFloat<float, uint32_t>(packed, use, out);
    case FieldType::kDouble:
      return AppendFloat<double, uint64_t>(packed, use, out);
    case FieldType::kNewDecimal:
      AppendDecimal(packed, meta & 0xff, static_cast<uint8_t>(meta >> 8), out);
      return {};
    case FieldType::kBit:
      AppendNumber(BigEndian(packed), out);
      return {};
    case FieldType::kEnum:
    case FieldType::kSet:
      // The server compares a SET as a signed number, and stores it from an unsigned one.
      if (use == SqlUse::kMatch && packed.size() == sizeof(uint64_t)) {
        AppendInteger(packed, false, out);
        return {};
      }
      AppendNumber(LittleEndian(packed), out);
      return {};
    case FieldType::kDate:
    case FieldType::kNewDate:
      AppendQuoted([&] { AppendDate(packed, out); }, out);
      return {};
    case FieldType::kTime:
      AppendQuoted([&] { AppendOldTime(packed, out); }, out);
      return {};
    case FieldType::kDateTime:
      AppendQuoted([&] { AppendOldDateTime(packed, out); }, out);
      return {};
    case FieldType::kTimestamp:
      AppendQuoted([&] { AppendOldTimestamp(packed, out); }, out);
      return {};
    case FieldType::kTime2:
      AppendQuoted([&] { AppendTime2(packed, meta, out); }, out);
      return {};
    case FieldType::kDateTime2:
      AppendQuoted([&] { AppendDateTime2(packed, meta, out); }, out);
      return {};
    case FieldType::kTimestamp2:
      AppendQuoted([&] { AppendTimestamp2(packed, meta, out); }, out);
      return {};
    default:
      return AppendString(column, target, packed, use, out);
  }
}

}  // namespace

void AppendSqlBytes(std::string_view character_set, ByteView bytes, std::string* out) {
  out->push_back('_');
  *out += character_set;
  if (bytes.find('\\') != ByteView::npos) {
    out->push_back(' ');
    AppendHex(bytes, out);
    return;
  }
  out->push_back('\'');
  for (size_t from = 0;;) {
    const size_t quote = bytes.find('\'', from);
    *out += bytes.substr(from, quote == ByteView::npos ? quote : quote - from);
    if (quote == ByteView::npos) break;
    *out += "''";
    from = quote + 1;
  }
  out->push_back('\'');
}

Status AppendSqlLiteral(const Column& column, const SqlColumn& target, const RowSlices::Slice& value,
                        SqlUse use, std::string* out) {
  if (value.state == RowSlices::kAbsent) return {StatusCode::kInternal, "an absent column has no literal"};
  if (value.state == RowSlices::kNull || static_cast<FieldType>(column.type) == FieldType::kNull) {
    *out += "NULL";
    return {};
  }
  SRDF_ASSIGN_OR_RETURN(const ColumnLayout layout, LayoutOf(column.type, column.type_meta));
  if (layout.length_bytes == 0 && value.size != layout.size) {
    return {StatusCode::kDataLoss, "its bytes are not of its type"};
  }
  return AppendValue(column, target, value.view(), use, out);
}

Status AppendSqlExactMatch(const Column& column, const SqlColumn& target, const RowSlices::Slice& value,
                           std::string* out) {
  const std::string name = Connection::QuoteIdentifier(target.name);
  if (value.state == RowSlices::kNull) {
    *out += name + " IS NULL";
    return {};
  }
  // With name=0e0, the server would take ATAN2 of that literal.
  if (IsFloatZero(column, value.view())) {
    *out += "(ABS(" + name + ")=0e0 AND ATAN2(" + name + ",-1)" + (value.view().back() == 0 ? ">0)" : "<0)");
    return {};
  }
  // Text and geometry are compared by their bytes; BINARY compares so by itself.
  const bool by_bytes = IsString(column.type) && (!target.character_set.empty() || IsGeometry(column));
  *out += by_bytes ? "CAST(" + name + " AS BINARY)=" : name + "=";
  const bool as_compared = static_cast<FieldType>(column.type) == FieldType::kSet || IsGeometry(column);
  return AppendSqlLiteral(column, target, value, as_compared ? SqlUse::kMatch : SqlUse::kStore, out);
}

}  // namespace srdf::engine_mariadb
