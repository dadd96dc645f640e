#include "engine_mariadb/column_packing.h"

namespace srdf::engine_mariadb {

namespace {

// Units in which the fraction of a second is stored: 10^-2, 10^-4 or 10^-6.
constexpr uint32_t kFractionUnit[4] = {1'000'000, 10'000, 100, 1};

unsigned FractionBytes(unsigned decimals) { return (decimals + 1) / 2; }

// Seconds since the epoch; 0 for the zero date. Days are counted from the first of March, so that leap days
// come last.
uint32_t EpochSeconds(const TimeParts& t) {
  if (t.month == 0 || t.day == 0) return 0;
  const int64_t year = static_cast<int64_t>(t.year) - (t.month <= 2 ? 1 : 0);
  const int64_t day_of_year = (153 * ((t.month + 9) % 12) + 2) / 5 + t.day - 1;
  const int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719'468;
  return static_cast<uint32_t>(days * 86'400 + t.hour * 3600 + t.minute * 60 + t.second);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

void PackLittleEndian(uint64_t v, unsigned bytes, std::string* out) {
  char buffer[8];
  for (unsigned i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(v >> (8 * i));
  out->append(buffer, bytes);
}

void PackBigEndian(uint64_t v, unsigned bytes, std::string* out) {
  char buffer[8];
  for (unsigned i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(v >> (8 * (bytes - 1 - i)));
  out->append(buffer, bytes);
}

// The form is told at AppendDecimal in column_value.cc.
bool PackDecimal(ByteView text, uint8_t precision, uint8_t scale, std::string* out) {
  static constexpr uint8_t kDigitBytes[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  constexpr size_t kDigitsMax = 65;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  while (!text.empty() && text[0] == '0') text.remove_prefix(1);
  const size_t point = text.find('.');
  const ByteView whole = text.substr(0, point);
  const ByteView fraction = point == ByteView::npos ? ByteView() : text.substr(point + 1);
  const size_t whole_digits = precision - scale;
  if (precision > kDigitsMax || whole.size() > whole_digits || fraction.size() > scale) return false;
  char digits[kDigitsMax];
  for (size_t i = 0; i < precision; ++i) digits[i] = 0;
  bool zero = true;
  const auto put = [&](ByteView from, size_t at) {
    for (const char c : from) {
      if (!IsDigit(c)) return false;
      if (c != '0') zero = false;
      digits[at++] = static_cast<char>(c - '0');
    }
    return true;
  };
  if (!put(whole, whole_digits - whole.size()) || !put(fraction, whole_digits)) return false;
  const size_t begin = out->size();
  size_t at = 0;
  const auto pack = [&](unsigned count) {
    uint32_t v = 0;
    for (unsigned i = 0; i < count; ++i) v = v * 10 + static_cast<uint32_t>(digits[at++]);
    PackBigEndian(v, kDigitBytes[count], out);
  };
  if (whole_digits % 9 != 0) pack(whole_digits % 9);
  for (size_t i = 0; i < whole_digits / 9; ++i) pack(9);
  for (unsigned i = 0; i < scale / 9u; ++i) pack(9);
  if (scale % 9 != 0) pack(scale % 9);
  if (negative && !zero) {
    for (size_t i = begin; i < out->size(); ++i) (*out)[i] = static_cast<char>(~(*out)[i]);
  }
  if (out->size() > begin) (*out)[begin] = static_cast<char>((*out)[begin] ^ 0x80);
  return true;
}

void PackDate(const TimeParts& t, std::string* out) {
  PackLittleEndian(t.day | t.month << 5 | t.year << 9, 3, out);
}

void PackTime2(const TimeParts& t, unsigned decimals, std::string* out) {
  const unsigned fraction_bytes = FractionBytes(decimals);
  const unsigned bits = 8 * fraction_bytes;
  const int64_t hms = t.hour << 12 | t.minute << 6 | t.second;
  int64_t v = hms << bits;
  if (fraction_bytes != 0) v |= t.micros / kFractionUnit[fraction_bytes];
  if (t.negative) v = -v;
  PackBigEndian(static_cast<uint64_t>(v + (int64_t{0x800000} << bits)), 3 + fraction_bytes, out);
}

void PackDateTime2(const TimeParts& t, unsigned decimals, std::string* out) {
  const uint64_t ymd = uint64_t{t.year * 13 + t.month} << 5 | t.day;
  const uint64_t hms = t.hour << 12 | t.minute << 6 | t.second;
  PackBigEndian((ymd << 17 | hms) + 0x8000000000ull, 5, out);
  const unsigned fraction_bytes = FractionBytes(decimals);
  if (fraction_bytes != 0) PackBigEndian(t.micros / kFractionUnit[fraction_bytes], fraction_bytes, out);
}

void PackTimestamp2(const TimeParts& utc, unsigned decimals, std::string* out) {
  PackBigEndian(EpochSeconds(utc), 4, out);
  const unsigned fraction_bytes = FractionBytes(decimals);
  if (fraction_bytes != 0) PackBigEndian(utc.micros / kFractionUnit[fraction_bytes], fraction_bytes, out);
}

void PackOldTime(const TimeParts& t, std::string* out) {
  const int64_t v = int64_t{t.hour} * 10'000 + t.minute * 100 + t.second;
  PackLittleEndian(static_cast<uint64_t>(t.negative ? -v : v), 3, out);
}

void PackOldDateTime(const TimeParts& t, std::string* out) {
  const uint64_t date = t.year * 10'000ull + t.month * 100 + t.day;
  PackLittleEndian(date * 1'000'000 + t.hour * 10'000 + t.minute * 100 + t.second, 8, out);
}

void PackOldTimestamp(const TimeParts& utc, std::string* out) { PackLittleEndian(EpochSeconds(utc), 4, out); }

}  // namespace srdf::engine_mariadb
