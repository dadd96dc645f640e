#include "engine_mysql/serialized_message.h"

#include <bit>

namespace srdf::engine_mysql {

uint64_t ReadSerializedUnsigned(ByteReader* reader) {
  const uint8_t first = reader->U8();
  const int more = std::countr_one(first);
  if (more == 8) return reader->U64();
  uint64_t value = first >> (more + 1);
  const ByteView rest = reader->Raw(static_cast<size_t>(more));
  int shift = 7 - more;
  for (const char c : rest) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(c)) << shift;
    shift += 8;
  }
  return value;
}

int64_t ReadSerializedSigned(ByteReader* reader) {
  const uint64_t raw = ReadSerializedUnsigned(reader);
  const auto magnitude = static_cast<int64_t>(raw >> 1);
  return (raw & 1) != 0 ? -magnitude - 1 : magnitude;
}

}  // namespace srdf::engine_mysql
