// Snapshots of a target at marks: which mark is answered with what, and when.
#include "applier/target_snapshots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace srdf::applier {
namespace {

using namespace std::chrono_literals;

class FakeSnapshot : public engine::Snapshot {
 public:
  FakeSnapshot(SourcePosition position, int* open) : position_(std::move(position)), open_(open) { ++*open_; }
  ~FakeSnapshot() override { --*open_; }
  const SourcePosition& position() const override { return position_; }
  Result<std::vector<engine::TableInfo>> ListTables() override { return Unused(); }
  Result<TableSchema> Describe(const std::string&, const std::string&) override { return Unused(); }
  Result<engine::ReadEnd> ReadRange(const TableSchema&, const engine::KeyRange&, const engine::ReadLimits&,
                                    engine::RowSink*) override {
    return Unused();
  }
  Result<engine::ReadEnd> ReadKeys(const TableSchema&, const std::vector<std::string>&,
                                   engine::RowSink*) override {
    return Unused();
  }
  Status Ping() override { return {}; }

 private:
  static Status Unused() { return {StatusCode::kInternal, "not used here"}; }
  const SourcePosition position_;
  int* const open_;
};

// A target whose checkpoint is what the test says.
class FakeTarget : public engine::TargetEngine {
 public:
  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    return Status(StatusCode::kInternal, "not used here");
  }
  Result<std::unique_ptr<engine::TargetSession>> Connect() override {
    return Status(StatusCode::kInternal, "not used here");
  }
  Result<std::unique_ptr<engine::Snapshot>> OpenSnapshot(const std::string&) override {
    ++opened;
    if (!error.ok()) return error;
    return std::unique_ptr<engine::Snapshot>(std::make_unique<FakeSnapshot>(at, &open));
  }

  SourcePosition at{"0-1-7", "", 0, ""};
  Status error;
  int opened = 0;
  int open = 0;
};

class TargetSnapshotsTest : public ::testing::Test {
 protected:
  TargetSnapshots::Opened Open(const std::string& mark, std::chrono::milliseconds wait = 0ms) {
    return snapshots_.Open(mark,
                           {TargetSnapshots::Clock::now() + wait, [this] { return cancelled_.load(); }});
  }
  StatusCode Code(const std::string& mark) { return Open(mark).status().code(); }

  FakeTarget target_;
  TargetSnapshots::Clock::time_point now_ = TargetSnapshots::Clock::now();
  TargetSnapshots snapshots_{"shop", &target_, [this] { return now_; }};
  std::atomic<bool> cancelled_{false};
};

TEST_F(TargetSnapshotsTest, ASnapshotIsTakenWhenTheMarkIsAppliedAndHandedOutOnce) {
  ASSERT_TRUE(snapshots_.Expect("m").ok());
  EXPECT_EQ(StatusCode::kDeadlineExceeded, Code("m"));
  snapshots_.WagonApplied({}, target_.at);
  snapshots_.WagonApplied({"other"}, target_.at);
  EXPECT_EQ(0, target_.opened);
  snapshots_.WagonApplied({"other", "m"}, target_.at);
  EXPECT_EQ(1, target_.opened);
  const auto opened = Open("m");
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ("0-1-7", (*opened)->position().gtid);
  EXPECT_EQ(StatusCode::kNotFound, Code("m"));
}

TEST_F(TargetSnapshotsTest, WhoWaitsIsWokenByTheMark) {
  ASSERT_TRUE(snapshots_.Expect("m").ok());
  std::thread applier([this] {
    std::this_thread::sleep_for(20ms);
    snapshots_.WagonApplied({"m"}, target_.at);
  });
  const auto opened = Open("m", 20s);
  applier.join();
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
}

TEST_F(TargetSnapshotsTest, WhoGivesUpIsNotWaitedFor) {
  ASSERT_TRUE(snapshots_.Expect("m").ok());
  cancelled_ = true;
  EXPECT_EQ(StatusCode::kCancelled, Open("m", 20s).status().code());
  cancelled_ = false;
  snapshots_.WagonApplied({"m"}, target_.at);
  EXPECT_TRUE(Open("m").ok());
}

