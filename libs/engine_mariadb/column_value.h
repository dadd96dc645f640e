// Column values as text: DECIMAL and the temporal types, decoded from their packed forms. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace srdf::engine_mariadb {

// Each appends what the server prints; `packed` has the length that LayoutOf gave for the type.
void AppendDecimal(ByteView packed, uint8_t precision, uint8_t scale, std::string* out);
void AppendDate(ByteView packed, std::string* out);
void AppendTime2(ByteView packed, unsigned decimals, std::string* out);
void AppendDateTime2(ByteView packed, unsigned decimals, std::string* out);
void AppendTimestamp2(ByteView packed, unsigned decimals, std::string* out);  // UTC
// The formats before MariaDB 10.1, without fractional seconds.
void AppendOldTime(ByteView packed, std::string* out);
void AppendOldDateTime(ByteView packed, std::string* out);
void AppendOldTimestamp(ByteView packed, std::string* out);

}  // namespace srdf::engine_mariadb
