#include "crypto/secret_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>

#include "crypto/openssl_required.h"
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
  // Looking an algorithm up costs more than using it.
  static EVP_KDF* const hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  Require(hkdf != nullptr, "HKDF");
  EVP_KDF_CTX* const context = EVP_KDF_CTX_new(hkdf);
  Require(context != nullptr, "HKDF");
  char digest[] = "SHA256";
  const auto octets = [](const char* name, std::string_view bytes) {
    // OpenSSL takes no null, which an empty view may be.
    const char* const data = bytes.data() == nullptr ? "" : bytes.data();
    return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(data), bytes.size());
  };
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                   octets(OSSL_KDF_PARAM_KEY, bytes()), octets(OSSL_KDF_PARAM_SALT, salt),
                                   octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  SecretKey derived;
  const int done = EVP_KDF_derive(context, derived.bytes_.data(), derived.bytes_.size(), parameters);
  EVP_KDF_CTX_free(context);
  Require(done == 1, "HKDF");
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
