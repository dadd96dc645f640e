#include "engine_mariadb/text_excerpt.h"

#include <gtest/gtest.h>

namespace srdf::engine_mariadb {
namespace {

TEST(TextExcerpt, CutsBetweenCharactersAndReplacesWhatIsNotUtf8) {
  EXPECT_EQ("", Excerpt("", 10));
  EXPECT_EQ("abc", Excerpt("abc", 3));
  EXPECT_EQ("ab…", Excerpt("abc", 2));
  EXPECT_EQ("a…", Excerpt("aéb", 2));
  EXPECT_EQ("aé…", Excerpt("aéb", 3));
  EXPECT_EQ("😀", Excerpt("😀", 4));
  EXPECT_EQ("caf?", Excerpt("caf\xe9", 10));
  EXPECT_EQ("?x", Excerpt("\xc3x", 10));
  EXPECT_EQ("???", Excerpt("\xed\xa0\x80", 10));  // a surrogate
  EXPECT_EQ("??", Excerpt("\xc0\xaf", 10));       // overlong
}

}  // namespace
}  // namespace srdf::engine_mariadb
