#include "crypto/secret_key.h"

#include <gtest/gtest.h>

namespace srdf::crypto {
namespace {

TEST(SecretKey, DerivesWhatHkdfOfAnotherHandDerives) {
  // openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:0b…0b -kdfopt hexsalt:000102…0c
  //   -kdfopt hexinfo:f0f1…f9 HKDF
  const auto key = SecretKey::FromBytes(std::string(32, '\x0b'));
  std::string salt, info;
  for (char c = 0; c < 13; ++c) salt.push_back(c);
  for (int c = 0xf0; c < 0xfa; ++c) info.push_back(static_cast<char>(c));
  std::string hex;
  const SecretKey derived = key->Derive(salt, info);
  for (const char c : derived.bytes()) {
    char text[3];
    snprintf(text, sizeof(text), "%02x", static_cast<unsigned char>(c));
    hex += text;
  }
  EXPECT_EQ(hex, "d4100799f26a09615a72af3e58fa3841a2ff20d5ace3fb392e562e207fe6b718");
}

TEST(SecretKey, EverySaltAndPurposeMakesAnotherKey) {
  const SecretKey key = SecretKey::Random();
  EXPECT_EQ(key.Derive("a", "b").bytes(), key.Derive("a", "b").bytes());
  EXPECT_NE(key.Derive("a", "b").bytes(), key.Derive("c", "b").bytes());
  EXPECT_NE(key.Derive("a", "b").bytes(), key.Derive("a", "c").bytes());
  EXPECT_NE(key.Derive("", "b").bytes(), SecretKey::Random().Derive("", "b").bytes());
}

TEST(SecretKey, AMovedKeyLeavesNothingBehind) {
  SecretKey key = SecretKey::Random();
  const std::string before(key.bytes());
  const SecretKey moved = std::move(key);
  EXPECT_EQ(moved.bytes(), before);
  EXPECT_EQ(key.bytes(), std::string(kKeyBytes, '\0'));  // NOLINT(bugprone-use-after-move)
}

TEST(SecretKey, AFingerprintTellsKeysApartAndShowsNoneOfTheirBytes) {
  const auto key = SecretKey::FromBytes(std::string(32, 'k'));
  EXPECT_EQ(key->Fingerprint().size(), 16u);
  EXPECT_EQ(key->Fingerprint(), key->Clone().Fingerprint());
  EXPECT_NE(key->Fingerprint(), SecretKey::FromBytes(std::string(31, 'k') + "l")->Fingerprint());
  EXPECT_EQ(key->Fingerprint().find("6b6b"), std::string::npos);
}

TEST(SecretKey, OnlyThirtyTwoBytesAreAKey) {
  EXPECT_FALSE(SecretKey::FromBytes(std::string(31, 'k')));
  EXPECT_FALSE(SecretKey::FromBytes(std::string(33, 'k')));
  EXPECT_FALSE(SecretKey::FromBytes(""));
}

}  // namespace
}  // namespace srdf::crypto
