#include "pki/identity.h"

#include <gtest/gtest.h>

namespace srdf::pki {
namespace {

TEST(Identity, IsReadBackAsItWasWritten) {
  for (const char* name : {"shipper", "operator", "viewer"}) {
    const Identity identity = IdentityNamed("prod-1", name);
    EXPECT_EQ(ParseIdentity(identity.ToUri()), identity) << identity.ToUri();
  }
  EXPECT_EQ(IdentityNamed("m", "operator").ToUri(), "srdf://m/role/operator");
  EXPECT_EQ(IdentityNamed("m", "shipper").ToUri(), "srdf://m/service/shipper");
}

TEST(Identity, AnyOtherTextIsNone) {
  for (const char* text :
       {"", "srdf://", "srdf://m", "srdf://m/service", "srdf://m/service/", "srdf:///service/shipper",
        "srdf://m/service/shipper/", "srdf://m/service/shipper/x", "srdf://m/host/shipper",
        "spiffe://m/service/shipper", "SRDF://m/service/shipper", "srdf://m/service/ship per",
        "srdf://m/service/shipper?x", "srdf://m/service/ship%70er"}) {
    EXPECT_FALSE(ParseIdentity(text).has_value()) << text;
  }
  EXPECT_FALSE(ParseIdentity("srdf://m/service/" + std::string(65, 'a')).has_value());
}

TEST(Identity, TwoIdentitiesInOneCertificateAreNone) {
  EXPECT_TRUE(IdentityAmong({"https://example.org", "srdf://m/service/shipper"}).has_value());
  EXPECT_FALSE(IdentityAmong({"srdf://m/role/operator", "srdf://m/service/shipper"}).has_value());
  EXPECT_FALSE(IdentityAmong({}).has_value());
}

}  // namespace
}  // namespace srdf::pki
