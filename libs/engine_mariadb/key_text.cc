#include "engine_mariadb/key_text.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/row_json.h"

namespace srdf::engine_mariadb {

namespace {

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::string> FromHexDigits(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    int value = 0;
    for (const char c : digits.substr(i, 2)) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
      value = value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string HexForm(std::string_view bytes) {
  std::string out = "0x";
  for (const char c : bytes) out += fmt::format("{:02X}", static_cast<unsigned char>(c));
  return Quoted(out);
}

std::string TextForm(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

// The sign, when there is one, is taken off the front: "-" or nothing.
std::string_view TakeSign(std::string_view* text) {
  const bool negative = !text->empty() && text->front() == '-';
  if (!text->empty() && (text->front() == '-' || text->front() == '+')) text->remove_prefix(1);
  return negative ? "-" : "";
}

std::string_view WithoutLeadingZeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

Status NotA(const char* what, const KeyValue& value) {
  return {StatusCode::kInvalidArgument, "'" + value.text + "' is no " + what};
}

Result<std::string> IntegerForm(const KeyValue& value) {
  std::string_view digits = value.text;
  const std::string_view sign = TakeSign(&digits);
  if (!IsDigits(digits)) return NotA("whole number", value);
  digits = WithoutLeadingZeros(digits);
  return (digits == "0" ? "" : std::string(sign)) + std::string(digits);
}

template <typename Float>
Result<std::string> FloatForm(const KeyValue& value) {
  errno = 0;
  char* end = nullptr;
  const double number = std::strtod(value.text.c_str(), &end);
  if (value.text.empty() || end != value.text.c_str() + value.text.size()) return NotA("number", value);
  return fmt::format("{}", static_cast<Float>(number));
}

// As the column prints it: all decimals of its scale, no needless zero in front.
Result<std::string> DecimalForm(const KeyValue& value, size_t scale) {
  std::string_view digits = value.text;
  const std::string_view sign = TakeSign(&digits);
  const size_t point = std::min(digits.find('.'), digits.size());
  std::string whole(digits.substr(0, point));
  std::string fraction(point == digits.size() ? "" : digits.substr(point + 1));
  if (whole.empty()) whole = "0";
  if (!IsDigits(whole) || (!fraction.empty() && !IsDigits(fraction))) return NotA("decimal number", value);
  while (fraction.size() > scale && fraction.back() == '0') fraction.pop_back();
  if (fraction.size() > scale) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("'{}' has more than the {} decimals of the column", value.text, scale));
  }
  fraction.resize(scale, '0');
  std::string out(WithoutLeadingZeros(whole));
  if (scale != 0) out += "." + fraction;
  const bool zero = out.find_first_not_of("0.") == std::string::npos;
  return Quoted((zero ? "" : std::string(sign)) + out);
}

// A date or time with as many decimals as the column prints; a day alone is its midnight.
std::string TemporalForm(std::string_view text, bool has_day, bool has_time, size_t decimals) {
  std::string out(text);
  if (has_day && has_time) {
    if (out.size() > 10 && out[10] == 'T') out[10] = ' ';
    if (out.size() == 10) out += " 00:00:00";
  }
  const size_t point = out.find('.');
  std::string fraction = point == std::string::npos ? "" : out.substr(point + 1);
  if (point != std::string::npos) out.resize(point);
  while (fraction.size() > decimals && fraction.back() == '0') fraction.pop_back();
  fraction.resize(std::max(fraction.size(), decimals), '0');  // more than it has: nothing is equal
  if (!fraction.empty()) out += "." + fraction;
  return Quoted(out);
}

Result<std::string> BitForm(const KeyValue& value, size_t bytes) {
  std::string out;
  if (value.form == KeyValue::Form::kBytes) {
    out = value.text;
  } else if (IsDigits(value.text)) {
    uint64_t number = std::strtoull(value.text.c_str(), nullptr, 10);
    for (; number != 0; number >>= 8) out.insert(out.begin(), static_cast<char>(number & 0xff));
  } else {
    return NotA("bit string", value);
  }
  if (out.size() < bytes) out.insert(0, bytes - out.size(), '\0');
  return HexForm(out);
}

// What a text may mean in a column of `size` bytes beside its own bytes: the log shows UUID and INET columns
// as binary ones.
void AddSpelledBytes(std::string_view text, size_t size, std::vector<std::string>* forms) {
  if (size == 16 && text.size() == 36) {
    std::string digits(text);
    digits.erase(std::remove(digits.begin(), digits.end(), '-'), digits.end());
    if (const auto bytes = FromHexDigits(digits); bytes && bytes->size() == 16)
      forms->push_back(HexForm(*bytes));
  }
  char address[16];
  const std::string name(text);
  if (size == 16 && ::inet_pton(AF_INET6, name.c_str(), address) == 1)
    forms->push_back(HexForm({address, 16}));
  if (size == 4 && ::inet_pton(AF_INET, name.c_str(), address) == 1) forms->push_back(HexForm({address, 4}));
}

std::vector<std::string> StringForms(const Column& column, const KeyValue& value) {
  const bool fixed = column.type == static_cast<uint8_t>(FieldType::kString);
  std::string text = value.text;
  if (column.collation != kBinaryCollation) {
    // CHAR travels without the spaces at its end.
    if (fixed) text.resize(text.find_last_not_of(' ') + 1);
    if (value.form != KeyValue::Form::kBytes) return {TextForm(text), HexForm(text)};
    std::vector<std::string> forms = {HexForm(text)};
    if (const auto utf8 = TextAsUtf8(text, column.collation)) forms.push_back(TextForm(*utf8));
    return forms;
  }
  const size_t size = fixed ? StringBytesMax(column.type_meta) : 0;
  std::vector<std::string> forms;
  const auto add = [&](std::string bytes) {
    if (bytes.size() < size) bytes.resize(size, '\0');
    forms.push_back(HexForm(bytes));
  };
  if (value.form == KeyValue::Form::kBare && text.starts_with("0x")) {
    if (const auto bytes = FromHexDigits(std::string_view(text).substr(2))) add(*bytes);
  }
  add(text);
  if (value.form != KeyValue::Form::kBytes) AddSpelledBytes(text, size, &forms);
  return forms;
}

}  // namespace

Result<std::vector<KeyValue>> ParseKeyText(std::string_view text) {
  std::vector<KeyValue> values;
  while (true) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    KeyValue value;
    const bool bytes = text.starts_with("x'") || text.starts_with("X'");
    if (bytes || text.starts_with("'")) {
      text.remove_prefix(bytes ? 2 : 1);
      for (;;) {
        const size_t quote = text.find('\'');
        if (quote == std::string_view::npos) {
          return Status(StatusCode::kInvalidArgument, "a quote is not closed",
                        "write 'it''s' for it's; in a shell put double quotes around all of it");
        }
        value.text += text.substr(0, quote);
        text.remove_prefix(quote + 1);
        if (!text.starts_with("'")) break;
        value.text.push_back('\'');
        text.remove_prefix(1);
      }
      value.form = bytes ? KeyValue::Form::kBytes : KeyValue::Form::kQuoted;
      if (bytes) {
        const auto decoded = FromHexDigits(value.text);
        if (!decoded)
          return Status(StatusCode::kInvalidArgument, "x'" + value.text + "' are no hexadecimal bytes");
        value.text = *decoded;
      }
      while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
      if (!text.empty() && text.front() != ',') {
        return Status(StatusCode::kInvalidArgument,
                      "'" + std::string(text) + "' follows a value without a comma");
      }
    } else {
      const size_t comma = std::min(text.find(','), text.size());
      value.text = Trim(text.substr(0, comma));
      text.remove_prefix(comma);
      if (value.text.empty()) {
        return Status(StatusCode::kInvalidArgument, "a value is missing", "write '' for an empty text");
      }
    }
    values.push_back(std::move(value));
    if (text.empty()) return values;
    text.remove_prefix(1);
  }
}

