// The key ring's text, and key material that somebody brings: an error, or a ring that is written as it was.
#include "crypto/key_ring.h"
#include "fuzz/fuzz_target.h"

namespace srdf::fuzz {

void FuzzOne(std::string_view input) {
  (void)crypto::ParseKeyMaterial(input);
  (void)crypto::IsKeyId(input);
  const auto ring = crypto::KeyRing::Parse(input);
  if (!ring.ok()) {
    Require(!ring.status().message().empty(), "a ring is refused without a word");
    return;
  }
  size_t active = 0;
  for (const crypto::RingKey& key : ring->keys()) {
    if (key.state == crypto::KeyState::kActive) ++active;
    Require(crypto::IsKeyId(key.id) && ring->Find(key.id) == &key, "a key cannot be found by its id");
  }
  Require(active == (ring->keys().empty() ? 0u : 1u), "a ring has not exactly one active key");
  const auto again = crypto::KeyRing::Parse(ring->Format());
  Require(again.ok() && again->Format() == ring->Format(), "a ring changes when it is written again");
}

std::vector<std::string> Seeds() {
  crypto::KeyRing ring = crypto::KeyRing::WithNewKey(1'700'000'000'000);
  std::vector<std::string> seeds = {ring.Format()};
  Require(ring.Rotate("", 1'700'000'100'000).ok(), "a ring cannot be rotated");
  seeds.push_back(ring.Format());
  seeds.push_back(std::string(64, 'a'));
  seeds.push_back("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=");
  return seeds;
}

}  // namespace srdf::fuzz
