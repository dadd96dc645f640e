#include "crypto/hkdf.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <initializer_list>
#include <memory>

#include "crypto/openssl_required.h"

namespace srdf::crypto {

namespace {

using Block = std::array<uint8_t, kHkdfBytes>;
constexpr size_t kHashBlockBytes = 64;

struct FreeContext {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }  // wipes what it has seen
};

std::string_view View(const Block& block) {
  return {reinterpret_cast<const char*>(block.data()), block.size()};
}

// HMAC-SHA256 (RFC 2104), with one context for all hashes.
class Hmac {
 public:
  Hmac() : context_(EVP_MD_CTX_new()) { Require(context_ != nullptr, "HKDF"); }

  Block Of(std::string_view key, std::initializer_list<std::string_view> pieces) {
    std::array<uint8_t, kHashBlockBytes> padded{};
    if (key.size() > padded.size()) {
      Block shorter = Hash({key});
      std::copy(shorter.begin(), shorter.end(), padded.begin());
      OPENSSL_cleanse(shorter.data(), shorter.size());
    } else {
      std::copy(key.begin(), key.end(), padded.begin());
    }
    const std::string_view pad(reinterpret_cast<const char*>(padded.data()), padded.size());
    for (uint8_t& byte : padded) byte ^= 0x36;
    Begin();
    Update(pad);
    for (const std::string_view piece : pieces) Update(piece);
    Block inner = End();
    for (uint8_t& byte : padded) byte ^= 0x36 ^ 0x5c;
    const Block mac = Hash({pad, View(inner)});
    OPENSSL_cleanse(padded.data(), padded.size());
    OPENSSL_cleanse(inner.data(), inner.size());
    return mac;
  }

 private:
  Block Hash(std::initializer_list<std::string_view> pieces) {
    Begin();
    for (const std::string_view piece : pieces) Update(piece);
    return End();
  }
  void Begin() {
    static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    Require(sha256 != nullptr && EVP_DigestInit_ex2(context_.get(), sha256, nullptr) == 1, "SHA-256");
  }
  void Update(std::string_view bytes) {
    Require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "SHA-256");
  }
  Block End() {
    Block out;
    Require(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1, "SHA-256");
    return out;
  }

  const std::unique_ptr<EVP_MD_CTX, FreeContext> context_;
};

}  // namespace

void HkdfSha256(std::string_view key, std::string_view salt, std::string_view info,
                std::array<uint8_t, kHkdfBytes>* out) {
  Hmac hmac;
  Block extracted = hmac.Of(salt, {key});
  *out = hmac.Of(View(extracted), {info, std::string_view("\1", 1)});
  OPENSSL_cleanse(extracted.data(), extracted.size());
}

}  // namespace srdf::crypto
