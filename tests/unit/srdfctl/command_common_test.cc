#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "srdfctl/commands.h"

namespace srdf::ctl {
namespace {

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "srdf-commands-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(directory_);
    ::unsetenv("SRDF_CONFIG");
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(directory_);
    ::unsetenv("SRDF_CONFIG");
  }

  // A configuration whose target's password file has the given mode.
  GlobalOptions Write(const std::string& text, std::filesystem::perms mode) {
    std::ofstream("srdf.yaml") << text;
    std::ofstream("password") << "secret\n";
    std::filesystem::permissions("password", mode);
    return {"srdf.yaml", false};
  }

  static constexpr const char* kSound =
      "flows:\n  - name: shop\n    source: {host: a, server_id: 7}\n    target: {host: b, password_file: "
      "password}\n";
  static constexpr auto kPrivate = std::filesystem::perms::owner_read;
  static constexpr auto kOpen = std::filesystem::perms::owner_read | std::filesystem::perms::others_read;

  std::string directory_;
  std::filesystem::path before_;
};

TEST_F(Commands, TheConfigurationIsTheOneNamedElseTheVariablesElseTheOneHere) {
  EXPECT_EQ(FindConfigPath(""), "/etc/srdf/srdf.yaml");
  std::ofstream("srdf.yaml") << "mesh: a\n";
  EXPECT_EQ(FindConfigPath(""), "srdf.yaml");
  ::setenv("SRDF_CONFIG", "/elsewhere.yaml", 1);
  EXPECT_EQ(FindConfigPath(""), "/elsewhere.yaml");
  EXPECT_EQ(FindConfigPath("given.yaml"), "given.yaml");
}

TEST_F(Commands, ACheckLooksAtPasswordFilesToo) {
  EXPECT_EQ(ConfigCheck(Write(kSound, kPrivate)), kExitOk);
  EXPECT_EQ(ConfigCheck(Write(kSound, kOpen)), kExitBadConfiguration);
  EXPECT_EQ(ConfigCheck(Write("flows: []\n", kPrivate)), kExitBadConfiguration);
}

TEST_F(Commands, AnUnknownFlowIsABadCommandLine) {
  const GlobalOptions global = Write(kSound, kPrivate);
  EXPECT_EQ(FlowPause(global, "shop2"), kExitBadConfiguration);
  EXPECT_EQ(FlowInit(global, "shop", "not a position"), kExitBadConfiguration);
  EXPECT_EQ(FlowInit(global, "shop", ""), kExitBadConfiguration);
}

TEST_F(Commands, ASecretThatCannotBeReadIsFoundBeforeAnythingStarts) {
  EXPECT_EQ(Up(Write(kSound, kOpen), UpOptions()), kExitBadConfiguration);
  EXPECT_FALSE(std::filesystem::exists("srdf-data"));
}

TEST_F(Commands, DownOfAMeshThatDoesNotRunIsFine) {
  EXPECT_EQ(Down(Write(kSound, kPrivate), std::chrono::seconds(1)), kExitOk);
  EXPECT_FALSE(std::filesystem::exists("srdf-data"));
}

}  // namespace
}  // namespace srdf::ctl
