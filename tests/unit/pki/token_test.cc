#include "pki/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "unit/pki/temporary_directory.h"

namespace srdf::pki {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenFile : public ::testing::Test {
 protected:
  void Write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), mode);
  }
  TemporaryDirectory dir_;
  std::string file_ = dir_.path() + "/shop.token";
  TokenSource source_{file_, ""};
};

TEST(Token, TwoAreNeverEqualAndEachEqualsItself) {
  const auto a = NewToken();
  const auto b = NewToken();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->size(), 64u);
  EXPECT_TRUE(TokensMatch(*a, *a));
  EXPECT_FALSE(TokensMatch(*a, *b));
  EXPECT_FALSE(TokensMatch(a->substr(1), *a));
  EXPECT_FALSE(TokensMatch("", *a));
}

TEST_F(TokenFile, EachLineIsATokenAndAChangeIsSeenAtOnce) {
  Write("aaaaaaaaaaaaaaaa\r\n\nbbbbbbbbbbbbbbbb");
  EXPECT_THAT(*source_.Read(), ElementsAre("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"));
  Write("cccccccccccccccc\n");
  EXPECT_THAT(*source_.Read(), ElementsAre("cccccccccccccccc"));
}

TEST_F(TokenFile, WhatEveryUserCanReadIsRefused) {
  Write("aaaaaaaaaaaaaaaa\n", 0644);
  EXPECT_THAT(source_.Read().status().remedy(), HasSubstr("chmod 600"));
}

TEST_F(TokenFile, AnErrorNamesTheFileAndNeverTheToken) {
  EXPECT_THAT(source_.Read().status().message(), HasSubstr(file_));
  Write("");
  EXPECT_THAT(source_.Read().status().message(), HasSubstr("holds no token"));
  Write("short\n");
  EXPECT_THAT(source_.Read().status().message(), Not(HasSubstr("short")));
  Write("aaaaaaaaaaaaaaaa bbbb\n");
  EXPECT_FALSE(source_.Read().ok());
}

TEST_F(TokenFile, TheEnvironmentCanHoldItInstead) {
  setenv("SRDF_TEST_TOKEN", "dddddddddddddddd", 1);
  EXPECT_THAT(*TokenSource(file_, "SRDF_TEST_TOKEN").Read(), ElementsAre("dddddddddddddddd"));
  unsetenv("SRDF_TEST_TOKEN");
  EXPECT_THAT(TokenSource(file_, "SRDF_TEST_TOKEN").Read().status().message(), HasSubstr("SRDF_TEST_TOKEN"));
}

}  // namespace
}  // namespace srdf::pki
