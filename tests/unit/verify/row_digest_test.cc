#include "verify/row_digest.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

namespace srdf::verify {
namespace {

TEST(RowDigest, IsTheBeginningOfTheSha256OfTheImage) {
  // SHA-256 of "abc" begins ba7816bf 8f01cfea 414140de 5dae2223 (FIPS 180).
  const RowHash hash = RowHasher().Hash("abc");
  EXPECT_EQ(hash.low, 0xeacf018fbf1678bau);
  EXPECT_EQ(hash.high, 0x2322ae5dde404141u);
  EXPECT_EQ(HashBytes(hash).substr(0, 4), "\xba\x78\x16\xbf");
}

TEST(RowDigest, TheSumDoesNotDependOnTheOrder) {
  RowHasher hasher;
  RowDigest there;
  RowDigest back;
  for (int i = 0; i < 100; ++i) there.Add(hasher.Hash("row " + std::to_string(i)));
  for (int i = 99; i >= 0; --i) back.Add(hasher.Hash("row " + std::to_string(i)));
  EXPECT_EQ(there, back);
  EXPECT_EQ(there.rows, 100u);
}

TEST(RowDigest, TheSumCarriesOverIntoItsUpperHalf) {
  RowDigest digest;
  digest.Add(RowHash{UINT64_MAX, 1});
  digest.Add(RowHash{2, UINT64_MAX});
  EXPECT_EQ(digest.sum, (RowHash{1, 1}));
}

TEST(RowDigest, OneRowTwiceIsNotAnotherRowTwice) {
  RowHasher hasher;
  RowDigest a;
  RowDigest b;
  for (int i = 0; i < 2; ++i) a.Add(hasher.Hash("a"));
  for (int i = 0; i < 2; ++i) b.Add(hasher.Hash("b"));
  EXPECT_NE(a, b);
}

TEST(RowDigest, HashesComeBackFromTheirBytes) {
  const RowHash hash = RowHasher().Hash("some row");
  RowHash back;
  ASSERT_TRUE(ParseHash(HashBytes(hash), &back));
  EXPECT_EQ(back, hash);
  EXPECT_FALSE(ParseHash("short", &back));
}

TEST(RowDigest, CostsLittleMoreThanTheHashItself) {
  RowHasher hasher;
  RowDigest digest;
  const std::string image(200, 'x');
  constexpr int kRows = 100'000;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRows; ++i) digest.Add(hasher.Hash(image));
  const auto ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin);
  std::cout << "row of 200 bytes: " << ns.count() / kRows << " ns\n";
  EXPECT_EQ(digest.rows, static_cast<uint64_t>(kRows));
  EXPECT_LT(ns.count() / kRows, 50'000);
}

}  // namespace
}  // namespace srdf::verify
