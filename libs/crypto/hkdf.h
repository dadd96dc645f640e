// HKDF-SHA256 (RFC 5869) for one block of output. Any thread.
//
// OpenSSL's own looks MAC and digest up by their names at each call, which costs several times what the
// hashing does.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace srdf::crypto {

constexpr size_t kHkdfBytes = 32;

// Into `out`, so that no copy is left behind.
void HkdfSha256(std::string_view key, std::string_view salt, std::string_view info,
                std::array<uint8_t, kHkdfBytes>* out);

}  // namespace srdf::crypto
