#include "engine_mysql/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace srdf::engine_mysql {

void AppendBase64(ByteView bytes, std::string* out) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t v = 0;
    for (size_t k = 0; k < 3; ++k) v = v << 8 | (k < n ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out->push_back(k <= n ? kDigits[v >> (18 - 6 * k) & 63] : '=');
  }
}

void AppendJsonTextDouble(double value, std::string* out) {
  const std::string shortest = fmt::format("{}", value);
  std::string digits;
  int exponent = 0;
  size_t point = std::string::npos;
  bool negative = false;
  const size_t e = shortest.find('e');
  if (e != std::string::npos) exponent = std::atoi(shortest.c_str() + e + 1);
  for (const char c : std::string_view(shortest).substr(0, e)) {
    if (c == '-') {
      negative = true;
    } else if (c == '.') {
      point = digits.size();
    } else {
      digits.push_back(c);
    }
  }
  int places = static_cast<int>(point == std::string::npos ? digits.size() : point) + exponent;
  const size_t first = digits.find_first_not_of('0');
  if (negative) out->push_back('-');
  if (first == std::string::npos) {
    *out += "0.0";
    return;
  }
  digits.erase(0, first);
  places -= static_cast<int>(first);
  digits.erase(digits.find_last_not_of('0') + 1);
  const int count = static_cast<int>(digits.size());
  if (places >= -14 && (places <= 15 || count > places)) {
    if (places <= 0) {
      *out += "0." + std::string(static_cast<size_t>(-places), '0') + digits;
    } else if (count <= places) {
      *out += digits + std::string(static_cast<size_t>(places - count), '0') + ".0";
    } else {
      *out +=
          digits.substr(0, static_cast<size_t>(places)) + "." + digits.substr(static_cast<size_t>(places));
    }
    return;
  }
  out->push_back(digits[0]);
  if (count > 1) *out += "." + digits.substr(1);
  fmt::format_to(std::back_inserter(*out), "e{}", places - 1);
}

}  // namespace srdf::engine_mysql
