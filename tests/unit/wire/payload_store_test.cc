#include "wire/payload_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace srdf::wire {
namespace {

class PayloadStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "/payload-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  static Status Fill(PayloadStore* store, size_t bytes, std::string* expected) {
    for (size_t i = 0; i < bytes; i += 1000) {
      const std::string piece(1000, static_cast<char>('a' + i / 1000 % 26));
      store->tail()->append(piece);
      expected->append(piece);
      SRDF_RETURN_IF_ERROR(store->Settle());
    }
    return Status::Ok();
  }
  static std::string ReadAll(PayloadStore* store, size_t piece_bytes_max) {
    std::string all;
    const Status status = store->Read(piece_bytes_max, [&](std::string_view piece) {
      EXPECT_LE(piece.size(), piece_bytes_max);
      all.append(piece);
      return Status::Ok();
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return all;
  }

  std::string dir_;
};

TEST_F(PayloadStoreTest, ASmallPayloadNeverTouchesTheDisk) {
  PayloadStore store("/nonexistent", 100'000);
  std::string expected;
  ASSERT_TRUE(Fill(&store, 100'000, &expected).ok());
  EXPECT_FALSE(store.spilled());
  EXPECT_EQ(ReadAll(&store, 777), expected);
}

TEST_F(PayloadStoreTest, ALargePayloadSpillsIntoAFileThatNobodyElseSees) {
  PayloadStore store(dir_, 100'000);
  std::string expected;
  ASSERT_TRUE(Fill(&store, 3'000'000, &expected).ok());
  EXPECT_TRUE(store.spilled());
  EXPECT_LE(store.tail()->size(), 100'000u);
  EXPECT_EQ(store.bytes(), expected.size());
  EXPECT_TRUE(std::filesystem::is_empty(dir_));
  EXPECT_EQ(ReadAll(&store, 77'777), expected);
}

TEST_F(PayloadStoreTest, ADirectoryThatCannotBeUsedIsNamedWithTheRemedy) {
  PayloadStore store(dir_ + "/missing", 1000);
  std::string expected;
  const Status status = Fill(&store, 10'000, &expected);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find(dir_ + "/missing"), std::string::npos);
  EXPECT_FALSE(status.remedy().empty());
}

// A limit on the size of files stands for the disk that has no room.
TEST_F(PayloadStoreTest, AFullDiskIsResourceExhaustedAndNamesTheDirectory) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  rlimit small = old;
  small.rlim_cur = 500'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  PayloadStore store(dir_, 1000);
  std::string expected;
  const Status status = Fill(&store, 2'000'000, &expected);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find(dir_), std::string::npos);
}

}  // namespace
}  // namespace srdf::wire
