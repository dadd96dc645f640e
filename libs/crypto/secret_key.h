// SecretKey: 256 bits that nobody may see: wiped when they go, never formatted, not copied by accident.
//
// Derive makes another key of one, with HKDF-SHA256 (RFC 5869: `salt` need not be secret, `info` says what
// the key is for). Values without threads; a `const` key may be used by several at once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace srdf::crypto {

constexpr size_t kKeyBytes = 32;

class SecretKey {
 public:
  static SecretKey Random();
  // Nothing when it is not kKeyBytes bytes.
  static std::optional<SecretKey> FromBytes(std::string_view bytes);
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  ~SecretKey();

  SecretKey Clone() const;
  SecretKey Derive(std::string_view salt, std::string_view info) const;
  // 16 hex digits by which people tell keys apart. They say nothing of the key: it is derived, not hashed.
  std::string Fingerprint() const;

  const uint8_t* data() const { return bytes_.data(); }
  // For writing a ring, and nothing else. Wipe it afterwards.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  SecretKey() = default;

  std::array<uint8_t, kKeyBytes> bytes_{};
};

// Overwrites what a string holds, in a way that a compiler does not leave out, and empties it.
void Wipe(std::string* secret);

}  // namespace srdf::crypto
