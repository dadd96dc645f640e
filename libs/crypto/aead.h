// Aead: AES-256-GCM (NIST SP 800-38D) with one key: confidential and authenticated, with bytes beside the
// plaintext (`associated`) that are authenticated only.
//
// A nonce must never be used twice with one key to seal; the caller counts. Sealed bytes are the ciphertext,
// as long as the plaintext, and kAeadTagBytes behind it. Driven by one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/secret_key.h"

namespace srdf::crypto {

constexpr size_t kAeadNonceBytes = 12;
constexpr size_t kAeadTagBytes = 16;

using AeadNonce = std::array<uint8_t, kAeadNonceBytes>;

class Aead {
 public:
  explicit Aead(const SecretKey& key);
  ~Aead();
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;

  // Appends the sealed bytes to *out. `plain` is at most 1 GiB.
  void Seal(const AeadNonce& nonce, std::string_view associated, std::string_view plain, std::string* out);
  // Appends the plaintext to *out; false, and nothing appended, when a byte of anything is not as it was
  // sealed.
  [[nodiscard]] bool Open(const AeadNonce& nonce, std::string_view associated, std::string_view sealed,
                          std::string* out);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace srdf::crypto
