#include "crypto/aead.h"

#include <openssl/evp.h>

#include "crypto/openssl_required.h"

namespace srdf::crypto {

namespace {

const unsigned char* Bytes(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}
unsigned char* Bytes(std::string* out, size_t at) {
  return reinterpret_cast<unsigned char*>(out->data()) + at;
}

// Looking an algorithm up costs as much as sealing some KiB with it.
const EVP_CIPHER* Aes256Gcm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  Require(cipher != nullptr, "AES-256-GCM");
  return cipher;
}

}  // namespace

// One for each direction, each made at its first use: the key is scheduled once, a nonce per call.
struct Aead::Contexts {
  explicit Contexts(const SecretKey& k) : key(k.Clone()) {}
  ~Contexts() {
    EVP_CIPHER_CTX_free(sealing);
    EVP_CIPHER_CTX_free(opening);
  }
  EVP_CIPHER_CTX* Sealing() {
    if (sealing == nullptr) {
      sealing = EVP_CIPHER_CTX_new();
      Require(
          sealing != nullptr && EVP_EncryptInit_ex2(sealing, Aes256Gcm(), key.data(), nullptr, nullptr) == 1,
          "AES-256-GCM");
    }
    return sealing;
  }
  EVP_CIPHER_CTX* Opening() {
    if (opening == nullptr) {
      opening = EVP_CIPHER_CTX_new();
      Require(
          opening != nullptr && EVP_DecryptInit_ex2(opening, Aes256Gcm(), key.data(), nullptr, nullptr) == 1,
          "AES-256-GCM");
    }
    return opening;
  }

  const SecretKey key;
  EVP_CIPHER_CTX* sealing = nullptr;
  EVP_CIPHER_CTX* opening = nullptr;
};

Aead::Aead(const SecretKey& key) : contexts_(std::make_unique<Contexts>(key)) {}
Aead::~Aead() = default;

void Aead::Seal(const AeadNonce& nonce, std::string_view associated, std::string_view plain,
                std::string* out) {
  EVP_CIPHER_CTX* const evp = contexts_->Sealing();
  const size_t at = out->size();
  out->resize(at + plain.size() + kAeadTagBytes);
  int n = 0;
  Require(EVP_EncryptInit_ex2(evp, nullptr, nullptr, nonce.data(), nullptr) == 1, "AES-256-GCM");
  if (!associated.empty()) {
    Require(EVP_EncryptUpdate(evp, nullptr, &n, Bytes(associated), static_cast<int>(associated.size())) == 1,
            "AES-256-GCM");
  }
  if (!plain.empty()) {
    Require(EVP_EncryptUpdate(evp, Bytes(out, at), &n, Bytes(plain), static_cast<int>(plain.size())) == 1,
            "AES-256-GCM");
  }
  unsigned char* const tag = Bytes(out, at + plain.size());
  Require(EVP_EncryptFinal_ex(evp, tag, &n) == 1, "AES-256-GCM");
  Require(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kAeadTagBytes), tag) == 1,
          "AES-256-GCM");
}

bool Aead::Open(const AeadNonce& nonce, std::string_view associated, std::string_view sealed,
                std::string* out) {
  if (sealed.size() < kAeadTagBytes) return false;
  EVP_CIPHER_CTX* const evp = contexts_->Opening();
  const std::string_view body = sealed.substr(0, sealed.size() - kAeadTagBytes);
  std::string tag(sealed.substr(body.size()));
  const size_t at = out->size();
  out->resize(at + body.size());
  int n = 0;
  Require(EVP_DecryptInit_ex2(evp, nullptr, nullptr, nonce.data(), nullptr) == 1, "AES-256-GCM");
  if (!associated.empty()) {
    Require(EVP_DecryptUpdate(evp, nullptr, &n, Bytes(associated), static_cast<int>(associated.size())) == 1,
            "AES-256-GCM");
  }
  if (!body.empty()) {
    Require(EVP_DecryptUpdate(evp, Bytes(out, at), &n, Bytes(body), static_cast<int>(body.size())) == 1,
            "AES-256-GCM");
  }
  Require(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kAeadTagBytes), tag.data()) == 1,
          "AES-256-GCM");
  unsigned char none[16];
  if (EVP_DecryptFinal_ex(evp, none, &n) == 1) return true;
  out->resize(at);  // unauthenticated: nobody gets to see it
  return false;
}

}  // namespace srdf::crypto
