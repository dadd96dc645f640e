#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config.h"

namespace srdf::config {
namespace {

class Secret : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "srdf-secret-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& content, mode_t mode) {
    const std::string path = directory_ + "/password";
    std::ofstream(path) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  std::string directory_;
};

TEST_F(Secret, TheFirstLineOfAFileIsThePassword) {
  DatabaseConfig database;
  database.password_file = Write("s3cret word\r\nsecond line\n", 0600);
  auto secret = ReadSecret(database);
  ASSERT_TRUE(secret.ok()) << secret.status().ToString();
  EXPECT_EQ(*secret, "s3cret word");
}

TEST_F(Secret, AFileOpenToOthersIsRefusedWithTheCommandThatMendsIt) {
  DatabaseConfig database;
  database.password_file = Write("s3cret\n", 0644);
  auto secret = ReadSecret(database);
  ASSERT_FALSE(secret.ok());
  EXPECT_EQ(secret.status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(secret.status().remedy(), "chmod 600 " + database.password_file);
  EXPECT_EQ(secret.status().ToString().find("s3cret"), std::string::npos);
}

TEST_F(Secret, TheGroupOfAServiceAccountMayRead) {
  DatabaseConfig database;
  database.password_file = Write("s3cret\n", 0640);
  EXPECT_TRUE(ReadSecret(database).ok());
}

TEST_F(Secret, AnAbsentOrEmptyFileIsAnError) {
  DatabaseConfig database;
  database.password_file = directory_ + "/absent";
  EXPECT_FALSE(ReadSecret(database).ok());
  database.password_file = Write("\nsecond\n", 0600);
  EXPECT_FALSE(ReadSecret(database).ok());
  database.password_file = directory_;
  EXPECT_FALSE(ReadSecret(database).ok());
}

TEST_F(Secret, AVariableIsReadWhenItIsSet) {
  DatabaseConfig database;
  database.password_env = "SRDF_SECRET_TEST_PASSWORD";
  ::unsetenv("SRDF_SECRET_TEST_PASSWORD");
  EXPECT_FALSE(ReadSecret(database).ok());
  ::setenv("SRDF_SECRET_TEST_PASSWORD", "from env", 1);
  EXPECT_EQ(ReadSecret(database).value(), "from env");
}

TEST_F(Secret, NoneIsNeededForSocketAuthentication) { EXPECT_EQ(ReadSecret(DatabaseConfig()).value(), ""); }

TEST_F(Secret, ADatabaseIsDescribedWithoutCredentials) {
  DatabaseConfig database;
  database.host = "10.0.0.1";
  EXPECT_EQ(DescribeDatabase(database), "mariadb at 10.0.0.1:3306");
  database.host = "fe80::1";
  EXPECT_EQ(DescribeDatabase(database), "mariadb at [fe80::1]:3306");
  database.socket = "/run/m.sock";
  EXPECT_EQ(DescribeDatabase(database), "mariadb at /run/m.sock");
}

}  // namespace
}  // namespace srdf::config