TEST_F(TargetSnapshotsTest, WhatCannotBeOpenedIsTheAnswerOfItsMark) {
  ASSERT_TRUE(snapshots_.Expect("m").ok());
  target_.error = {StatusCode::kPermissionDenied, "no SELECT"};
  snapshots_.WagonApplied({"m"}, target_.at);
  EXPECT_EQ(StatusCode::kPermissionDenied, Code("m"));
}

TEST_F(TargetSnapshotsTest, ATargetThatHasMovedOnIsNotTakenForThePlaceOfTheMark) {
  ASSERT_TRUE(snapshots_.Expect("m").ok());
  snapshots_.WagonApplied({"m"}, {"0-1-6", "", 0, ""});
  const auto opened = Open("m");
  EXPECT_EQ(StatusCode::kAborted, opened.status().code());
  EXPECT_NE(std::string::npos, opened.status().message().find("another applier"));
}

TEST_F(TargetSnapshotsTest, AMarkThatMayHaveBeenPassedUnseenIsNotWaitedFor) {
  ASSERT_TRUE(snapshots_.Expect("taken").ok());
  ASSERT_TRUE(snapshots_.Expect("lost").ok());
  snapshots_.WagonApplied({"taken"}, target_.at);
  snapshots_.MarksMayBePassed("connection lost at the commit");
  EXPECT_TRUE(Open("taken").ok());
  const auto lost = Open("lost", 20s);
  EXPECT_EQ(StatusCode::kUnavailable, lost.status().code());
  EXPECT_NE(std::string::npos, lost.status().message().find("connection lost"));
}

TEST_F(TargetSnapshotsTest, ASnapshotThatNobodyAsksForIsClosed) {
  ASSERT_TRUE(snapshots_.Expect("m").ok());
  snapshots_.WagonApplied({"m"}, target_.at);
  now_ += TargetSnapshots::kKeptUnused;
  snapshots_.ForgetUnused();
  EXPECT_EQ(1, target_.open);
  now_ += 1s;
  snapshots_.ForgetUnused();
  EXPECT_EQ(0, target_.open);
  EXPECT_EQ(StatusCode::kNotFound, Code("m"));
}

TEST_F(TargetSnapshotsTest, NoSnapshotIsTakenAtAMarkThatNobodyHasAskedForInAWhile) {
  ASSERT_TRUE(snapshots_.Expect("m").ok());
  ASSERT_TRUE(snapshots_.Expect("asked for").ok());
  now_ += TargetSnapshots::kKeptUnused;
  EXPECT_EQ(StatusCode::kDeadlineExceeded, Code("asked for"));
  now_ += 1s;
  snapshots_.WagonApplied({"m", "asked for"}, target_.at);
  EXPECT_EQ(1, target_.opened);
  EXPECT_TRUE(Open("asked for").ok());
}

TEST_F(TargetSnapshotsTest, AForgottenMarkHasNoSnapshotAndMakesRoomForAnother) {
  ASSERT_TRUE(snapshots_.Expect("before").ok());
  ASSERT_TRUE(snapshots_.Expect("after").ok());
  snapshots_.Forget("before");
  snapshots_.WagonApplied({"before", "after"}, target_.at);
  EXPECT_EQ(1, target_.opened);
  snapshots_.Forget("after");
  snapshots_.Forget("after");
  EXPECT_EQ(0, target_.open);
  for (size_t i = 0; i < 2 * TargetSnapshots::kExpectedMax; ++i) {
    ASSERT_TRUE(snapshots_.Expect("m" + std::to_string(i)).ok()) << i;
    snapshots_.Forget("m" + std::to_string(i));
  }
}

TEST_F(TargetSnapshotsTest, OnlySoManyMarksAreExpectedAndNoneWithoutAName) {
  for (size_t i = 0; i < TargetSnapshots::kExpectedMax; ++i) {
    ASSERT_TRUE(snapshots_.Expect("m" + std::to_string(i)).ok());
  }
  EXPECT_TRUE(snapshots_.Expect("m0").ok());
  EXPECT_EQ(StatusCode::kResourceExhausted, snapshots_.Expect("one more").code());
  EXPECT_EQ(StatusCode::kInvalidArgument, snapshots_.Expect("").code());
  EXPECT_EQ(StatusCode::kInvalidArgument, snapshots_.Expect(std::string(65, 'x')).code());
}

}  // namespace
}  // namespace srdf::applier
