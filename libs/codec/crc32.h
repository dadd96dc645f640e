// CRC-32 of bytes, as in gzip members (RFC 1952, section 8: polynomial 0xEDB88320, reflected). It finds what
// a broken line or memory does to bytes, at once and cheaply; it proves nothing against somebody who wants to
// change them.
#pragma once

#include <cstdint>
#include <string_view>

namespace srdf::codec {

uint32_t Crc32(std::string_view bytes);

}  // namespace srdf::codec
