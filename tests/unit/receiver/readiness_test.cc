#include "receiver/readiness.h"

#include <gtest/gtest.h>

#include "unit/receiver/line_fixture.h"

namespace srdf::receiver::test {
namespace {

using std::chrono::milliseconds;

ReadinessFacts Facts(uint64_t wagons, uint64_t bytes) {
  ReadinessFacts facts;
  facts.tip_known = true;
  facts.unapplied_wagons = wagons;
  facts.unapplied_bytes = bytes;
  facts.inbox_bytes_max = 1000;
  return facts;
}

TEST(Readiness, IsAvailableWhenNothingWaitsAndRunningWhenSomethingDoes) {
  EXPECT_EQ(ReadinessOf(Facts(0, 0)).state, ReceiverState::kAvailable);
  EXPECT_EQ(ReadinessOf(Facts(1, 999)).state, ReceiverState::kRunning);
}

TEST(Readiness, IsBusyWhileTheInboxIsFullAndSaysWhy) {
  const Readiness full = ReadinessOf(Facts(3, 1000));
  EXPECT_EQ(full.state, ReceiverState::kBusy);
  EXPECT_EQ(full.wait_ms, 1000u);
  EXPECT_NE(full.problem.remedy().find("inbox_max_bytes"), std::string::npos);
}

TEST(Readiness, IsBusyBeforeTheStartingPointIsKnown) {
  EXPECT_EQ(ReadinessOf(ReadinessFacts()).state, ReceiverState::kBusy);
}

TEST(Readiness, AFullDiskIsBusyAndAFailingOneAnError) {
  ReadinessFacts facts = Facts(0, 0);
  facts.store_problem = Status(StatusCode::kResourceExhausted, "full");
  EXPECT_EQ(ReadinessOf(facts).state, ReceiverState::kBusy);
  facts.store_problem = Status(StatusCode::kUnavailable, "I/O error");
  const Readiness failing = ReadinessOf(facts);
  EXPECT_EQ(failing.state, ReceiverState::kInError);
  EXPECT_EQ(failing.problem.message(), "I/O error");
}

TEST(Readiness, TheWaitFollowsTheSpeedOfApplyingWithinBounds) {
  ReadinessFacts facts = Facts(3, 1900);
  facts.drain_bytes_per_second = 500;
  EXPECT_EQ(WaitMsFor(facts), 2000u);
  facts.drain_bytes_per_second = 1e9;
  EXPECT_EQ(WaitMsFor(facts), kWaitMsMin);
  facts.drain_bytes_per_second = 1e-9;
  EXPECT_EQ(WaitMsFor(facts), kWaitMsMax);
}

TEST(DrainRate, ConvergesToWhatIsAppliedAndForgetsWhatWas) {
  DrainRate rate;
  DrainRate::Time now{};
  rate.Applied(0, now);
  for (int i = 0; i < 300; ++i) rate.Applied(100, now += milliseconds(100));
  EXPECT_NEAR(rate.BytesPerSecond(), 1000, 10);
  rate.Applied(0, now += milliseconds(60'000));
  EXPECT_LT(rate.BytesPerSecond(), 1);
}

// What the present stream is told, from a real inbox.
class ToldReadiness : public ::testing::Test {
 protected:
  ToldReadiness() {
    DeliverStreamEvents events;
    events.on_readiness = [this](const Readiness& readiness) { told_.push_back(readiness.state); };
    events.on_credit = [](uint64_t) {};
    events.on_applied = [](uint64_t, const std::vector<uint64_t>&) {};
    line_.flow()->OpenDeliver(std::move(events));
  }
  Line line_;
  std::vector<ReceiverState> told_;
};

TEST_F(ToldReadiness, OfAFailingDiskAtOnceAndOfItsRecovery) {
  line_.flow()->StoreChanged(Status(StatusCode::kUnavailable, "I/O error"));
  line_.flow()->StoreChanged(Status(StatusCode::kUnavailable, "I/O error"));
  EXPECT_EQ(told_, std::vector{ReceiverState::kInError});
  line_.SendHonestly(line_.MakeWagons(1, 100), 4096);
  EXPECT_EQ(told_, (std::vector{ReceiverState::kInError, ReceiverState::kRunning}));
}

TEST_F(ToldReadiness, OfRunningAndAvailableAtTheNextTick) {
  line_.SendHonestly(line_.MakeWagons(1, 100), 4096);
  EXPECT_TRUE(told_.empty());
  line_.flow()->Tick();
  line_.flow()->Tick();
  ASSERT_OK(line_.flow()->Applied(kFirstSequence, false));
  line_.flow()->Tick();
  EXPECT_EQ(told_, (std::vector{ReceiverState::kRunning, ReceiverState::kAvailable}));
}

TEST_F(ToldReadiness, CreditThatWasNotGivenEndsTheStream) {
  ReceiverFlow* flow = line_.flow();
  EXPECT_OK(flow->TakeCredit(kCreditBytes));
  EXPECT_EQ(flow->TakeCredit(1).code(), StatusCode::kAborted);
  EXPECT_EQ(flow->CreditFor(7), 7u);
  EXPECT_OK(flow->TakeCredit(7));
  EXPECT_EQ(flow->TakeCredit(1).code(), StatusCode::kAborted);
}

TEST(LogAllowance, APeerThatComesBackForEverIsLoggedNowAndThen) {
  LogAllowance log;
  LogAllowance::Time now = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < LogAllowance::kAtOnce; ++i) EXPECT_EQ(log.Ask(now), 0u);
  uint64_t logged = 0, left_out = 0;
  for (int i = 0; i < 3600 * 10; ++i) {  // an hour of ten a second
    now += milliseconds(100);
    if (const auto before = log.Ask(now)) {
      ++logged;
      left_out += *before;
    }
  }
  EXPECT_EQ(logged, 360u);
  EXPECT_GE(logged + left_out, 3600u * 10 - 100) << "none is forgotten";
  now += std::chrono::hours(1);
  EXPECT_TRUE(log.Ask(now).has_value());
  for (uint64_t i = 1; i < LogAllowance::kAtOnce; ++i) EXPECT_EQ(log.Ask(now), 0u);
  EXPECT_FALSE(log.Ask(now).has_value());
}

TEST_F(ToldReadiness, AllRefusalsAreKeptAndCountedAlsoThoseThatAreNotLogged) {
  WagonReceipt refused;
  refused.sequence = 7;
  refused.kind = ReceiptKind::kRejected;
  refused.reason = ReceiptReason::kForked;
  refused.error_class = ErrorClass::kFormat;
  uint64_t logged = 0;
  for (int i = 0; i < 100; ++i) logged += line_.flow()->Said(refused, "ipv4:10.0.0.9").has_value() ? 1 : 0;
  EXPECT_GE(logged, LogAllowance::kAtOnce);
  EXPECT_LT(logged, LogAllowance::kAtOnce + 5);
  EXPECT_EQ(store::Must(line_.inbox()->RefusalCounts(store::kFlow)).at(0).refusals, 100u);
}

}  // namespace
}  // namespace srdf::receiver::test
