#include "wire/payload_cipher.h"

namespace srdf::wire {

namespace {

// The last byte of a nonce, behind 11 bytes of segment number (big-endian). Fixed for ever.
enum class Kind : uint8_t { kSegment = 0, kLastSegment = 1, kHeaderTag = 2 };

crypto::AeadNonce NonceOf(uint64_t segment, Kind kind) {
  crypto::AeadNonce nonce{};
  for (size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<uint8_t>(segment >> (8 * i));
  nonce[11] = static_cast<uint8_t>(kind);
  return nonce;
}

crypto::SecretKey WagonSecret(const crypto::WagonKey& key, std::string_view nonce) {
  return key.secret.Derive(nonce, "srdf wagon v1" + key.id);
}

}  // namespace

PayloadSealer::PayloadSealer(const crypto::WagonKey& key, std::string_view nonce)
    : aead_(WagonSecret(key, nonce)) {}

void PayloadSealer::Append(std::string* plain, std::string* out) {
  size_t at = 0;
  for (; plain->size() - at > kSegmentPlainBytes; at += kSegmentPlainBytes)
    Seal(std::string_view(*plain).substr(at, kSegmentPlainBytes), false, out);
  plain->erase(0, at);
}

void PayloadSealer::Finish(std::string* plain, std::string* out) {
  Append(plain, out);
  Seal(*plain, true, out);
  plain->clear();
}

std::string PayloadSealer::HeaderTag(std::string_view front) {
  std::string tag;
  aead_.Seal(NonceOf(0, Kind::kHeaderTag), front, {}, &tag);
  return tag;
}

void PayloadSealer::Seal(std::string_view plain, bool last, std::string* out) {
  aead_.Seal(NonceOf(segment_++, last ? Kind::kLastSegment : Kind::kSegment), {}, plain, out);
}

PayloadOpener::PayloadOpener(const crypto::WagonKey& key, std::string_view nonce)
    : aead_(WagonSecret(key, nonce)) {}

bool PayloadOpener::CheckHeader(std::string_view front, std::string_view tag) {
  std::string nothing;
  return tag.size() == kHeaderTagBytes && aead_.Open(NonceOf(0, Kind::kHeaderTag), front, tag, &nothing);
}

Status PayloadOpener::Open(std::string_view sealed, bool last, std::string* out) {
  const uint64_t number = segment_++;
  if (aead_.Open(NonceOf(number, last ? Kind::kLastSegment : Kind::kSegment), {}, sealed, out)) return {};
  return {StatusCode::kDataLoss,
          "wagon payload: segment " + std::to_string(number) + " is not the one that was sealed there"};
}

}  // namespace srdf::wire
