#include "wire/sha256.h"

#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>

namespace srdf::wire {

namespace {

// OpenSSL without a working SHA-256 is a broken installation (or no memory): nothing can be kept safe then.
void Require(bool worked) {
  if (worked) return;
  std::fputs("OpenSSL cannot compute SHA-256\n", stderr);
  std::abort();
}

}  // namespace

struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) {
    // Looking an algorithm up costs as much as hashing some KiB with it.
    static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    Require(evp != nullptr && sha256 != nullptr && EVP_DigestInit_ex2(evp, sha256, nullptr) == 1);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(evp); }
  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::Append(std::string_view bytes) {
  Require(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Finish() {
  std::string hash(kSha256Bytes, '\0');
  unsigned int n = 0;
  Require(EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(hash.data()), &n) == 1);
  Require(n == kSha256Bytes);
  return hash;
}

}  // namespace srdf::wire
