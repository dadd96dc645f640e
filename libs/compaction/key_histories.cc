#include "compaction/key_histories.h"

#include <bit>
#include <cstring>
#include <random>

namespace srdf::compaction {

namespace {

constexpr size_t kSlotsMin = 64;

__extension__ using Wide = unsigned __int128;

uint64_t Mix(uint64_t a, uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t Load(const char* p, size_t n) {  // n <= 8
  uint64_t v = 0;
  std::memcpy(&v, p, n);
  return v;
}

// Multiply-and-fold over 16 bytes a turn. The seed differs per process, so that nobody who may write to the
// source can prepare keys that fall into one chain; what is emitted does not depend on it.
uint32_t Hash(ByteView key) {
  static const uint64_t seed = (static_cast<uint64_t>(std::random_device{}()) << 32) | std::random_device{}();
  constexpr uint64_t kOddA = 0x9e3779b97f4a7c15, kOddB = 0xc2b2ae3d27d4eb4f;
  uint64_t h = seed ^ (key.size() * kOddA);
  const char* p = key.data();
  size_t n = key.size();
  while (n > 16) {
    h = Mix(Load(p, 8) ^ kOddB, Load(p + 8, 8) ^ h);
    p += 16;
    n -= 16;
  }
  if (n > 8) {
    h = Mix(Load(p, 8) ^ kOddB, Load(p + 8, n - 8) ^ h);
  } else if (n == 8) {  // by far the most common tail: one fixed-width load
    h = Mix(Load(p, 8) ^ kOddB, h);
  } else {
    h = Mix(Load(p, n) ^ kOddB, h);
  }
  h = Mix(h ^ kOddA, kOddB);
  return static_cast<uint32_t>(h ^ (h >> 32));
}

}  // namespace

KeyHistory& KeyHistories::Find(ByteView key) {
  if ((histories_.size() + 1) * 2 > slots_.size()) Grow(slots_.empty() ? kSlotsMin : slots_.size() * 2);
  const uint32_t hash = Hash(key);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.history == 0) {
      KeyHistory& fresh = histories_.emplace_back();
      fresh.key_data = key.data();
      fresh.key_bytes = static_cast<uint32_t>(key.size());
      slot.hash = hash;
      slot.history = static_cast<uint32_t>(histories_.size());
      return fresh;
    }
    if (slot.hash == hash && histories_[slot.history - 1].key() == key) return histories_[slot.history - 1];
  }
}

void KeyHistories::Clear() {
  // Segments may be many and small: wiping a large index for each would cost more than their rows.
  const size_t wanted = std::max(kSlotsMin, std::bit_ceil(histories_.size() * 2 + 2));
  if (slots_.size() > wanted * 8) {
    std::vector<Slot>(wanted).swap(slots_);
  } else {
    std::fill(slots_.begin(), slots_.end(), Slot{});
  }
  histories_.clear();
}

void KeyHistories::Grow(size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  const size_t mask = slots - 1;
  for (const Slot& slot : old) {
    if (slot.history == 0) continue;
    size_t at = slot.hash & mask;
    while (slots_[at].history != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace srdf::compaction
