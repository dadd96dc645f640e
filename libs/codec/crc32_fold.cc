#include "codec/crc32_fold.h"

#include <cstdint>
#include <cstdlib>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace srdf::codec {

#if defined(__x86_64__)

namespace {

// x^exponent mod P, its bits in the order of the reflected CRC, one place up: the product of two reflected
// numbers of 64 bits is one place short.
constexpr uint64_t PowerOfX(unsigned exponent) {
  constexpr uint32_t kPolynomial = 0x04c11db7;
  uint32_t power = 1;
  for (unsigned i = 0; i < exponent; ++i) power = (power << 1) ^ ((power >> 31) * kPolynomial);
  uint64_t reflected = 0;
  for (unsigned bit = 0; bit < 32; ++bit)
    reflected |= static_cast<uint64_t>((power >> bit) & 1) << (31 - bit);
  return reflected << 1;
}

// For distances of 512 and 128 bits; the values are the paper's.
constexpr uint64_t kFarLow = PowerOfX(512 + 32), kFarHigh = PowerOfX(512 - 32);
constexpr uint64_t kNearLow = PowerOfX(128 + 32), kNearHigh = PowerOfX(128 - 32);
static_assert(kFarLow == 0x154442bd4 && kFarHigh == 0x1c6e41596);
static_assert(kNearLow == 0x1751997d0 && kNearHigh == 0x0ccaa009e);

#define SRDF_WITH_PCLMUL __attribute__((target("pclmul,sse4.1")))

SRDF_WITH_PCLMUL inline __m128i Load(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

SRDF_WITH_PCLMUL inline __m128i Fold(__m128i lane, __m128i powers, __m128i onto) {
  const __m128i low = _mm_clmulepi64_si128(lane, powers, 0x00);
  const __m128i high = _mm_clmulepi64_si128(lane, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

SRDF_WITH_PCLMUL Crc32Folded FoldWithPclmul(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  // The CRC's initial value, all ones, is added to the first 32 bits.
  __m128i a = _mm_xor_si128(Load(p), _mm_cvtsi32_si128(-1));
  __m128i b = Load(p + 16), c = Load(p + 32), d = Load(p + 48);
  p += 64;
  const __m128i far = _mm_set_epi64x(static_cast<int64_t>(kFarHigh), static_cast<int64_t>(kFarLow));
  for (; end - p >= 64; p += 64) {
    a = Fold(a, far, Load(p));
    b = Fold(b, far, Load(p + 16));
    c = Fold(c, far, Load(p + 32));
    d = Fold(d, far, Load(p + 48));
  }
  const __m128i near = _mm_set_epi64x(static_cast<int64_t>(kNearHigh), static_cast<int64_t>(kNearLow));
  __m128i all = Fold(Fold(Fold(a, near, b), near, c), near, d);
  for (; end - p >= 16; p += 16) all = Fold(all, near, Load(p));
  Crc32Folded folded;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(folded.remainder.data()), all);
  folded.bytes = static_cast<size_t>(p - bytes.data());
  return folded;
}

}  // namespace

bool CanFoldCrc32() {
  static const bool can = __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0;
  return can;
}

Crc32Folded FoldCrc32(std::string_view bytes) { return FoldWithPclmul(bytes); }

#else

bool CanFoldCrc32() { return false; }
Crc32Folded FoldCrc32(std::string_view) { std::abort(); }

#endif

}  // namespace srdf::codec
