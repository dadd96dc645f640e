#include "codec/crc32.h"

#include <zlib.h>

#include "codec/crc32_fold.h"

namespace srdf::codec {

namespace {

constexpr uint32_t kNothingYet = 0;

uint32_t Update(uint32_t crc, std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

uint32_t Crc32(std::string_view bytes) {
  if (bytes.size() < kCrc32FoldBytesMin || !CanFoldCrc32()) return Update(kNothingYet, bytes);
  const Crc32Folded folded = FoldCrc32(bytes);
  // The remainder already has the initial inversion in it; all ones cancel the one that zlib begins with.
  const uint32_t crc = Update(~kNothingYet, {folded.remainder.data(), folded.remainder.size()});
  return Update(crc, bytes.substr(folded.bytes));
}

}  // namespace srdf::codec
