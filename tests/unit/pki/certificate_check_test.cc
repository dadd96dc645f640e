#include "pki/certificate_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "pki/development.h"
#include "pki/issuer.h"
#include "pki/pem_file.h"
#include "unit/pki/temporary_directory.h"

namespace srdf::pki {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kDayMs = 24ll * 3600 * 1000;
constexpr int64_t kNowMs = 1'800'000'000'000;

class CertificateCheck : public ::testing::Test {
 protected:
  CertificateCheck() {
    DevelopmentOptions options;
    options.dir = dir_.path();
    options.mesh = "test";
    options.now_ms = kNowMs;
    EXPECT_TRUE(MakeDevelopmentFiles(options).ok());
  }
  Status Check(const std::string& name = "shipper", int64_t now_ms = kNowMs) const {
    return CheckPair(dir_, "test", name, now_ms).problem;
  }
  void Write(const std::string& file, const std::string& text) {
    ASSERT_TRUE(WriteFilesAtomically({{file, text}}).ok());
  }
  void Copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  }
  TemporaryDirectory temporary_;
  SecurityDir dir_{temporary_.path()};
};

TEST_F(CertificateCheck, SaysThatSoundFilesAreSound) { EXPECT_TRUE(Check().ok()) << Check().ToString(); }

TEST_F(CertificateCheck, NamesTheFileThatExpiredOrIsNotValidYet) {
  EXPECT_THAT(Check("shipper", kNowMs + 366 * kDayMs).message(),
              AllOf(HasSubstr(dir_.certificate("shipper")), HasSubstr("expired at")));
  EXPECT_THAT(Check("shipper", kNowMs - kDayMs).message(), HasSubstr("is not valid before"));
}

TEST_F(CertificateCheck, NamesAKeyThatDoesNotFit) {
  Copy(dir_.key("viewer"), dir_.key("shipper"));
  EXPECT_THAT(Check().message(), AllOf(HasSubstr(dir_.key("shipper")), HasSubstr("does not fit")));
}

TEST_F(CertificateCheck, NamesACertificateOfAnotherAuthority) {
  const auto other = NewAuthority("test", {kNowMs - kDayMs, kNowMs + kDayMs});
  ASSERT_TRUE(other.ok());
  Write(dir_.authority(), other->certificate);
  EXPECT_THAT(Check().message(), HasSubstr("cannot be verified with " + dir_.authority()));
}

TEST_F(CertificateCheck, NamesACertificateOfSomebodyElseOrOfAnotherMesh) {
  EXPECT_THAT(CheckPair(dir_, "prod", "shipper", kNowMs).problem.message(),
              HasSubstr("belongs to the mesh test, this one is prod"));
  Copy(dir_.certificate("viewer"), dir_.certificate("shipper"));
  EXPECT_THAT(Check().message(), HasSubstr("is the certificate of srdf://test/role/viewer"));
}

TEST_F(CertificateCheck, ARolesCertificateIsNoServers) {
  // A viewer's certificate that names itself a service: it was issued for TLS clients only.
  const Pem authority = {ReadSmallFile(dir_.authority()).value(),
                         ReadSmallFile(dir_.authority_key()).value()};
  auto role =
      Issue(authority, {"test", IdentityKind::kRole, "shipper"}, {}, {kNowMs - kDayMs, kNowMs + kDayMs});
  ASSERT_TRUE(role.ok());
  Write(dir_.certificate("shipper"), role->certificate);
  Write(dir_.key("shipper"), role->key);
  EXPECT_FALSE(Check().ok());
}

TEST_F(CertificateCheck, NamesMissingDamagedAndOpenFiles) {
  Write(dir_.certificate("shipper"), "-----BEGIN CERTIFICATE-----\nrubbish\n");
  EXPECT_THAT(Check().message(), HasSubstr("no certificate in PEM form"));
  chmod(dir_.key("viewer").c_str(), 0644);
  EXPECT_THAT(Check("viewer").message(), HasSubstr("open to every user"));
  std::filesystem::remove(dir_.certificate("batcher"));
  EXPECT_THAT(Check("batcher").message(), HasSubstr(dir_.certificate("batcher")));
  Write(dir_.authority(), "");
  EXPECT_THAT(Check("capture").message(), HasSubstr(dir_.authority()));
  EXPECT_FALSE(CheckAuthority(dir_, kNowMs).problem.ok());
}

}  // namespace
}  // namespace srdf::pki
