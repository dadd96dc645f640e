#include "verify/row_digest.h"

#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>

namespace srdf::verify {

namespace {

// OpenSSL without a working SHA-256 is a broken installation (or no memory): nothing can be compared then.
void Require(bool worked) {
  if (worked) return;
  std::fputs("OpenSSL cannot compute SHA-256\n", stderr);
  std::abort();
}

uint64_t Little(const unsigned char* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  return value;
}

}  // namespace

// One digest context for all rows: to make one costs more than to hash a row with it.
struct RowHasher::Context {
  Context() : evp(EVP_MD_CTX_new()), sha256(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {
    Require(evp != nullptr && sha256 != nullptr && EVP_DigestInit_ex2(evp, sha256, nullptr) == 1);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    EVP_MD_CTX_free(evp);
    EVP_MD_free(sha256);
  }
  EVP_MD_CTX* evp;
  EVP_MD* sha256;
};

RowHasher::RowHasher() : context_(std::make_unique<Context>()) {}
RowHasher::RowHasher(RowHasher&&) noexcept = default;
RowHasher& RowHasher::operator=(RowHasher&&) noexcept = default;
RowHasher::~RowHasher() = default;

RowHash RowHasher::Hash(ByteView image) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  // No type: the context begins again with the one that it has.
  Require(EVP_DigestInit_ex2(context_->evp, nullptr, nullptr) == 1 &&
          EVP_DigestUpdate(context_->evp, image.data(), image.size()) == 1 &&
          EVP_DigestFinal_ex(context_->evp, bytes.data(), nullptr) == 1);
  return {Little(bytes.data()), Little(bytes.data() + 8)};
}

std::string HashBytes(const RowHash& hash) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.U64(hash.low);
  writer.U64(hash.high);
  return bytes;
}

bool ParseHash(ByteView bytes, RowHash* hash) {
  if (bytes.size() != kHashBytes) return false;
  ByteReader reader(bytes);
  hash->low = reader.U64();
  hash->high = reader.U64();
  return true;
}

}  // namespace srdf::verify