Result<std::vector<std::string>> PrintedForms(const Column& column, const KeyValue& value) {
  const auto one = [](Result<std::string> form) -> Result<std::vector<std::string>> {
    if (!form.ok()) return form.status();
    return std::vector<std::string>{std::move(*form)};
  };
  const auto type = static_cast<FieldType>(column.type);
  if (value.form == KeyValue::Form::kBytes && (IsNumericType(column.type) || type == FieldType::kYear)) {
    return NotA("number", {KeyValue::Form::kBare, HexForm(value.text)});
  }
  switch (type) {
    case FieldType::kTiny:
    case FieldType::kShort:
    case FieldType::kInt24:
    case FieldType::kLong:
    case FieldType::kLongLong:
    case FieldType::kYear:
      return one(IntegerForm(value));
    case FieldType::kFloat:
      return one(FloatForm<float>(value));
    case FieldType::kDouble:
      return one(FloatForm<double>(value));
    case FieldType::kNewDecimal:
      return one(DecimalForm(value, column.type_meta >> 8));
    case FieldType::kDate:
    case FieldType::kNewDate:
      return std::vector{TemporalForm(value.text, true, false, 0)};
    case FieldType::kTime:
      return std::vector{TemporalForm(value.text, false, true, 0)};
    case FieldType::kDateTime:
    case FieldType::kTimestamp:
      return std::vector{TemporalForm(value.text, true, true, 0)};
    case FieldType::kTime2:
      return std::vector{TemporalForm(value.text, false, true, column.type_meta)};
    case FieldType::kDateTime2:
    case FieldType::kTimestamp2:
      return std::vector{TemporalForm(value.text, true, true, column.type_meta)};
    case FieldType::kBit: {
      SRDF_ASSIGN_OR_RETURN(const ColumnLayout layout, LayoutOf(column.type, column.type_meta));
      return one(BitForm(value, layout.size));
    }
    case FieldType::kEnum:
    case FieldType::kSet:
      return std::vector{TextForm(value.text)};
    default:
      return StringForms(column, value);
  }
}

}  // namespace srdf::engine_mariadb
