#include "srdfctl/key_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "crypto/key_ring_file.h"

namespace srdf::ctl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class KeyCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "srdf-keys-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    Configure("");
  }
  void TearDown() override { fs::remove_all(directory_); }

  void Configure(const std::string& more) {
    std::ofstream(directory_ + "/srdf.yaml")
        << "data_dir: data\n"
        << more << "flows:\n  - name: shop\n    source: {host: a, server_id: 7}\n    target: {host: b}\n";
    global_ = {directory_ + "/srdf.yaml", true};
    auto config = config::LoadConfig(global_.config_path);
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    config_ = std::move(*config);
  }
  std::string ring() const { return directory_ + "/data/security/keys"; }

  // Runs a command; its output must not have a key of the ring.
  int Run(int (*command)(const GlobalOptions&, const KeyOptions&), const KeyOptions& options) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = command(global_, options);
    output_ = ::testing::internal::GetCapturedStdout();
    errors_ = ::testing::internal::GetCapturedStderr();
    std::ifstream in(ring());
    for (std::string word; in >> word;) {
      if (word.size() != 64) continue;
      EXPECT_EQ((output_ + errors_).find(word), std::string::npos) << "a key was printed";
    }
    return code;
  }
  static int List(const GlobalOptions& global, const KeyOptions&) { return KeyList(global); }
  // "id state" of each key that the last command printed.
  std::string Keys() const {
    std::string out;
    const auto keys = nlohmann::json::parse(output_);
    for (const auto& key : keys["keys"])
      out += key["id"].get<std::string>() + " " + key["state"].get<std::string>() + "; ";
    return out;
  }

  std::string directory_, output_, errors_;
  GlobalOptions global_;
  config::Config config_;
};

TEST_F(KeyCommands, ARingIsMadeRotatedAndForgotten) {
  EXPECT_EQ(Run(&List, {}), kExitFailed);
  EXPECT_THAT(errors_, HasSubstr("srdfctl key add"));
  EXPECT_EQ(Run(&KeyRotate, {}), kExitFailed) << "there is no ring to rotate";
  EXPECT_EQ(Run(&KeyAdd, {"blue", "", 0}), kExitOk);
  EXPECT_EQ(Keys(), "blue active; ");
  EXPECT_EQ(Run(&KeyAdd, {"green", "", 0}), kExitOk);
  EXPECT_EQ(Run(&KeyRotate, {"green", "", 0}), kExitOk);
  EXPECT_EQ(Keys(), "blue retired; green active; ");
  EXPECT_EQ(Run(&KeyRetire, {"green", "", 0}), kExitFailed);
  EXPECT_THAT(errors_, HasSubstr("key rotate"));
  EXPECT_EQ(Run(&KeyRemove, {"blue", "", 0}), kExitFailed) << "without --force";
  EXPECT_THAT(errors_, HasSubstr("--force"));
  EXPECT_EQ(Run(&KeyRemove, {"blue", "", 1}), kExitOk);
  EXPECT_THAT(errors_, HasSubstr("not known whether a wagon needs key blue in the outbox"));
  EXPECT_EQ(Run(&List, {}), kExitOk);
  EXPECT_EQ(Keys(), "green active; ");
}

TEST_F(KeyCommands, TheRingIsThatOfTheDataDirectoryThatIsNamed) {
  global_.data_dir = directory_ + "/elsewhere/";
  EXPECT_EQ(Run(&KeyAdd, {"blue", "", 0}), kExitOk);
  EXPECT_FALSE(fs::exists(ring()));
  EXPECT_TRUE(fs::exists(directory_ + "/elsewhere/security/keys"));
}

TEST_F(KeyCommands, AKeyIsImportedFromAFile) {
  std::ofstream(directory_ + "/hex") << std::string(64, 'a') << "\n";
  EXPECT_EQ(Run(&KeyAdd, {"own", directory_ + "/hex", 0}), kExitOk);
  EXPECT_EQ(crypto::ReadKeyRing(ring())->active()->secret.bytes(), std::string(32, '\xaa'));
  std::ofstream(directory_ + "/hex") << "rubbish\n";
  EXPECT_EQ(Run(&KeyAdd, {"other", directory_ + "/hex", 0}), kExitFailed);
  EXPECT_THAT(errors_, Not(HasSubstr("rubbish")));
  EXPECT_EQ(Run(&KeyAdd, {"other", directory_ + "/absent", 0}), kExitFailed);
}

TEST_F(KeyCommands, AnEnvironmentVariableIsReadAndNotChanged) {
  Configure("key_ring_env: SRDF_TEST_KEYS\n");
  EXPECT_EQ(Run(&List, {}), kExitFailed);
  EXPECT_THAT(errors_, HasSubstr("SRDF_TEST_KEYS"));
  ::setenv("SRDF_TEST_KEYS", crypto::KeyRing::WithNewKey(0).Format().c_str(), 1);
  EXPECT_EQ(Run(&List, {}), kExitOk);
  EXPECT_EQ(Run(&KeyRotate, {}), kExitFailed);
  ::unsetenv("SRDF_TEST_KEYS");
}

TEST_F(KeyCommands, AStartMakesTheDefaultRingOnceForItsOwnerAlone) {
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(EnsureKeyRing(config_, true).ok());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(ring()));
  struct stat info {};
  ASSERT_EQ(::stat(ring().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string made = crypto::ReadKeyRing(ring())->Format();
  ASSERT_TRUE(EnsureKeyRing(config_, true).ok());
  EXPECT_EQ(crypto::ReadKeyRing(ring())->Format(), made);
  ::chmod(ring().c_str(), 0644);
  EXPECT_EQ(EnsureKeyRing(config_, true).code(), StatusCode::kPermissionDenied);
}

TEST_F(KeyCommands, ARingIsNotMadeWhereAnotherOneIsMeant) {
  EXPECT_EQ(EnsureKeyRing(config_, false).code(), StatusCode::kNotFound)
      << "wagons are sealed at another site";
  Configure("key_ring_file: other/keys\n");
  const Status absent = EnsureKeyRing(config_, true);
  EXPECT_EQ(absent.code(), StatusCode::kNotFound);
  EXPECT_THAT(absent.ToString(), HasSubstr("other/keys"));
  EXPECT_FALSE(fs::exists(directory_ + "/other"));
  config_.flows[0].encryption_enabled = false;
  EXPECT_TRUE(EnsureKeyRing(config_, true).ok()) << "no flow needs one";
}

}  // namespace
}  // namespace srdf::ctl
