#include "config/values.h"

#include <gtest/gtest.h>

namespace srdf::config {
namespace {

TEST(Values, SizesAreBytesOrBinaryUnits) {
  EXPECT_EQ(ParseSize("1048576"), 1048576u);
  EXPECT_EQ(ParseSize("64MiB"), 64ull << 20);
  EXPECT_EQ(ParseSize("20 GiB"), 20ull << 30);
  EXPECT_EQ(ParseSize("2TiB"), 2ull << 40);
  EXPECT_EQ(ParseSize("7B"), 7u);
}

TEST(Values, AmbiguousOrBrokenSizesAreRefused) {
  for (const char* text : {"", "MiB", "64MB", "64mib", "1.5GiB", "-1", "64 MiB ", "0x10",
                           "99999999999999999999", "99999999999999TiB"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

TEST(Values, SizesAreWrittenInTheLargestExactUnit) {
  EXPECT_EQ(FormatSize(32ull << 20), "32MiB");
  EXPECT_EQ(FormatSize(1000), "1000");
  EXPECT_EQ(FormatSize(1ull << 40), "1TiB");
  EXPECT_EQ(FormatSize(0), "0");
}

TEST(Values, AddressesHaveHostAndPort) {
  auto v4 = ParseAddress("10.0.0.1:7101");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(v4->host, "10.0.0.1");
  EXPECT_EQ(v4->port, 7101);
  auto v6 = ParseAddress("[fe80::1]:80");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "fe80::1");
}

TEST(Values, BrokenAddressesAreRefused) {
  for (const char* text : {"", "7101", "localhost", "localhost:", "localhost:0", "localhost:65536",
                           "localhost:http", ":7101", "::1:7101", "[::1]", "[::1:7101"}) {
    EXPECT_FALSE(ParseAddress(text).ok()) << text;
  }
}

TEST(Values, OnlyThisHostIsLoopback) {
  EXPECT_TRUE(IsLoopback({"127.0.0.1", 1}));
  EXPECT_TRUE(IsLoopback({"127.8.9.10", 1}));
  EXPECT_TRUE(IsLoopback({"::1", 1}));
  EXPECT_TRUE(IsLoopback({"localhost", 1}));
  EXPECT_FALSE(IsLoopback({"0.0.0.0", 1}));
  EXPECT_FALSE(IsLoopback({"::", 1}));
  EXPECT_FALSE(IsLoopback({"10.0.0.1", 1}));
  EXPECT_FALSE(IsLoopback({"127.example.com", 1}));
}

TEST(Values, EveryInterfaceIsNoPlaceToConnectTo) {
  EXPECT_TRUE(IsAnyInterface({"0.0.0.0", 1}));
  EXPECT_TRUE(IsAnyInterface({"::", 1}));
  EXPECT_FALSE(IsAnyInterface({"10.0.0.1", 1}));
}

TEST(Values, AWildcardListenerCollidesWithEveryOtherOnItsPort) {
  EXPECT_TRUE(Collide({"0.0.0.0", 7101}, {"127.0.0.1", 7101}));
  EXPECT_TRUE(Collide({"localhost", 7101}, {"127.0.0.1", 7101}));
  EXPECT_FALSE(Collide({"127.0.0.2", 7101}, {"127.0.0.1", 7101}));
  EXPECT_FALSE(Collide({"127.0.0.1", 7102}, {"127.0.0.1", 7101}));
}

TEST(Values, NamesAreSafeInFileNamesAndLabels) {
  EXPECT_TRUE(IsName("shop-1.eu_west"));
  for (const char* text : {"", ".hidden", "../etc", "a b", "a/b", "é", "-x"})
    EXPECT_FALSE(IsName(text)) << text;
  EXPECT_FALSE(IsName(std::string(65, 'a')));
}

TEST(Values, ATypingErrorFindsItsNearestKey) {
  const std::vector<std::string_view> keys = {"batch_max_bytes", "batch_max_events", "name"};
  EXPECT_EQ(Nearest("batch_max_byte", keys), "batch_max_bytes");
  EXPECT_EQ(Nearest("nmae", keys), "name");
  EXPECT_EQ(Nearest("frobnicate", keys), std::nullopt);
}

}  // namespace
}  // namespace srdf::config
