#include "crypto/key_ring_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace srdf::crypto {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class KeyRingFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string directory = ::testing::TempDir() + "/srdf-keys-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    path_ = directory_ + "/security/keys";
  }
  void TearDown() override { fs::remove_all(directory_); }

  mode_t Mode(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
  }

  std::string directory_;
  std::string path_;
};

TEST_F(KeyRingFile, IsMadeForItsOwnerAlone) {
  const auto made = CreateKeyRing(path_);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  EXPECT_EQ(Mode(path_), 0600u);
  EXPECT_EQ(Mode(directory_ + "/security"), 0700u);
  const auto read = ReadKeyRing(path_);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->active()->secret.bytes(), made->active()->secret.bytes());
  EXPECT_EQ(CreateKeyRing(path_).status().code(), StatusCode::kAlreadyExists);
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST_F(KeyRingFile, AChangeKeepsModeAndGroup) {
  ASSERT_TRUE(CreateKeyRing(path_).ok());
  chmod(path_.c_str(), 0640);
  ASSERT_TRUE(ChangeKeyRing(path_, [](KeyRing* ring) { return ring->Rotate("", 0); }).ok());
  EXPECT_EQ(Mode(path_), 0640u);
  EXPECT_EQ(ReadKeyRing(path_)->keys().size(), 2u);
}

TEST_F(KeyRingFile, ARefusedChangeLeavesTheFileAsItWas) {
  ASSERT_TRUE(CreateKeyRing(path_).ok());
  const auto before = ReadKeyRing(path_);
  const auto changed = ChangeKeyRing(path_, [](KeyRing* ring) {
    EXPECT_TRUE(ring->Rotate("", 0).ok());
    return ring->Retire(ring->active()->id);
  });
  EXPECT_EQ(changed.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadKeyRing(path_)->Format(), before->Format());
}

TEST_F(KeyRingFile, OpenToOthersIsRefusedWithTheRemedy) {
  ASSERT_TRUE(CreateKeyRing(path_).ok());
  for (const mode_t mode : {0644, 0604, 0602, 0660}) {
    chmod(path_.c_str(), mode);
    const auto read = ReadKeyRing(path_);
    EXPECT_EQ(read.status().code(), StatusCode::kPermissionDenied) << mode;
    EXPECT_EQ(read.status().remedy(), "chmod 600 " + path_);
    EXPECT_FALSE(ChangeKeyRing(path_, [](KeyRing*) { return Status(); }).ok()) << mode;
  }
}

TEST_F(KeyRingFile, AMissingAnOddAndADamagedFileAreToldApart) {
  EXPECT_EQ(ReadKeyRing(path_).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(ReadKeyRing(path_).status().remedy(), HasSubstr("srdfctl key add"));
  ASSERT_TRUE(CreateKeyRing(path_).ok());
  std::ofstream(path_, std::ios::trunc) << "torn";
  const auto damaged = ReadKeyRing(path_);
  EXPECT_EQ(damaged.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(damaged.status().message(), HasSubstr(path_));
  EXPECT_FALSE(ChangeKeyRing(path_, [](KeyRing*) { return Status(); }).ok())
      << "a damaged ring is not replaced";
  EXPECT_EQ(ReadKeyRing(directory_).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(KeyRingFile, ChangersWaitForEachOther) {
  ASSERT_TRUE(CreateKeyRing(path_).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] {
      EXPECT_TRUE(ChangeKeyRing(path_, [](KeyRing* ring) { return ring->Rotate("", 0); }).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadKeyRing(path_)->keys().size(), 9u);
}

}  // namespace
}  // namespace srdf::crypto
