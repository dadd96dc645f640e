#include "srdfctl/row_text.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine_mariadb/column_type.h"
#include "engine_mariadb/row_json.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

using engine_mariadb::FieldType;
using nlohmann::ordered_json;

// {"id":5} of these columns.
Result<std::string> JsonOf(const TableSchema& schema, const std::string& bitmap, ByteView image) {
  std::string json;
  SRDF_RETURN_IF_ERROR(engine_mariadb::AppendRowJson(schema, bitmap, image, &json));
  return json;
}

size_t IntegerBytes(uint8_t type) {
  switch (static_cast<FieldType>(type)) {
    case FieldType::kTiny:
      return 1;
    case FieldType::kShort:
      return 2;
    case FieldType::kInt24:
      return 3;
    case FieldType::kLong:
      return 4;
    case FieldType::kLongLong:
      return 8;
    default:
      return 0;
  }
}

Status BadKey(const TableSchema& schema, const std::string& text) {
  return {StatusCode::kInvalidArgument,
          "\"" + text + "\" is not a key of " + schema.database + "." + schema.table,
          "write integers and strings with commas between them, or 0x and a key's image from a report"};
}

// Appends the value as it stands in an image; false when it cannot be one.
bool AppendValue(const Column& column, const std::string& text, std::string* out) {
  if (const size_t bytes = IntegerBytes(column.type); bytes != 0) {
    uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const bool negative = !text.empty() && text.front() == '-';
    const unsigned bits = static_cast<unsigned>(8 * bytes);
    if (negative) {
      int64_t number = 0;
      const auto [at, error] = std::from_chars(text.data(), end, number);
      if (error != std::errc() || at != end || column.is_unsigned) return false;
      const int64_t least = bits == 64 ? INT64_MIN : -(int64_t{1} << (bits - 1));
      if (number < least) return false;
      value = static_cast<uint64_t>(number);
    } else {
      const auto [at, error] = std::from_chars(text.data(), end, value);
      if (error != std::errc() || at != end) return false;
      const unsigned room = bits - (column.is_unsigned ? 0 : 1);
      if (room < 64 && (value >> room) != 0) return false;
    }
    for (size_t i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
    return true;
  }
  const auto type = static_cast<FieldType>(column.type);
  const bool string =
      type == FieldType::kVarchar || type == FieldType::kString || type == FieldType::kVarString;
  const auto layout = engine_mariadb::LayoutOf(column.type, column.type_meta);
  if (!string || !layout.ok() || layout->length_bytes == 0 || layout->length_bytes > 2) return false;
  if (text.size() >= (size_t{1} << (8 * layout->length_bytes))) return false;
  for (uint8_t i = 0; i < layout->length_bytes; ++i)
    out->push_back(static_cast<char>(text.size() >> (8 * i)));
  *out += text;
  return true;
}

}  // namespace

std::string KeyText(const TableSchema& schema, ByteView key) {
  std::string bitmap((schema.columns.size() + 7) / 8, '\0');
  for (const uint16_t ordinal : schema.key_columns) {
    if (ordinal >= schema.columns.size()) return "0x" + Hex(key);
    bitmap[ordinal / 8] = static_cast<char>(bitmap[ordinal / 8] | (1 << (ordinal % 8)));
  }
  // A key has no NULLs.
  std::string image((schema.key_columns.size() + 7) / 8, '\0');
  image += key;
  const auto json =
      schema.key_columns.empty() ? Status(StatusCode::kInternal, "no key") : JsonOf(schema, bitmap, image);
  if (!json.ok()) return "0x" + Hex(key);
  const ordered_json values = ordered_json::parse(*json, nullptr, false);
  if (!values.is_object()) return "0x" + Hex(key);
  std::string text;
  for (const auto& [name, value] : values.items()) {
    text += (text.empty() ? "" : ", ") + name + "=" +
            value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }
  return text;
}

std::string RowText(const TableSchema& schema, ByteView image) {
  const auto json = JsonOf(schema, SnapshotColumns(schema), image);
  return json.ok() ? *json : "0x" + Hex(image);
}

Result<std::string> FromHex(std::string_view digits) {
  std::string bytes;
  bool sound = digits.size() % 2 == 0;
  for (size_t i = 0; sound && i < digits.size(); i += 2) {
    unsigned value = 0;
    const auto [at, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
    sound = error == std::errc() && at == digits.data() + i + 2;
    bytes.push_back(static_cast<char>(value));
  }
  if (!sound)
    return Status(StatusCode::kInvalidArgument, "not hexadecimal: " + std::string(digits.substr(0, 40)));
  return bytes;
}

Result<std::string> KeyOfText(const TableSchema& schema, const std::string& text) {
  if (text.empty()) return std::string();
  if (text.rfind("0x", 0) == 0) return FromHex(std::string_view(text).substr(2));
  std::vector<std::string> values;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    values.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  if (values.size() != schema.key_columns.size()) return BadKey(schema, text);
  std::string key;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!AppendValue(schema.columns[schema.key_columns[i]], values[i], &key)) return BadKey(schema, text);
  }
  return key;
}

bool IsReversed(const TableSchema& schema, const std::string& from, const std::string& to) {
  if (schema.key_columns.size() != 1) return false;
  const Column& column = schema.columns[schema.key_columns.front()];
  const size_t bytes = IntegerBytes(column.type);
  if (bytes == 0 || from.size() != bytes || to.size() != bytes) return false;
  // With its sign turned over, an integer's order is that of its bits.
  const auto order = [&](const std::string& image) {
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(image[i]);
    return column.is_unsigned ? value : value ^ uint64_t { 1 } << (8 * bytes - 1);
  };
  return order(from) > order(to);
}

}  // namespace srdf::ctl
