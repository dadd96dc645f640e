#include "pki/development.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "pki/certificate_check.h"
#include "pki/pem_file.h"
#include "pki/security_dir.h"
#include "pki/token.h"
#include "unit/pki/temporary_directory.h"

namespace srdf::pki {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int64_t kDayMs = 24ll * 3600 * 1000;
constexpr int64_t kNowMs = 1'800'000'000'000;

class Development : public ::testing::Test {
 protected:
  Development() {
    options_.dir = dir_.path();
    options_.mesh = "test";
    options_.flows = {"shop"};
    options_.now_ms = kNowMs;
  }
  std::vector<DevelopmentFile> Make() {
    auto files = MakeDevelopmentFiles(options_);
    EXPECT_TRUE(files.ok()) << files.status().ToString();
    return files.ok() ? *files : std::vector<DevelopmentFile>();
  }
  size_t Count(const std::vector<DevelopmentFile>& files, Deed deed) const {
    return static_cast<size_t>(
        std::count_if(files.begin(), files.end(), [&](const auto& file) { return file.deed == deed; }));
  }
  std::string Text(const std::string& file) const { return ReadSmallFile(file).value(); }
  void ExpectAllGood() const {
    for (const std::string& name : CertificateNames()) {
      const PairCheck check = CheckPair(files_, "test", name, options_.now_ms);
      EXPECT_TRUE(check.problem.ok()) << check.problem.ToString();
    }
  }

  TemporaryDirectory temporary_;
  struct Sub {
    std::string path_;
    const std::string& path() const { return path_; }
  } dir_{temporary_.path() + "/security"};
  SecurityDir files_{dir_.path()};
  DevelopmentOptions options_;
};

TEST_F(Development, MakesEverythingPrivateAndUsable) {
  EXPECT_EQ(Count(Make(), Deed::kMade), 10u);  // authority, eight pairs, a token
  ExpectAllGood();
  EXPECT_TRUE(TokenSource(files_.token("shop"), "").Read().ok());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    struct stat info {};
    stat(entry.path().c_str(), &info);
    EXPECT_EQ(info.st_mode & 077, 0u) << entry.path();
  }
}

TEST_F(Development, ASecondRunKeepsWhatIsSound) {
  Make();
  const std::string certificate = Text(files_.certificate("shipper"));
  EXPECT_EQ(Count(Make(), Deed::kKept), 10u);
  EXPECT_EQ(Text(files_.certificate("shipper")), certificate);
}

TEST_F(Development, WhatIsNearItsEndOrMissingOrForAnotherMeshIsRenewed) {
  options_.days = 30;
  Make();
  options_.now_ms += 19 * kDayMs;
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 0u);
  options_.now_ms += 2 * kDayMs;
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 8u);
  std::filesystem::remove(files_.key("viewer"));
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 1u);
  ExpectAllGood();
  options_.mesh = "other";
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 8u);
}

TEST_F(Development, AHostThatIsAskedForIsInTheCertificates) {
  Make();
  options_.hosts = {"db1.example", "10.0.0.7", "fd00::7"};
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 8u);
  const PairCheck check = CheckPair(files_, "test", "receiver", kNowMs);
  EXPECT_THAT(check.certificate.hosts, Contains("db1.example"));
  EXPECT_THAT(check.certificate.hosts, Contains("10.0.0.7"));
  EXPECT_THAT(check.certificate.hosts, Contains("localhost"));
}

TEST_F(Development, AHostThatWasAskedForOnceStaysAndIsNotAskedForAnew) {
  options_.hosts = {"db1.example", "FD00:0:0::7"};
  Make();
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 0u) << "the same again";
  options_.hosts.clear();
  options_.now_ms += 300 * kDayMs;
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 8u);
  const PairCheck check = CheckPair(files_, "test", "receiver", options_.now_ms);
  EXPECT_THAT(check.certificate.hosts,
              ::testing::ElementsAre("localhost", "127.0.0.1", "::1", "db1.example", "fd00::7"));
}

TEST_F(Development, ANewAuthorityStandsBesideTheOldOneUntilThatIsDropped) {
  Make();
  const std::string old_pair = Text(files_.certificate("shipper"));
  size_t trusted_when_asked = 0;
  options_.new_authority = true;
  options_.wait_for_readers = [&] {
    trusted_when_asked = CheckAuthority(files_, kNowMs).authorities.size();
    // Nothing is issued by it before everybody knows it.
    EXPECT_EQ(Text(files_.certificate("shipper")), old_pair);
  };
  EXPECT_EQ(Count(Make(), Deed::kRenewed), 9u);
  EXPECT_EQ(trusted_when_asked, 2u);
  ExpectAllGood();

  options_ = {};
  options_.dir = dir_.path();
  options_.mesh = "test";
  options_.now_ms = kNowMs;
  options_.drop_old_authorities = true;
  Make();
  EXPECT_THAT(CheckAuthority(files_, kNowMs).authorities, SizeIs(1));
  ExpectAllGood();
}

TEST_F(Development, ARotatedTokenLeavesTheOneBeforeGood) {
  Make();
  const auto before = TokenSource(files_.token("shop"), "").Read().value();
  options_.rotate_tokens = true;
  Make();
  const auto after = TokenSource(files_.token("shop"), "").Read().value();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(after[1], before[0]);
}

TEST_F(Development, AnAuthorityWhoseKeyEverybodyCanReadIsRefused) {
  Make();
  chmod(files_.authority_key().c_str(), 0644);
  const auto files = MakeDevelopmentFiles(options_);
  ASSERT_FALSE(files.ok());
  EXPECT_THAT(files.status().message(), HasSubstr(files_.authority_key() + " is open to every user"));
  EXPECT_EQ(files.status().remedy(), "chmod 600 " + files_.authority_key());
  EXPECT_EQ(CheckAuthority(files_, kNowMs).problem.message(), files.status().message());
  chmod(files_.authority_key().c_str(), 0600);
  EXPECT_TRUE(CheckAuthority(files_, kNowMs).problem.ok());
}

TEST_F(Development, SomebodyElsesAuthorityIsNotTouched) {
  Make();
  const std::string authority = Text(files_.authority());
  std::filesystem::remove(files_.authority_key());
  options_.renew = true;
  const auto files = MakeDevelopmentFiles(options_);
  ASSERT_FALSE(files.ok());
  EXPECT_THAT(files.status().message(), HasSubstr("not a development authority"));
  EXPECT_EQ(Text(files_.authority()), authority);
}

}  // namespace
}  // namespace srdf::pki
