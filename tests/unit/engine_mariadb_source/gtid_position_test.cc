#include "engine_mariadb/gtid_position.h"

#include <gtest/gtest.h>

namespace srdf::engine_mariadb {
namespace {

GtidPosition P(std::string_view text) {
  auto position = GtidPosition::Parse(text);
  EXPECT_TRUE(position.ok()) << text << ": " << position.status().ToString();
  return position.ok() ? *position : GtidPosition();
}

TEST(GtidPosition, IsWrittenSortedByDomain) {
  EXPECT_EQ(P("7-2-5,0-1-100").ToString(), "0-1-100,7-2-5");
  EXPECT_EQ(P("").ToString(), "");
  EXPECT_EQ(P("0-1-2, 1-1-3").ToString(), "0-1-2,1-1-3");
  EXPECT_EQ(P("4294967295-4294967295-18446744073709551615").ToString(),
            "4294967295-4294967295-18446744073709551615");
}

TEST(GtidPosition, RubbishIsRefused) {
  for (const std::string_view text : {"0", "0-1", "0-1-", "0-1-2-3", "0-1-2,", ",0-1-2", "a-b-c", "-0-1-2",
                                      "0--1-2", "+0-1-2", "0-1-18446744073709551616", "4294967296-1-1",
                                      "0-1-2,0-2-3", "0-1-2x", "0 -1-2", "0-1-2;1-1-1", "0x0-1-2"}) {
    EXPECT_EQ(GtidPosition::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(GtidPosition, AListMayHaveSeveralOfADomain) {
  const auto list = ParseGtidList("0-1-5,0-2-7,3-1-1");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->size(), 3u);
}

TEST(GtidPosition, AdvancingReplacesTheDomainsGtidWhateverItsServer) {
  GtidPosition position = P("0-1-5,3-1-1");
  position.Advance({0, 2, 6});
  position.Advance({1, 9, 1});
  EXPECT_EQ(position.ToString(), "0-2-6,1-9-1,3-1-1");
}

TEST(GtidPosition, ContainmentIsPerDomainAndIgnoresServers) {
  EXPECT_TRUE(P("0-2-10,1-1-1").Contains(P("0-1-10")));
  EXPECT_TRUE(P("0-1-1").Contains(P("")));
  EXPECT_FALSE(P("0-1-9").Contains(P("0-1-10")));
  EXPECT_FALSE(P("0-1-9").Contains(P("1-1-1")));
  const std::string missing = P("0-1-9").Missing(P("0-1-10,1-1-1"));
  EXPECT_NE(missing.find("domain 0: wanted 0-1-10, the server has 0-1-9"), std::string::npos) << missing;
  EXPECT_NE(missing.find("domain 1: wanted 1-1-1, the server has nothing"), std::string::npos) << missing;
}

}  // namespace
}  // namespace srdf::engine_mariadb
