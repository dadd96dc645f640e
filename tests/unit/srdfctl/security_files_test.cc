#include "srdfctl/security_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "pki/security_dir.h"

namespace srdf::ctl {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::vector<std::string> kSource = {"capture", "batcher", "shipper", "orchestrator"};
const std::vector<std::string> kTarget = {"receiver", "applier"};

class SecurityFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "srdf-security-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  config::Config Configure(const std::string& mesh, const std::string& flow = "") const {
    std::ofstream(directory_ + "/srdf.yaml")
        << "data_dir: data\n"
        << mesh << "flows:\n  - name: shop\n    source: {host: a, server_id: 7}\n    target: {host: b}\n"
        << flow;
    auto config = config::LoadConfig(directory_ + "/srdf.yaml");
    EXPECT_TRUE(config.ok()) << config.status().ToString();
    return config.ok() ? std::move(*config) : config::Config();
  }
  static Status Prepare(const config::Config& config, const std::vector<std::string>& services) {
    std::string said;
    return PrepareSecurityFiles(config, services, &said);
  }

  std::string directory_;
};

TEST_F(SecurityFiles, BetweenSitesAMissingOrOpenTokenEndsTheStartWithItsName) {
  const config::Config config = Configure("security: {dir: certs}\n");
  const pki::SecurityDir files(config.security_dir);
  ASSERT_TRUE(pki::MakeDevelopmentFiles(DevelopmentOptionsOf(config)).ok());
  EXPECT_TRUE(Prepare(config, kSource).ok());
  ::chmod(files.token("shop").c_str(), 0644);
  EXPECT_THAT(Prepare(config, kTarget).message(),
              AllOf(HasSubstr("flow shop"), HasSubstr(files.token("shop") + " is open to every user")));
  fs::remove(files.token("shop"));
  for (const auto& services : {kSource, kTarget}) {
    const Status status = Prepare(config, services);
    EXPECT_THAT(status.message(), AllOf(HasSubstr("flow shop"), HasSubstr(files.token("shop"))));
    EXPECT_THAT(status.remedy(), HasSubstr("copy the flow's token file"));
  }
  EXPECT_TRUE(Prepare(config, {"capture", "batcher"}).ok()) << "they need none";
}

TEST_F(SecurityFiles, OnOneHostATokenThatIsElsewhereIsLookedAtToo) {
  const config::Config config = Configure("", "    token_file: shop.token\n");
  EXPECT_THAT(Prepare(config, kSource).message(), HasSubstr(directory_ + "/shop.token"));
  EXPECT_TRUE(Prepare(Configure(""), kSource).ok());
}

TEST_F(SecurityFiles, AnAuthoritysKeyThatEverybodyCanReadShowsInTheStatusAndEndsTheStart) {
  const config::Config config = Configure("");
  ASSERT_TRUE(Prepare(config, kSource).ok());
  EXPECT_TRUE(SecurityProblems(config, WallClockMs()).empty());
  const std::string key = pki::SecurityDir(config.security_dir).authority_key();
  ::chmod(key.c_str(), 0644);
  const auto problems = SecurityProblems(config, WallClockMs());
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message(), HasSubstr(key + " is open to every user"));
  EXPECT_EQ(Prepare(config, kSource).remedy(), "chmod 600 " + key);
}

}  // namespace
}  // namespace srdf::ctl
