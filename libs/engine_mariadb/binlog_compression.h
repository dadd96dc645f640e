// Inflating what the server deflated: compressed events (log_bin_compress) and COMPRESSED columns.
//
// The claimed length is checked against a bound before memory is taken, and the data must inflate to exactly
// that length. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf::engine_mariadb {

// No event is larger than max_allowed_packet's ceiling, 1 GiB; the product's own bound is that of a record.
constexpr uint64_t kInflatedBytesMax = 256u << 20;

// The payload of a compressed event: a byte with the number of length bytes, the length (big-endian), a zlib
// stream. `out` is overwritten; its capacity is kept between calls.
Status InflateEventPayload(ByteView in, std::string* out);

// The value of a COMPRESSED column: a zero byte and the plain value, or a byte with method and length bytes,
// the length (big-endian) and a raw or zlib-wrapped deflate stream.
Status InflateColumnValue(ByteView in, std::string* out);

}  // namespace srdf::engine_mariadb
