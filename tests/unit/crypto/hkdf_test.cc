#include "crypto/hkdf.h"

#include <gtest/gtest.h>

#include <string>

namespace srdf::crypto {
namespace {

std::string Bytes(int from, int to) {
  std::string out;
  for (int c = from; c < to; ++c) out.push_back(static_cast<char>(c));
  return out;
}

std::string Hex(const std::array<uint8_t, kHkdfBytes>& bytes) {
  std::string hex;
  for (const uint8_t byte : bytes) {
    char text[3];
    snprintf(text, sizeof(text), "%02x", byte);
    hex += text;
  }
  return hex;
}

// RFC 5869, appendix A.1 to A.3, of whose output the first block is compared.
std::array<uint8_t, kHkdfBytes> Derived(std::string_view key, std::string_view salt, std::string_view info) {
  std::array<uint8_t, kHkdfBytes> out{};
  HkdfSha256(key, salt, info, &out);
  return out;
}

TEST(Hkdf, IsThatOfTheRfc) {
  EXPECT_EQ(Hex(Derived(std::string(22, '\x0b'), Bytes(0, 13), Bytes(0xf0, 0xfa))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  EXPECT_EQ(Hex(Derived(Bytes(0, 0x50), Bytes(0x60, 0xb0), Bytes(0xb0, 0x100))),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
  EXPECT_EQ(Hex(Derived(std::string(22, '\x0b'), {}, {})),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

}  // namespace
}  // namespace srdf::crypto
