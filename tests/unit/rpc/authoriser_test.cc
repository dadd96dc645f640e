#include "rpc/authoriser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "rpc/status_map.h"

namespace srdf::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";
constexpr char kOther[] = "fedcba9876543210fedcba9876543210";
constexpr char kDeliver[] = "/srdf.receiver.v1.ReceiverService/Deliver";

class AuthoriserTest : public ::testing::Test {
 protected:
  AuthoriserTest() {
    Write("shop", std::string(kToken) + "\n");
    Write("bank", std::string(kOther) + "\n");
  }
  ~AuthoriserTest() override { std::filesystem::remove_all(dir_); }

  std::string File(const std::string& flow) const { return dir_ + "/" + flow; }
  void Write(const std::string& flow, const std::string& text) {
    std::ofstream(File(flow)) << text;
    std::filesystem::permissions(File(flow), std::filesystem::perms::owner_all);
  }
  Authoriser::Verdict Judge(const std::string& uri, const std::string& method, const std::string& flow = "",
                            const std::string& authorization = "") const {
    const Authoriser authoriser("test",
                                {{"shop", std::make_shared<pki::TokenSource>(File("shop"), "")},
                                 {"bank", std::make_shared<pki::TokenSource>(File("bank"), "")}},
                                nullptr);
    return authoriser.Judge({method, {uri}, flow, authorization});
  }
  Authoriser::Verdict Deliver(const std::string& flow, const std::string& authorization) const {
    return Judge("srdf://test/service/shipper", kDeliver, flow, authorization);
  }

  std::string dir_ = [] {
    std::string dir = "/tmp/srdf-authoriser-XXXXXX";
    return std::string(mkdtemp(dir.data()));
  }();
};

TEST_F(AuthoriserTest, TheRightServiceWithItsFlowsTokenMayCall) {
  EXPECT_TRUE(Deliver("shop", std::string("Bearer ") + kToken).status.ok());
  EXPECT_FALSE(Deliver("shop", std::string("Bearer ") + kToken).refusal.has_value());
}

TEST_F(AuthoriserTest, NoTokenAWrongOneAndAnotherFlowsAreRefusedWithoutSayingAny) {
  EXPECT_EQ(Deliver("shop", "").refusal, Refusal::kNoToken);
  EXPECT_EQ(Deliver("", std::string("Bearer ") + kToken).refusal, Refusal::kNoToken);
  EXPECT_EQ(Deliver("shop", kToken).refusal, Refusal::kNoToken);
  for (const std::string& wrong : {std::string(kOther), std::string(kToken, 31), std::string()}) {
    const auto verdict = Deliver("shop", "Bearer " + wrong);
    EXPECT_EQ(verdict.refusal, Refusal::kWrongToken) << wrong;
    EXPECT_EQ(verdict.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(verdict.status.error_message(), Not(HasSubstr(kToken)));
    EXPECT_THAT(verdict.status.error_message(), Not(HasSubstr(kOther)));
  }
  EXPECT_EQ(Deliver("nobody", std::string("Bearer ") + kToken).refusal, Refusal::kWrongToken);
}

TEST_F(AuthoriserTest, OldAndNewTokenAreGoodWhileTheyAreExchanged) {
  Write("shop", std::string(kOther) + "\n" + kToken + "\n");
  EXPECT_TRUE(Deliver("shop", std::string("Bearer ") + kToken).status.ok());
  EXPECT_TRUE(Deliver("shop", std::string("Bearer ") + kOther).status.ok());
  Write("shop", std::string(kOther) + "\n");
  EXPECT_EQ(Deliver("shop", std::string("Bearer ") + kToken).refusal, Refusal::kWrongToken);
}

TEST_F(AuthoriserTest, AMissingOrEmptyTokenFileAtTheServerLetsNobodyIn) {
  Write("shop", "\n");
  EXPECT_EQ(Deliver("shop", "Bearer ").refusal, Refusal::kTokenFile);
  std::filesystem::remove(File("shop"));
  const auto verdict = Deliver("shop", std::string("Bearer ") + kToken);
  EXPECT_EQ(verdict.refusal, Refusal::kTokenFile);
  EXPECT_THAT(verdict.status.error_message(), HasSubstr(File("shop")));
}

TEST_F(AuthoriserTest, AnotherMeshAWrongRoleAnUnknownMethodAndNoIdentityAreRefused) {
  const std::string get = "/srdf.receiver.v1.ReceiverService/GetStatus";
  EXPECT_TRUE(Judge("srdf://test/role/viewer", get).status.ok());
  EXPECT_EQ(Judge("srdf://prod/role/viewer", get).refusal, Refusal::kOtherMesh);
  EXPECT_EQ(Judge("srdf://test/service/capture", get).refusal, Refusal::kNotAllowed);
  EXPECT_EQ(Judge("srdf://test/role/viewer", "/srdf.receiver.v1.ReceiverService/Nothing").refusal,
            Refusal::kUnknownMethod);
  EXPECT_EQ(Judge("https://test/role/viewer", get).refusal, Refusal::kNoIdentity);
}

TEST_F(AuthoriserTest, ARefusalReachesTheCallerWithItsRemedy) {
  const auto verdict = Judge("srdf://test/role/viewer", "/srdf.shipper.v1.ShipperService/PauseFlow");
  const Status status = FromGrpc(verdict.status);
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(),
            "srdf://test/role/viewer may not call /srdf.shipper.v1.ShipperService/PauseFlow");
  EXPECT_EQ(status.remedy(), "it is for: operator");
}

}  // namespace
}  // namespace srdf::rpc
