#include "crypto/key_ring_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crypto/key_ring_file.h"

namespace srdf::crypto {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Source : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string directory = ::testing::TempDir() + "/srdf-source-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    path_ = directory_ + "/keys";
    first_ = CreateKeyRing(path_)->active()->id;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Rotate() {
    return ChangeKeyRing(path_, [](KeyRing* ring) { return ring->Rotate("", 0); })->active()->id;
  }

  std::string directory_, path_, first_;
};

TEST_F(Source, ARotatedRingIsNoticedAndTheOldKeyStillOpens) {
  auto source = KeyRingSource::Open({path_, ""});
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  EXPECT_EQ((*source)->Active()->id, first_);
  const std::string second = Rotate();
  EXPECT_EQ((*source)->Active()->id, second);
  EXPECT_EQ((*(*source)->Find(first_))->id, first_);
  EXPECT_EQ((*(*source)->Find(second))->id, second);
}

TEST_F(Source, AnUnknownKeyIsAnErrorUntilItIsInTheRing) {
  auto source = KeyRingSource::Open({path_, ""});
  const auto missing = (*source)->Find("k-later");
  EXPECT_EQ(missing.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(missing.status().message(), HasSubstr("k-later"));
  EXPECT_THAT(missing.status().remedy(), HasSubstr(path_));
  ASSERT_TRUE(
      ChangeKeyRing(path_, [](KeyRing* ring) { return ring->Add("k-later", SecretKey::Random(), 0); }).ok());
  EXPECT_TRUE((*source)->Find("k-later").ok());
}

TEST_F(Source, ADamagedOrMissingFileStopsNothingThatRunsAndIsTold) {
  auto source = KeyRingSource::Open({path_, ""});
  const std::string good = ReadKeyRing(path_)->Format();
  fs::rename(path_, path_ + ".away");
  EXPECT_EQ((*source)->Active()->id, first_);
  EXPECT_EQ((*source)->problem().code(), StatusCode::kNotFound);
  std::ofstream(path_) << "torn";
  EXPECT_EQ((*source)->Active()->id, first_);
  EXPECT_FALSE((*source)->problem().ok());
  EXPECT_EQ((*source)->Find("other").status().ToString(), (*source)->problem().ToString());
  fs::rename(path_ + ".away", path_);
  EXPECT_EQ((*source)->Active()->id, first_);
  EXPECT_TRUE((*source)->problem().ok());
}

// As when a process has no file descriptor left for a while: nothing of the file changes when it has.
TEST_F(Source, AFileThatCouldNotBeReadIsReadAgainThoughItIsTheSame) {
  auto source = KeyRingSource::Open({path_, ""});
  ASSERT_TRUE(source.ok());
  const std::string second = Rotate();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto active = (*source)->Active();
  const Status problem = (*source)->problem();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(active->id, first_);
  EXPECT_FALSE(problem.ok());
  EXPECT_EQ((*source)->Active()->id, second);
  EXPECT_TRUE((*source)->problem().ok());
}

TEST_F(Source, WithoutARingThereIsNoSource) {
  EXPECT_EQ(KeyRingSource::Open({path_ + "2", ""}).status().code(), StatusCode::kNotFound);
}

TEST_F(Source, ARingMayComeFromTheEnvironment) {
  setenv("SRDF_TEST_RING", ReadKeyRing(path_)->Format().c_str(), 1);
  auto source = KeyRingSource::Open({"", "SRDF_TEST_RING"});
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  EXPECT_EQ((*source)->Active()->id, first_);
  EXPECT_THAT((*source)->Find("x").status().remedy(), HasSubstr("SRDF_TEST_RING"));
  unsetenv("SRDF_TEST_RING");
  EXPECT_EQ(KeyRingSource::Open({"", "SRDF_TEST_RING"}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace srdf::crypto
