#include "snapshot_service/open_snapshots.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "fake_snapshots.h"

namespace srdf::snapshot_service {
namespace {

using Clock = std::chrono::steady_clock;

CallLimits Within(std::chrono::milliseconds time) {
  return {Clock::now() + time, [] { return false; }};
}

class OpenSnapshotsTest : public ::testing::Test {
 protected:
  Status Open(OpenSnapshots* open, const std::string& mark) {
    return open->Open("shop", mark, Within(std::chrono::seconds(5))).status();
  }
  test::FakeSnapshots source_;
};

TEST_F(OpenSnapshotsTest, OneMarkIsOneSnapshot) {
  OpenSnapshots open(&source_, {});
  ASSERT_TRUE(Open(&open, "a").ok());
  ASSERT_TRUE(Open(&open, "a").ok());
  EXPECT_EQ(source_.opened, 1);
  EXPECT_EQ(open.Use("shop", "b", Within({})).status().code(), StatusCode::kNotFound);
  open.Close("shop", "a");
  EXPECT_EQ(source_.alive, 0);
  EXPECT_EQ(open.Use("shop", "a", Within({})).status().code(), StatusCode::kNotFound);
}

TEST_F(OpenSnapshotsTest, OneThatNobodyUsesIsClosedByItself) {
  OpenSnapshots open(&source_, {4, std::chrono::milliseconds(100)});
  open.Start();
  ASSERT_TRUE(Open(&open, "a").ok());
  {
    const auto lease = open.Use("shop", "a", Within({}));
    ASSERT_TRUE(lease.ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(source_.alive, 1) << "it is in use";
  }
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (source_.alive != 0 && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(source_.alive, 0);
  EXPECT_GT(source_.looked_for_unused, 0) << "and marks are forgotten likewise";
}

TEST_F(OpenSnapshotsTest, AMarkThatIsClosedBeforeItsSnapshotIsOpenIsForgotten) {
  OpenSnapshots open(&source_, {});
  open.Close("shop", "expected");
  EXPECT_EQ(source_.forgotten, std::vector<std::string>{"expected"});
}

TEST_F(OpenSnapshotsTest, TheOldestIdleOneMakesRoomAndOneInUseDoesNot) {
  OpenSnapshots open(&source_, {2, std::chrono::minutes(2)});
  ASSERT_TRUE(Open(&open, "a").ok());
  ASSERT_TRUE(Open(&open, "b").ok());
  {
    const auto lease = open.Use("shop", "a", Within({}));
    ASSERT_TRUE(Open(&open, "c").ok());
    EXPECT_EQ(open.Use("shop", "b", Within({})).status().code(), StatusCode::kNotFound);
    const auto other = open.Use("shop", "c", Within({}));
    EXPECT_EQ(Open(&open, "d").code(), StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(source_.alive, 2);
}

TEST_F(OpenSnapshotsTest, OneCallAtATimeUsesASnapshotAndOthersWait) {
  OpenSnapshots open(&source_, {});
  ASSERT_TRUE(Open(&open, "a").ok());
  auto first = std::make_unique<Result<OpenSnapshots::Lease>>(open.Use("shop", "a", Within({})));
  EXPECT_EQ(open.Use("shop", "a", Within(std::chrono::milliseconds(50))).status().code(),
            StatusCode::kDeadlineExceeded);
  auto second = std::async(std::launch::async,
                           [&] { return open.Use("shop", "a", Within(std::chrono::seconds(10))).ok(); });
  first.reset();
  EXPECT_TRUE(second.get());
}

TEST_F(OpenSnapshotsTest, OneThatIsClosedWhileItIsUsedEndsWithTheUse) {
  OpenSnapshots open(&source_, {});
  ASSERT_TRUE(Open(&open, "a").ok());
  {
    const auto lease = open.Use("shop", "a", Within({}));
    open.Close("shop", "a");
    EXPECT_EQ(source_.alive, 1);
    EXPECT_EQ(open.Use("shop", "a", Within({})).status().code(), StatusCode::kNotFound);
  }
  EXPECT_EQ(source_.alive, 0);
}

TEST_F(OpenSnapshotsTest, AnOpeningThatFailsLeavesNothingBehind) {
  OpenSnapshots open(&source_, {1, std::chrono::minutes(2)});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(open.Open("other", "a", Within({})).status().code(), StatusCode::kNotFound);
  }
  EXPECT_TRUE(Open(&open, "a").ok());
}

}  // namespace
}  // namespace srdf::snapshot_service
