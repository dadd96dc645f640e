#include "crypto/key_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace srdf::crypto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kNow = 1'795'242'005'000;  // 2026-11-21T06:20:05Z

KeyRing RingOf(const std::vector<std::string>& ids) {
  KeyRing ring;
  for (const std::string& id : ids) EXPECT_TRUE(ring.Add(id, SecretKey::Random(), kNow).ok());
  return ring;
}

std::string States(const KeyRing& ring) {
  std::string out;
  for (const RingKey& key : ring.keys()) out += key.id + " " + KeyStateName(key.state) + "; ";
  return out;
}

TEST(KeyRing, TheFirstKeyIsActiveAndLaterOnesStandBy) {
  EXPECT_EQ(States(RingOf({"a", "b", "c"})), "a active; b standby; c standby; ");
}

TEST(KeyRing, RotatingToAStandbyKeyRetiresTheOneBefore) {
  KeyRing ring = RingOf({"a", "b"});
  ASSERT_TRUE(ring.Rotate("b", kNow).ok());
  EXPECT_EQ(States(ring), "a retired; b active; ");
  EXPECT_EQ(ring.Rotate("b", kNow).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ring.Rotate("a", kNow).code(), StatusCode::kFailedPrecondition)
      << "retired keys do not come back";
  EXPECT_EQ(ring.Rotate("x", kNow).code(), StatusCode::kNotFound);
  EXPECT_EQ(States(ring), "a retired; b active; ");
}

TEST(KeyRing, RotatingWithoutANameMakesANewKey) {
  KeyRing ring = RingOf({"a"});
  ASSERT_TRUE(ring.Rotate("", kNow).ok());
  ASSERT_EQ(ring.keys().size(), 2u);
  EXPECT_EQ(ring.Find("a")->state, KeyState::kRetired);
  EXPECT_THAT(ring.active()->id, HasSubstr("k-20261121-"));
  EXPECT_EQ(ring.active()->created, "2026-11-21T06:20:05Z");
}

TEST(KeyRing, TheActiveKeyIsNeitherRetiredNorRemoved) {
  KeyRing ring = RingOf({"a", "b"});
  const Status refused = ring.Retire("a");
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.remedy(), HasSubstr("key rotate"));
  EXPECT_EQ(ring.Remove("a").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ring.Remove("b").code(), StatusCode::kFailedPrecondition) << "standby: retire it first";
  ASSERT_TRUE(ring.Retire("b").ok());
  ASSERT_TRUE(ring.Remove("b").ok());
  EXPECT_EQ(States(ring), "a active; ");
}

TEST(KeyRing, NeitherANameNorAKeyIsThereTwice) {
  KeyRing ring = RingOf({"a"});
  EXPECT_EQ(ring.Add("a", SecretKey::Random(), kNow).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ring.Add("b", ring.active()->secret.Clone(), kNow).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ring.Add("no name", SecretKey::Random(), kNow).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(States(ring), "a active; ");
}

TEST(KeyRing, TheTextOfARingIsTheRing) {
  KeyRing ring = RingOf({"a", "b", "c"});
  ASSERT_TRUE(ring.Rotate("b", kNow).ok());
  const auto again = KeyRing::Parse(ring.Format());
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(States(*again), States(ring));
  for (const RingKey& key : ring.keys()) EXPECT_EQ(again->Find(key.id)->secret.bytes(), key.secret.bytes());
  // As an environment variable that cannot hold lines.
  std::string one_line = ring.Format();
  std::replace(one_line.begin(), one_line.end(), '\n', ';');
  EXPECT_TRUE(KeyRing::Parse(one_line).ok());
}

TEST(KeyRing, ADamagedRingIsRefusedWithTheLineAndWithoutTheKey) {
  const KeyRing ring = RingOf({"blue", "green"});
  const std::string text = ring.Format();
  const auto error = [](const std::string& damaged) {
    const auto parsed = KeyRing::Parse(damaged);
    EXPECT_FALSE(parsed.ok()) << damaged;
    return parsed.ok() ? std::string() : parsed.status().ToString();
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  EXPECT_THAT(error(""), HasSubstr("empty"));
  EXPECT_THAT(error(with("srdf-keys 1", "srdf-keys 2")), HasSubstr("srdf-keys 1"));
  EXPECT_THAT(error(with(" active ", " standby ")), HasSubstr("no key is active"));
  EXPECT_THAT(error(with(" standby ", " active ")), HasSubstr("second key is active"));
  EXPECT_THAT(error(with(" standby ", " sleeping ")), HasSubstr("line 4"));
  EXPECT_THAT(error(with("green", "blue")), HasSubstr("twice"));
  EXPECT_THAT(error(text + "key short active\n"), HasSubstr("line 5"));
  // A digit of the secret that was changed by hand.
  std::string changed = text;
  char& digit = changed[changed.size() - 2];
  digit = digit == '0' ? '1' : '0';
  const std::string message = error(changed);
  EXPECT_THAT(message, HasSubstr("green does not fit its fingerprint"));
  EXPECT_THAT(message, Not(HasSubstr(changed.substr(changed.size() - 20, 19))));
}

TEST(KeyRing, NoTextCrashesTheParserOrBringsAnotherKey) {
  std::mt19937_64 random(38);
  const KeyRing ring = RingOf({"a", "b", "c"});
  const std::string text = ring.Format();
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = text;
    for (uint64_t n = 1 + random() % 4; n > 0; --n) {
      const size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = static_cast<char>(random());
          break;
        case 1:
          damaged.erase(at, random() % 40);
          break;
        default:
          damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 40));
      }
      if (damaged.empty()) damaged = "x";
    }
    const auto parsed = KeyRing::Parse(damaged);
    if (!parsed.ok()) continue;
    for (const RingKey& key : parsed->keys()) {
      const bool known = std::any_of(ring.keys().begin(), ring.keys().end(), [&](const RingKey& k) {
        return k.secret.bytes() == key.secret.bytes();
      });
      EXPECT_TRUE(known) << damaged;
    }
  }
}

TEST(KeyRing, AKeyIsBroughtAsHexOrBase64) {
  const std::string hex = "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b";
  const std::string base64 = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";
  for (const std::string& text : {hex, base64, " " + hex + "\r\n"}) {
    const auto key = ParseKeyMaterial(text);
    ASSERT_TRUE(key.ok()) << text;
    EXPECT_EQ(key->bytes(), std::string(32, 'k'));
  }
  for (const std::string& text : {std::string(), hex.substr(1), hex + "6b", "g" + hex.substr(1),
                                  base64.substr(1), "!" + base64.substr(1)}) {
    const auto key = ParseKeyMaterial(text);
    EXPECT_EQ(key.status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(KeyRing, IdsOfRingsThatWereMadeApartDiffer) {
  EXPECT_NE(KeyRing::WithNewKey(kNow).active()->id, KeyRing::WithNewKey(kNow).active()->id);
}

}  // namespace
}  // namespace srdf::crypto
