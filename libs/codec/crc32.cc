#include "codec/crc32.h"

#include <zlib.h>

namespace srdf::codec {

uint32_t Crc32(std::string_view bytes) {
  const uLong none = crc32_z(0, nullptr, 0);
  return static_cast<uint32_t>(crc32_z(none, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace srdf::codec
