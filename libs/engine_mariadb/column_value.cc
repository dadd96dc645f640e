#include "engine_mariadb/column_value.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

namespace srdf::engine_mariadb {

namespace {

uint64_t BigEndian(ByteView bytes) {
  uint64_t v = 0;
  for (const char c : bytes) v = v << 8 | static_cast<uint8_t>(c);
  return v;
}

uint64_t LittleEndian(ByteView bytes) {
  uint64_t v = 0;
  for (size_t i = bytes.size(); i-- > 0;) v = v << 8 | static_cast<uint8_t>(bytes[i]);
  return v;
}

template <typename... Args>
void Format(std::string* out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*out), format, std::forward<Args>(args)...);
}

// ".123" of `micros`, cut to `decimals` digits; nothing for none.
void AppendFraction(uint64_t micros, unsigned decimals, std::string* out) {
  if (decimals == 0) return;
  std::string digits = fmt::format("{:06}", micros);
  digits.resize(decimals);
  out->push_back('.');
  *out += digits;
}

// The fraction is stored in (decimals + 1) / 2 bytes, in units of 10^-2, 10^-4 or 10^-6 seconds.
uint64_t FractionMicros(uint64_t stored, unsigned decimals) {
  switch ((decimals + 1) / 2) {
    case 1:
      return stored * 10'000;
    case 2:
      return stored * 100;
    default:
      return stored;
  }
}

void AppendUtc(uint64_t seconds, std::string* out) {
  if (seconds == 0) {
    *out += "0000-00-00 00:00:00";
    return;
  }
  const auto time = static_cast<time_t>(seconds);
  tm utc{};
  gmtime_r(&time, &utc);
  Format(out, "{:04}-{:02}-{:02} {:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
         utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

// Digits are packed by nines into four bytes, a rest of n digits into fewer; the whole part's rest comes
// first, the fraction's last. The sign bit is inverted, and a negative number has all bits inverted.
void AppendDecimal(ByteView packed, uint8_t precision, uint8_t scale, std::string* out) {
  static constexpr uint8_t kDigitBytes[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  std::string bytes(packed);
  const bool negative = (static_cast<uint8_t>(bytes[0]) & 0x80) == 0;
  bytes[0] = static_cast<char>(bytes[0] ^ 0x80);
  if (negative) {
    for (char& c : bytes) c = static_cast<char>(~c);
  }
  std::string whole, fraction;
  size_t at = 0;
  const auto take = [&](unsigned digits, std::string* to) {
    const size_t n = kDigitBytes[digits];
    const uint64_t value = BigEndian(ByteView(bytes).substr(at, n));
    at += n;
    *to += fmt::format("{:0{}}", value, digits);
  };
  const unsigned whole_digits = precision - scale;
  if (whole_digits % 9 != 0) take(whole_digits % 9, &whole);
  for (unsigned i = 0; i < whole_digits / 9; ++i) take(9, &whole);
  for (unsigned i = 0; i < scale / 9u; ++i) take(9, &fraction);
  if (scale % 9 != 0) take(scale % 9, &fraction);
  const size_t first = whole.find_first_not_of('0');
  if (negative) out->push_back('-');
  *out += first == std::string::npos ? "0" : whole.substr(first);
  if (scale != 0) *out += "." + fraction;
}

void AppendDate(ByteView packed, std::string* out) {
  const uint64_t v = LittleEndian(packed);
  Format(out, "{:04}-{:02}-{:02}", v >> 9, (v >> 5) & 15, v & 31);
}

void AppendTime2(ByteView packed, unsigned decimals, std::string* out) {
  // The whole value is offset by half its range, so that negative times sort below positive ones; the
  // fraction belongs to the same number.
  const size_t fraction_bytes = (decimals + 1) / 2;
  const unsigned bits = static_cast<unsigned>(8 * fraction_bytes);
  int64_t v = static_cast<int64_t>(BigEndian(packed)) - (int64_t{0x800000} << bits);
  if (v < 0) {
    out->push_back('-');
    v = -v;
  }
  const uint64_t hms = static_cast<uint64_t>(v) >> bits;
  const uint64_t stored = static_cast<uint64_t>(v) & ((uint64_t{1} << bits) - 1);
  Format(out, "{:02}:{:02}:{:02}", (hms >> 12) & 1023, (hms >> 6) & 63, hms & 63);
  AppendFraction(FractionMicros(stored, decimals), decimals, out);
}

void AppendDateTime2(ByteView packed, unsigned decimals, std::string* out) {
  const uint64_t v = BigEndian(packed.substr(0, 5)) - 0x8000000000ull;
  const uint64_t ymd = v >> 17;
  const uint64_t hms = v & 0x1ffff;
  const uint64_t month = ymd >> 5;
  Format(out, "{:04}-{:02}-{:02} {:02}:{:02}:{:02}", month / 13, month % 13, ymd & 31, hms >> 12,
         (hms >> 6) & 63, hms & 63);
  AppendFraction(FractionMicros(BigEndian(packed.substr(5)), decimals), decimals, out);
}

void AppendTimestamp2(ByteView packed, unsigned decimals, std::string* out) {
  AppendUtc(BigEndian(packed.substr(0, 4)), out);
  AppendFraction(FractionMicros(BigEndian(packed.substr(4)), decimals), decimals, out);
}

void AppendOldTime(ByteView packed, std::string* out) {
  auto v = static_cast<int64_t>(LittleEndian(packed));
  if (v >= 0x800000) v -= 0x1000000;
  if (v < 0) {
    out->push_back('-');
    v = -v;
  }
  Format(out, "{:02}:{:02}:{:02}", v / 10000, v / 100 % 100, v % 100);
}

void AppendOldDateTime(ByteView packed, std::string* out) {
  const uint64_t v = LittleEndian(packed);
  const uint64_t date = v / 1'000'000;
  const uint64_t time = v % 1'000'000;
  Format(out, "{:04}-{:02}-{:02} {:02}:{:02}:{:02}", date / 10000, date / 100 % 100, date % 100, time / 10000,
         time / 100 % 100, time % 100);
}

void AppendOldTimestamp(ByteView packed, std::string* out) { AppendUtc(LittleEndian(packed), out); }

}  // namespace srdf::engine_mariadb
