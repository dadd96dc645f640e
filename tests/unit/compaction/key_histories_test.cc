#include "compaction/key_histories.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <unordered_map>

namespace srdf::compaction {
namespace {

TEST(KeyHistories, EveryKeyOfAnyLengthFindsItsOwnHistory) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<std::string> keys;
  for (int i = 0; i < 20'000; ++i) {
    std::string key(random() % 40, '\0');
    for (char& c : key) c = static_cast<char>(random() % 3);  // zeros and prefixes of each other
    keys.push_back(std::move(key));
  }
  KeyHistories histories;
  std::unordered_map<std::string, uint32_t> expected;
  for (int round = 0; round < 2; ++round) {
    for (const std::string& key : keys) {
      KeyHistory& h = histories.Find(key);
      ASSERT_EQ(h.key(), key);
      ASSERT_EQ(h.before_bitmap, expected[key]++);
      ++h.before_bitmap;
    }
  }
  EXPECT_EQ(histories.all().size(), expected.size());
}

TEST(KeyHistories, ClearForgetsEverythingAlsoAfterALargeSegment) {
  std::vector<std::string> keys;
  for (int i = 0; i < 5'000; ++i) keys.push_back(std::to_string(i));
  KeyHistories histories;
  for (const std::string& key : keys) histories.Find(key).existed = true;
  histories.Clear();
  for (int round = 0; round < 3; ++round) {  // small segments after it: the index shrinks
    EXPECT_FALSE(histories.Find(keys[0]).existed);
    histories.Find(keys[0]).existed = true;
    EXPECT_EQ(histories.all().size(), 1u);
    histories.Clear();
  }
  for (const std::string& key : keys) EXPECT_FALSE(histories.Find(key).existed);
  EXPECT_EQ(histories.all().size(), keys.size());
}

TEST(KeyHistory, ImpossibleChangesAreRefused) {
  KeyHistory inserted;
  EXPECT_TRUE(inserted.Insert("a", 0));
  EXPECT_FALSE(inserted.Insert("b", 0));
  KeyHistory deleted;
  EXPECT_TRUE(deleted.Delete("a", 0));
  EXPECT_FALSE(deleted.Delete("a", 0));
  EXPECT_FALSE(deleted.Update("a", 0, "b", 0, false));
  EXPECT_TRUE(deleted.Insert("c", 0));
  EXPECT_TRUE(deleted.recreated);
}

TEST(KeyHistory, AnInsertedRowThatIsDeletedAndInsertedAgainIsNotReCreated) {
  KeyHistory h;
  EXPECT_TRUE(h.Insert("a", 0));
  EXPECT_TRUE(h.Delete("a", 0));
  EXPECT_TRUE(h.Insert("b", 0));
  EXPECT_FALSE(h.existed);
  EXPECT_FALSE(h.recreated);
  EXPECT_EQ(h.after(), "b");
}

}  // namespace
}  // namespace srdf::compaction
