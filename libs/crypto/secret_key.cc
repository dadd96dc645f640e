#include "crypto/secret_key.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "crypto/hkdf.h"
#include "crypto/random.h"

namespace srdf::crypto {

SecretKey SecretKey::Random() {
  SecretKey key;
  FillRandom(key.bytes_.data(), key.bytes_.size());
  return key;
}

std::optional<SecretKey> SecretKey::FromBytes(std::string_view bytes) {
  if (bytes.size() != kKeyBytes) return std::nullopt;
  SecretKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) {
  OPENSSL_cleanse(other.bytes_.data(), other.bytes_.size());
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this == &other) return *this;
  bytes_ = other.bytes_;
  OPENSSL_cleanse(other.bytes_.data(), other.bytes_.size());
  return *this;
}

SecretKey::~SecretKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

SecretKey SecretKey::Clone() const {
  SecretKey copy;
  copy.bytes_ = bytes_;
  return copy;
}

SecretKey SecretKey::Derive(std::string_view salt, std::string_view info) const {
  static_assert(kHkdfBytes == kKeyBytes);
  SecretKey derived;
  HkdfSha256(bytes(), salt, info, &derived.bytes_);
  return derived;
}

std::string SecretKey::Fingerprint() const {
  const SecretKey derived = Derive({}, "srdf key fingerprint v1");
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < 8; ++i) {
    out.push_back(kHex[derived.bytes_[i] >> 4]);
    out.push_back(kHex[derived.bytes_[i] & 15]);
  }
  return out;
}

void Wipe(std::string* secret) {
  OPENSSL_cleanse(secret->data(), secret->size());
  secret->clear();
}

}  // namespace srdf::crypto
