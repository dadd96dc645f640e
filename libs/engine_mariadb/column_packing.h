// Column values in their packed forms: DECIMAL and the temporal types, as they stand in a row image. The
// other direction of column_value.h. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace srdf::engine_mariadb {

// A point in time or a duration, as the protocol sends it. Zero and invalid dates are values like any other.
struct TimeParts {
  bool negative = false;  // durations alone
  uint32_t year = 0, month = 0, day = 0;
  uint32_t hour = 0, minute = 0, second = 0;  // of a duration up to 838 hours
  uint32_t micros = 0;
};

// Each appends the packed value. `decimals` are the fraction's digits, 0 to 6.
// False when `text` is not a number that has at most these digits.
bool PackDecimal(ByteView text, uint8_t precision, uint8_t scale, std::string* out);
void PackDate(const TimeParts& t, std::string* out);
void PackTime2(const TimeParts& t, unsigned decimals, std::string* out);
void PackDateTime2(const TimeParts& t, unsigned decimals, std::string* out);
void PackTimestamp2(const TimeParts& utc, unsigned decimals, std::string* out);
// The formats before MariaDB 10.1, without fractional seconds.
void PackOldTime(const TimeParts& t, std::string* out);
void PackOldDateTime(const TimeParts& t, std::string* out);
void PackOldTimestamp(const TimeParts& utc, std::string* out);

void PackLittleEndian(uint64_t v, unsigned bytes, std::string* out);
void PackBigEndian(uint64_t v, unsigned bytes, std::string* out);

}  // namespace srdf::engine_mariadb
