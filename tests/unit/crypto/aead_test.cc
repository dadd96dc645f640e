#include "crypto/aead.h"

#include <gtest/gtest.h>

namespace srdf::crypto {
namespace {

std::string FromHex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

AeadNonce NonceFromHex(std::string_view hex) {
  AeadNonce nonce{};
  const std::string bytes = FromHex(hex);
  std::copy(bytes.begin(), bytes.end(), nonce.begin());
  return nonce;
}

// Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B.
constexpr std::string_view kKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5"
    "aa0de657ba637b39";
constexpr std::string_view kAssociated = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
constexpr std::string_view kSealed =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e63"
    "93ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b";

TEST(Aead, SealsWhatTheStandardSays) {
  Aead aead(*SecretKey::FromBytes(FromHex(kKey)));
  std::string sealed = "before";
  aead.Seal(NonceFromHex("cafebabefacedbaddecaf888"), FromHex(kAssociated), FromHex(kPlain), &sealed);
  EXPECT_EQ(sealed, "before" + FromHex(kSealed));
  std::string plain = "before";
  EXPECT_TRUE(
      aead.Open(NonceFromHex("cafebabefacedbaddecaf888"), FromHex(kAssociated), FromHex(kSealed), &plain));
  EXPECT_EQ(plain, "before" + FromHex(kPlain));
}

TEST(Aead, AnyFlippedBitOfAnythingIsRefusedAndNothingIsGivenOut) {
  const std::string sealed = FromHex(kSealed);
  const std::string associated = FromHex(kAssociated);
  const AeadNonce nonce = NonceFromHex("cafebabefacedbaddecaf888");
  Aead aead(*SecretKey::FromBytes(FromHex(kKey)));
  const auto refused = [&](const AeadNonce& n, const std::string& a, const std::string& s, Aead* with) {
    std::string out = "kept";
    EXPECT_FALSE(with->Open(n, a, s, &out));
    EXPECT_EQ(out, "kept");
  };
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    refused(nonce, associated, changed, &aead);
  }
  for (size_t i = 0; i < associated.size(); ++i) {
    std::string changed = associated;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    refused(nonce, changed, sealed, &aead);
  }
  for (size_t i = 0; i < nonce.size(); ++i) {
    AeadNonce changed = nonce;
    changed[i] ^= 1;
    refused(changed, associated, sealed, &aead);
  }
  for (size_t bytes = 0; bytes < sealed.size(); ++bytes)
    refused(nonce, associated, sealed.substr(0, bytes), &aead);
  Aead other(SecretKey::Random());
  refused(nonce, associated, sealed, &other);
}

TEST(Aead, NothingCanBeSealedAndAuthenticatesWhatIsBesideIt) {
  Aead aead(SecretKey::Random());
  std::string sealed;
  aead.Seal({}, "header", {}, &sealed);
  EXPECT_EQ(sealed.size(), kAeadTagBytes);
  std::string plain;
  EXPECT_TRUE(aead.Open({}, "header", sealed, &plain));
  EXPECT_FALSE(aead.Open({}, "heade", sealed, &plain));
  EXPECT_EQ(plain, "");
}

}  // namespace
}  // namespace srdf::crypto
