#include "capture/capture_flow.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>

#include "capture/source_snapshots.h"
#include "support/fake_snapshot.h"

namespace srdf::capture {
namespace {

using std::chrono::seconds;

// A source that streams until it is interrupted, as the engine's contract says.
class FakeReader : public engine::ChangeReader {
 public:
  Status Run(const SourcePosition& from, engine::ChangeSink*) override {
    std::unique_lock lock(mu_);
    ++runs_;
    from_ = from.gtid;
    changed_.notify_all();
    changed_.wait(lock, [&] { return interrupted_ || !fail_with_.ok(); });
    interrupted_ = false;
    return fail_with_.ok() ? Status(StatusCode::kCancelled, "interrupted")
                           : std::exchange(fail_with_, Status());
  }
  void Interrupt() override {
    std::lock_guard lock(mu_);
    interrupted_ = true;
    changed_.notify_all();
  }
  engine::ChangeReaderStats Stats() const override { return {}; }

  bool WaitForRun(int number, const std::string& from) {
    std::unique_lock lock(mu_);
    return changed_.wait_for(lock, seconds(20), [&] { return runs_ >= number && from_ == from; });
  }
  void Fail(Status status) {
    std::lock_guard lock(mu_);
    fail_with_ = std::move(status);
    changed_.notify_all();
  }
  bool interrupted() {
    std::lock_guard lock(mu_);
    return interrupted_;
  }
  int runs() {
    std::lock_guard lock(mu_);
    return runs_;
  }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  int runs_ = 0;
  std::string from_;
  bool interrupted_ = false;
  Status fail_with_;
};

class FakeSource : public engine::SourceEngine {
 public:
  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    std::lock_guard lock(mu_);
    return problems_;
  }
  Result<SourcePosition> CurrentPosition() override { return SourcePosition{}; }
  Result<std::unique_ptr<engine::Snapshot>> OpenSnapshot() override {
    return std::unique_ptr<engine::Snapshot>(
        std::make_unique<test::FakeSnapshot>(test::FakeTables(), SourcePosition{"0-1-1", "", 0}));
  }
  std::unique_ptr<engine::ChangeReader> NewReader() override {
    auto reader = std::make_unique<FakeReader>();
    reader_ = reader.get();
    return reader;
  }
  void SetProblems(std::vector<engine::PreflightProblem> problems) {
    std::lock_guard lock(mu_);
    problems_ = std::move(problems);
  }
  FakeReader* reader_ = nullptr;

 private:
  std::mutex mu_;
  std::vector<engine::PreflightProblem> problems_;
};

// Like the real session, it ends (and says so) also when its owner lets go of it.
class FakeSession : public FeedSession {
 public:
  FakeSession(std::string resume, std::function<void()> on_end) : on_end_(std::move(on_end)) {
    resume_.gtid = std::move(resume);
  }
  ~FakeSession() override { Break({StatusCode::kCancelled, "let go"}); }
  const SourcePosition& resume() const override { return resume_; }
  Status Send(std::string_view) override {
    const Status ended = Ended();
    if (break_behind_send_) Break({StatusCode::kUnavailable, "the batcher has died"});
    return ended;
  }
  Status Ended() const override {
    std::lock_guard lock(mu_);
    return ended_;
  }
  bool progressed() const override { return true; }
  FeedDurable durable() const override { return {resume_, 0}; }
  Status WaitDurable(uint64_t, std::chrono::milliseconds) override { return Ended(); }
  FeedDelivery delivery() const override { return {}; }
  void Cancel() override { Break({StatusCode::kCancelled, "cancelled"}); }
  // What is sent from now on arrives, and is lost with the session.
  void BreakBehindSend() { break_behind_send_ = true; }
  void Break(Status status) {
    std::function<void()> on_end = on_end_;  // the owner may let go of this session as soon as it is told
    {
      std::lock_guard lock(mu_);
      if (!ended_.ok()) return;
      ended_ = std::move(status);
    }
    on_end();
  }

 private:
  SourcePosition resume_;
  const std::function<void()> on_end_;
  std::atomic<bool> break_behind_send_ = false;
  mutable std::mutex mu_;
  Status ended_;
};

class FakeFeed : public FeedClient {
 public:
  Result<std::unique_ptr<FeedSession>> Open(const std::string&, std::function<void()> on_end) override {
    std::lock_guard lock(mu_);
    ++opens_;
    auto session = std::make_unique<FakeSession>("0-1-" + std::to_string(opens_), std::move(on_end));
    if (refuse_ > 0) {
      --refuse_;
      return Status(StatusCode::kUnavailable, "no batcher");  // the session is let go of on the way
    }
    session_ = session.get();
    return std::unique_ptr<FeedSession>(std::move(session));
  }
  void BreakSession(const Status& status) {
    FakeSession* session = nullptr;
    {
      std::lock_guard lock(mu_);
      session = session_;
    }
    session->Break(status);
  }
  void BreakBehindSend() {
    std::lock_guard lock(mu_);
    session_->BreakBehindSend();
  }
  void Refuse(int times) {
    std::lock_guard lock(mu_);
    refuse_ = times;
  }

