#include "rpc/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

namespace srdf::rpc {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsEmpty;

pki::Identity Named(const std::string& name) { return pki::IdentityNamed("test", name); }

bool May(const std::string& name, const std::string& method) {
  const MethodRule* rule = FindRule(method);
  return rule != nullptr && (rule->callers & BitOf(Named(name))) != 0;
}

// "/srdf.shipper.v1.ShipperService/Store" of every proto in the tree.
std::set<std::string> MethodsOfTheProtos() {
  std::set<std::string> methods;
  const std::regex words(R"(^\s*(package|service|rpc)\s+([A-Za-z0-9_.]+))");
  for (const auto& entry : fs::recursive_directory_iterator(SRDF_PROTO_DIR "/srdf")) {
    if (entry.path().extension() != ".proto") continue;
    std::ifstream in(entry.path());
    std::string package;
    std::string service;
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, words)) continue;
      if (match[1] == "package") package = match[2];
      if (match[1] == "service") service = match[2];
      if (match[1] == "rpc") methods.insert("/" + package + "." + service + "/" + match[2].str());
    }
  }
  return methods;
}

TEST(Policy, EveryMethodOfEveryProtoHasARow) {
  const std::set<std::string> methods = MethodsOfTheProtos();
  EXPECT_THAT(methods, Contains("/srdf.receiver.v1.ReceiverService/Deliver"));
  std::vector<std::string> missing;
  for (const std::string& method : methods) {
    if (FindRule(method) == nullptr) missing.push_back(method);
  }
  EXPECT_THAT(missing, IsEmpty()) << "say in libs/rpc/policy.cc who may call these";
}

TEST(Policy, NoRowIsForAMethodThatIsGoneOrTwiceThere) {
  const std::set<std::string> methods = MethodsOfTheProtos();
  std::set<std::string> seen;
  for (const MethodRule& rule : AllRules()) {
    const std::string method(rule.method);
    EXPECT_TRUE(seen.insert(method).second) << method;
    EXPECT_TRUE(methods.count(method) != 0 || method.rfind("/grpc.", 0) == 0) << method;
  }
}

TEST(Policy, WhatIsNotInTheTableNobodyMayCall) {
  EXPECT_EQ(FindRule("/srdf.shipper.v1.ShipperService/Forget"), nullptr);
  EXPECT_EQ(FindRule(""), nullptr);
}

TEST(Policy, EachStageMayFeedTheNextOneOnly) {
  EXPECT_TRUE(May("capture", "/srdf.batcher.v1.BatcherService/Feed"));
  EXPECT_TRUE(May("batcher", "/srdf.shipper.v1.ShipperService/Store"));
  EXPECT_TRUE(May("shipper", "/srdf.receiver.v1.ReceiverService/Deliver"));
  EXPECT_TRUE(May("applier", "/srdf.receiver.v1.ReceiverService/Take"));
  for (const char* other :
       {"capture", "batcher", "receiver", "applier", "orchestrator", "operator", "viewer"})
    EXPECT_FALSE(May(other, "/srdf.receiver.v1.ReceiverService/Deliver")) << other;
}

TEST(Policy, ViewersLookAndOperatorsSteer) {
  EXPECT_TRUE(May("viewer", "/srdf.shipper.v1.ShipperService/GetStatus"));
  EXPECT_TRUE(May("operator", "/srdf.shipper.v1.ShipperService/GetStatus"));
  EXPECT_TRUE(May("operator", "/srdf.shipper.v1.ShipperService/PauseFlow"));
  EXPECT_FALSE(May("viewer", "/srdf.shipper.v1.ShipperService/PauseFlow"));
  EXPECT_FALSE(May("shipper", "/srdf.shipper.v1.ShipperService/PauseFlow"));
}

TEST(Policy, AServiceThatCallsItselfOperatorIsNone) {
  EXPECT_EQ(BitOf({"test", pki::IdentityKind::kService, "operator"}), 0u);
  EXPECT_EQ(BitOf({"test", pki::IdentityKind::kRole, "shipper"}), 0u);
  EXPECT_EQ(BitOf({"test", pki::IdentityKind::kService, "somebody"}), 0u);
}

}  // namespace
}  // namespace srdf::rpc
