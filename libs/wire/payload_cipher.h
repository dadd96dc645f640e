// The encrypted payload of a wagon (docs/formats/wagon.md, "Encryption").
//
//   header tag (16) | segment | segment | … | last segment
//
// Each wagon has a key of its own: HKDF-SHA256(key of the ring, salt = the header's nonce, info = "srdf wagon
// v1" ‖ key id). Under it the compressed payload is cut into segments of 64 KiB, each sealed with AES-256-GCM
// whose nonce is the segment's number and whether it is the last: the STREAM construction of Hoang,
// Reyhanitabar, Rogaway and Vizár (CRYPTO 2015, "Online Authenticated-Encryption and its Nonce-Reuse
// Misuse-Resistance"), as age and Tink use it. So a payload of any size is sealed and opened in bounded
// memory, nothing unauthenticated is ever given out, and segments that are exchanged, left out or cut off are
// found.
//
// The header tag seals nothing, with the frame's front (magic to header) as associated data: the header is
// complete only when the last segment is, and a reader checks it before it opens the first.
//
// Both objects are driven by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "crypto/aead.h"
#include "crypto/key_ring.h"

namespace srdf::wire {

constexpr size_t kSegmentPlainBytes = 64u << 10;
constexpr size_t kSegmentSealedBytes = kSegmentPlainBytes + crypto::kAeadTagBytes;
constexpr size_t kHeaderTagBytes = crypto::kAeadTagBytes;
// The header tag, and a last segment of nothing.
constexpr uint64_t kSealedPayloadBytesMin = kHeaderTagBytes + crypto::kAeadTagBytes;

class PayloadSealer {
 public:
  PayloadSealer(const crypto::WagonKey& key, std::string_view nonce);

  // Takes whole segments off the front of *plain and appends them, sealed, to *out; up to a segment stays,
  // for it may be the last.
  void Append(std::string* plain, std::string* out);
  // Seals what is left as the last segment. Once, after every Append.
  void Finish(std::string* plain, std::string* out);
  std::string HeaderTag(std::string_view front);

 private:
  void Seal(std::string_view plain, bool last, std::string* out);

  crypto::Aead aead_;
  uint64_t segment_ = 0;
};

class PayloadOpener {
 public:
  PayloadOpener(const crypto::WagonKey& key, std::string_view nonce);

  // Is this the header that the wagon was sealed with, and this the key?
  bool CheckHeader(std::string_view front, std::string_view tag);
  // Appends the plaintext of the next segment. kDataLoss when it is not the one that was sealed there.
  Status Open(std::string_view sealed, bool last, std::string* out);

 private:
  crypto::Aead aead_;
  uint64_t segment_ = 0;
};

}  // namespace srdf::wire
