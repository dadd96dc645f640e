#include "engine_mariadb/row_json.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <iterator>

#include "engine_mariadb/binlog_compression.h"
#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/column_value.h"
#include "engine_mariadb/row_layout.h"

namespace srdf::engine_mariadb {

namespace {

uint64_t LittleEndian(ByteView bytes) {
  uint64_t v = 0;
  for (size_t i = bytes.size(); i-- > 0;) v = v << 8 | static_cast<uint8_t>(bytes[i]);
  return v;
}

void AppendHex(ByteView bytes, std::string* out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  *out += "\"0x";
  for (const char c : bytes) {
    out->push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out->push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  out->push_back('"');
}

void AppendInteger(const Column& column, ByteView value, std::string* out) {
  const uint64_t raw = LittleEndian(value);
  if (column.is_unsigned) {
    fmt::format_to(std::back_inserter(*out), "{}", raw);
    return;
  }
  const unsigned shift = 64 - 8 * static_cast<unsigned>(value.size());
  fmt::format_to(std::back_inserter(*out), "{}", static_cast<int64_t>(raw << shift) >> shift);
}

template <typename Float, typename Bits>
void AppendFloat(ByteView value, std::string* out) {
  const auto bits = static_cast<Bits>(LittleEndian(value));
  Float number;
  std::memcpy(&number, &bits, sizeof(number));
  // The shortest text that reads back as the same number; JSON has none for infinities, nor has MariaDB.
  if (std::isfinite(number)) {
    fmt::format_to(std::back_inserter(*out), "{}", number);
  } else {
    AppendHex(value, out);
  }
}

void AppendText(ByteView bytes, uint16_t collation, std::string* out) {
  if (const auto text = TextAsUtf8(bytes, collation)) {
    AppendJsonString(*text, out);
  } else {
    AppendHex(bytes, out);
  }
}

// Labels are in the column's character set, like text.
void AppendLabels(const Column& column, ByteView value, std::string* out) {
  const uint64_t number = LittleEndian(value);
  std::string text;
  if (column.type == static_cast<uint8_t>(FieldType::kEnum)) {
    if (number == 0) {
      *out += "\"\"";  // the error value of an ENUM
      return;
    }
    if (number > column.labels.size()) {
      fmt::format_to(std::back_inserter(*out), "{}", number);
      return;
    }
    text = column.labels[number - 1];
  } else {
    for (size_t i = 0; i < column.labels.size() && i < 64; ++i) {
      if (((number >> i) & 1) == 0) continue;
      if (!text.empty()) text.push_back(',');
      text += column.labels[i];
    }
    const bool all_named = column.labels.size() >= 64 || (number >> column.labels.size()) == 0;
    if (!all_named) {
      fmt::format_to(std::back_inserter(*out), "{}", number);
      return;
    }
  }
  AppendText(text, column.collation, out);
}

// `value` without its length.
Status AppendString(const Column& column, ByteView value, std::string* out) {
  const auto type = static_cast<FieldType>(column.type);
  std::string inflated;
  if (type == FieldType::kVarcharCompressed || type == FieldType::kBlobCompressed) {
    SRDF_RETURN_IF_ERROR(InflateColumnValue(value, &inflated));
    value = inflated;
  }
  if (type == FieldType::kString && column.collation == kBinaryCollation) {
    // BINARY(n) travels without its trailing zero bytes.
    std::string padded(value);
    padded.resize(std::max<size_t>(padded.size(), StringBytesMax(column.type_meta)), '\0');
    AppendHex(padded, out);
    return {};
  }
  if (type == FieldType::kGeometry) {
    AppendHex(value, out);
  } else {
    AppendText(value, column.collation, out);
  }
  return {};
}

template <typename Append>
void AppendQuoted(Append append, std::string* out) {
  out->push_back('"');
  append();
  out->push_back('"');
}

Status AppendValue(const Column& column, const ColumnLayout& layout, ByteView packed, std::string* out) {
  const unsigned meta = column.type_meta;
  switch (static_cast<FieldType>(column.type)) {
    case FieldType::kTiny:
    case FieldType::kShort:
    case FieldType::kInt24:
    case FieldType::kLong:
    case FieldType::kLongLong:
      AppendInteger(column, packed, out);
      return {};
    case FieldType::kYear: {
      const uint64_t year = LittleEndian(packed);
      fmt::format_to(std::back_inserter(*out), "{}", year == 0 ? 0 : year + 1900);
      return {};
    }
    case FieldType::kFloat:
      AppendFloat<float, uint32_t>(packed, out);
      return {};
    case FieldType::kDouble:
      AppendFloat<double, uint64_t>(packed, out);
      return {};
    case FieldType::kNewDecimal:
      AppendQuoted([&] { AppendDecimal(packed, meta & 0xff, static_cast<uint8_t>(meta >> 8), out); }, out);
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
    case FieldType::kBit:
      AppendHex(packed, out);
      return {};
    case FieldType::kEnum:
    case FieldType::kSet:
      AppendLabels(column, packed, out);
      return {};
    case FieldType::kNull:
      *out += "null";
      return {};
    default:
      return AppendString(column, packed.substr(layout.length_bytes), out);
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\b':
        *out += "\\b";
        break;
      case '\f':
        *out += "\\f";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

Status AppendColumnJson(const Column& column, ByteView packed, std::string* json_out) {
  SRDF_ASSIGN_OR_RETURN(const ColumnLayout layout, LayoutOf(column.type, column.type_meta));
  return AppendValue(column, layout, packed, json_out);
}

Status AppendRowJson(const TableSchema& schema, ByteView bitmap, ByteView image, std::string* json_out) {
  const auto name = [&] { return "row of " + schema.database + "." + schema.table; };
  auto layout = RowLayout::Build(schema.columns);
  if (!layout.ok()) return layout.status().WithContext(name());
  PresentColumns present;
  present.Set(bitmap, schema.columns.size());
  RowSlices slices;
  ByteView whole;
  if (!layout->Take(&image, present, &whole, &slices) || !image.empty()) {
    return {StatusCode::kDataLoss, name() + ": the image does not fit the columns"};
  }
  std::string json = "{";
  for (const uint16_t ordinal : present.ordinals) {
    const Column& column = schema.columns[ordinal];
    const RowSlices::Slice& slice = slices.columns[ordinal];
    if (json.size() > 1) json.push_back(',');
    AppendJsonString(column.name.empty() ? "@" + std::to_string(ordinal + 1) : column.name, &json);
    json.push_back(':');
    if (slice.state == RowSlices::kNull) {
      json += "null";
      continue;
    }
    SRDF_RETURN_IF_ERROR(AppendColumnJson(column, slice.view(), &json));
  }
  *json_out += json + "}";
  return {};
}

}  // namespace srdf::engine_mariadb
