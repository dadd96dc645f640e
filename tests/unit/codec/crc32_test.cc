#include "codec/crc32.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>

#include "codec/crc32_fold.h"

namespace srdf::codec {
namespace {

uint32_t ByZlib(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string RandomBytes(size_t size) {
  std::mt19937 random(static_cast<uint32_t>(size));
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(Crc32, HasTheCheckValueOfItsKind) {
  EXPECT_EQ(Crc32(""), 0u);
  EXPECT_EQ(Crc32("123456789"), 0xcbf43926u);
}

TEST(Crc32, IsZlibsForEveryLengthAndAlignment) {
  const std::string bytes = RandomBytes(1200);
  for (size_t at = 0; at < 17; ++at) {
    for (size_t n = 0; n <= 1024; ++n) {
      const std::string_view part = std::string_view(bytes).substr(at, n);
      ASSERT_EQ(Crc32(part), ByZlib(part)) << n << " bytes at " << at;
    }
  }
}

TEST(Crc32, IsZlibsForManyBytesAndForBytesOfOneKind) {
  for (const size_t n : {4096, 65536, 1 << 20, (1 << 20) + 77}) {
    EXPECT_EQ(Crc32(RandomBytes(n)), ByZlib(RandomBytes(n))) << n;
    for (const char c : {'\0', '\xff'}) EXPECT_EQ(Crc32(std::string(n, c)), ByZlib(std::string(n, c))) << n;
  }
}

TEST(Crc32, OfABitFlippedAnywhereIsAnother) {
  std::string bytes = RandomBytes(300);
  const uint32_t crc = Crc32(bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(Crc32(bytes), crc) << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

TEST(Crc32, FoldsOnAProcessorThatCanAllButTheLastFifteenBytes) {
  if (!CanFoldCrc32()) GTEST_SKIP() << "this processor has no carry-less multiplication";
  for (size_t n = kCrc32FoldBytesMin; n < 300; ++n) EXPECT_EQ(FoldCrc32(RandomBytes(n)).bytes, n / 16 * 16);
}

}  // namespace
}  // namespace srdf::codec