 private:
  std::mutex mu_;
  int opens_ = 0;
  int refuse_ = 0;
  FakeSession* session_ = nullptr;
};

class CaptureFlowTest : public ::testing::Test {
 protected:
  bool WaitForState(CaptureState state) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (flow_.GetStatus().state != state) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  FakeSource source_;
  FakeFeed feed_;
  CaptureFlow flow_{"shop", &source_, &feed_, true};
};

TEST_F(CaptureFlowTest, LosingTheFeedAgainAndAgainResumesEachTimeWhereTheBatcherSays) {
  flow_.Start();
  for (int round = 1; round <= 4; ++round) {
    ASSERT_TRUE(source_.reader_->WaitForRun(round, "0-1-" + std::to_string(round)));
    EXPECT_EQ(source_.reader_->runs(), round) << "an interrupt was left over from the round before";
    feed_.BreakSession({StatusCode::kUnavailable, "socket closed"});
  }
}

TEST_F(CaptureFlowTest, LosingTheSourceDoesNotDisturbTheNextRound) {
  flow_.Start();
  ASSERT_TRUE(source_.reader_->WaitForRun(1, "0-1-1"));
  source_.reader_->Fail({StatusCode::kUnavailable, "server has gone away"});
  ASSERT_TRUE(source_.reader_->WaitForRun(2, "0-1-2"));
  EXPECT_FALSE(source_.reader_->interrupted());
}

TEST_F(CaptureFlowTest, ABatcherThatIsNotThereYetIsWaitedFor) {
  feed_.Refuse(3);
  flow_.Start();
  ASSERT_TRUE(source_.reader_->WaitForRun(1, "0-1-4"));
  EXPECT_EQ(source_.reader_->runs(), 1);
}

TEST_F(CaptureFlowTest, AnErrorOnlyAnOperatorCanMendStopsTheFlowUntilResume) {
  flow_.Start();
  ASSERT_TRUE(source_.reader_->WaitForRun(1, "0-1-1"));
  source_.reader_->Fail(
      {StatusCode::kFailedPrecondition, "DML as a statement", "SET GLOBAL binlog_format = ROW"});
  ASSERT_TRUE(WaitForState(CaptureState::kStopped));
  const CaptureStatus status = flow_.GetStatus();
  ASSERT_EQ(status.problems.size(), 1u);
  EXPECT_EQ(status.problems[0].remedy(), "SET GLOBAL binlog_format = ROW");
  flow_.Resume();
  EXPECT_TRUE(source_.reader_->WaitForRun(2, "0-1-2"));
}

TEST_F(CaptureFlowTest, AStreamThatTheBatcherRefusesForGoodStopsTheFlowWithItsReason) {
  flow_.Start();
  ASSERT_TRUE(source_.reader_->WaitForRun(1, "0-1-1"));
  feed_.BreakSession({StatusCode::kDataLoss, "compaction: impossible history"});
  ASSERT_TRUE(WaitForState(CaptureState::kStopped));
  EXPECT_EQ(flow_.GetStatus().problems[0].message(), "compaction: impossible history");
}

TEST_F(CaptureFlowTest, PreflightFindingsBlockUntilTheyAreMended) {
  source_.SetProblems({{"binlog_format is MIXED", "SET GLOBAL binlog_format = ROW", true}});
  flow_.Start();
  ASSERT_TRUE(WaitForState(CaptureState::kBlocked));
  EXPECT_EQ(flow_.GetStatus().problems[0].remedy(), "SET GLOBAL binlog_format = ROW");
  source_.SetProblems({});
  flow_.Resume();
  EXPECT_TRUE(source_.reader_->WaitForRun(1, "0-1-1"));
}

TEST_F(CaptureFlowTest, AMarkThatIsLostWithTheSessionIsNotSaidToBeInTheStream) {
  flow_.Start();
  ASSERT_TRUE(source_.reader_->WaitForRun(1, "0-1-1"));
  SourceSnapshots snapshots({{"shop", {&flow_, "a source"}}});
  const CallLimits limits{std::chrono::steady_clock::now() + seconds(20), nullptr};
  EXPECT_TRUE(snapshots.Open("shop", "first", limits).ok());
  feed_.BreakBehindSend();
  EXPECT_EQ(snapshots.Open("shop", "second", limits).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace srdf::capture
