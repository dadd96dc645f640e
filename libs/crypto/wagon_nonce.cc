#include "crypto/wagon_nonce.h"

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/secret_key.h"

namespace srdf::crypto {

namespace {

constexpr size_t kSaltBytes = 16;

uint64_t Nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

std::string NewWagonNonce() {
  static std::atomic<uint64_t> counter{0};
  const uint64_t number = counter.fetch_add(1) + 1;
  std::string moment;
  ByteWriter m(&moment);
  m.U64(number);
  m.U64(Nanoseconds(CLOCK_REALTIME));
  m.U64(Nanoseconds(CLOCK_BOOTTIME));
  m.U64(static_cast<uint64_t>(::getpid()));
  // Two restored images of one machine may be given the same random bytes, but not at the same nanosecond.
  const SecretKey mixed = SecretKey::Random().Derive(moment, "srdf wagon nonce v1");
  std::string nonce(mixed.bytes().substr(0, kSaltBytes));
  ByteWriter(&nonce).U64(number);
  return nonce;
}

}  // namespace srdf::crypto
