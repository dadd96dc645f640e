// KeyRing: the keys of a mesh. New wagons are sealed with the active one; every key of the ring can open.
//
// A key is *standby* (it can open; it is there to become active, once every site has it), *active* (exactly
// one), or *retired* (it can open, until no wagon needs it). The text form is docs/formats/key-ring.md:
//
//   srdf-keys 1
//   key k-20261121-5fe3a9 active 2026-11-21T06:20:05Z 1f6c… 8b1a…     (fingerprint, 32 bytes in hex)
//
// A ring is a value: verbs change this object only, and leave it as it was when they refuse. Errors name the
// key and the remedy, and never a byte of a key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "crypto/secret_key.h"

namespace srdf::crypto {

enum class KeyState : uint8_t { kStandby = 1, kActive = 2, kRetired = 3 };
const char* KeyStateName(KeyState state);

struct RingKey {
  std::string id;
  KeyState state = KeyState::kStandby;
  std::string created;  // RFC 3339, UTC
  SecretKey secret;
};

// A key that a wagon is sealed or opened with; outlives the ring it came from.
struct WagonKey {
  std::string id;
  SecretKey secret;
};
using WagonKeyPtr = std::shared_ptr<const WagonKey>;

// Who has keys: a running service's ring, or a test's.
class KeyProvider {
 public:
  virtual ~KeyProvider() = default;
  // kFailedPrecondition, with the remedy, when there is no such key. Any thread.
  virtual Result<WagonKeyPtr> Find(const std::string& key_id) = 0;
};

class KeyRing {
 public:
  // A ring with one random active key. `now_ms`: wall clock, for the id and `created`.
  static KeyRing WithNewKey(int64_t now_ms);
  // Takes ';' for the end of a line too, for environment variables. kInvalidArgument names the line.
  static Result<KeyRing> Parse(std::string_view text);
  // Wipe it after use.
  std::string Format() const;

  // As standby, or active when it is the first. kAlreadyExists for an id that is there, and for a key that is
  // there by another name.
  Status Add(const std::string& id, SecretKey secret, int64_t now_ms);
  // Makes the standby key `id` active, and retires the one that was. An empty id makes a new random key.
  Status Rotate(const std::string& id, int64_t now_ms);
  // A standby key becomes retired. The active one is refused: something has to seal.
  Status Retire(const std::string& id);
  // Forgets a retired key for good.
  Status Remove(const std::string& id);

  const std::vector<RingKey>& keys() const { return keys_; }
  const RingKey* Find(std::string_view id) const;
  const RingKey* active() const;  // nullptr only in a ring without keys

  KeyRing() = default;
  KeyRing(KeyRing&&) = default;
  KeyRing& operator=(KeyRing&&) = default;

 private:
  RingKey* Mutable(std::string_view id);
  Status NoKey(const std::string& id) const;

  std::vector<RingKey> keys_;  // oldest first
};

// "k-20261121-5fe3a9": day, and random digits, so that rings made apart never give two keys one name.
std::string NewKeyId(int64_t now_ms);
// Letters, digits, '.', '_', '-', at most 64, a letter or digit first.
bool IsKeyId(std::string_view id);
// A key that somebody brings: 64 hex digits, or the base64 of 32 bytes; blanks around it do not matter.
Result<SecretKey> ParseKeyMaterial(std::string_view text);

}  // namespace srdf::crypto
