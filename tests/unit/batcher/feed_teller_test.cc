#include "batcher/feed_teller.h"

#include <gtest/gtest.h>

#include <vector>

#include "wire/header_convert.h"

namespace srdf::batcher {
namespace {

using std::chrono::milliseconds;

class FeedTellerTest : public ::testing::Test {
 protected:
  void Durable(const std::string& gtid, uint64_t ends, bool awaited = false) {
    const SourcePosition position{gtid, "", 0, "state " + gtid};
    teller_.Durable({position, ends, awaited}, now_);
  }
  void Delivery(uint64_t mib, bool full = false) {
    teller_.Delivery({mib == 0 ? 0u : 1u, mib << 20, full}, now_);
  }
  uint64_t ToldMib() const { return told_.back().durable().delivery().unapplied_bytes() >> 20; }

  std::vector<v1::FeedResponse> told_;
  FeedTeller teller_{[this](const v1::FeedResponse& response) { told_.push_back(response); }};
  FeedTeller::Clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(FeedTellerTest, TheFirstMessageSaysWhereToResumeAndTheNextHowFarBehindTheDestinationIs) {
  Delivery(70);
  EXPECT_TRUE(told_.empty()) << "before the feed is open";
  teller_.Opened({"0-1-1", "", 0, "state"});
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(wire::FromProto(told_[0].opened().resume()).copy, "state");
  EXPECT_FALSE(told_[1].durable().has_position());
  EXPECT_EQ(ToldMib(), 70u);
}

TEST_F(FeedTellerTest, WagonsOfABusyFlowAreToldAFewTimesASecondAndOneThatIsWaitedForAtOnce) {
  teller_.Opened({"0-1-1", "", 0});
  told_.clear();
  Durable("0-1-2", 1);
  Durable("0-1-3", 2);
  ASSERT_EQ(told_.size(), 1u);
  Durable("0-1-3", 3, true);
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[1].durable().ends(), 3u);
  EXPECT_EQ(wire::FromProto(told_[1].durable().position()).copy, "state 0-1-3");
  now_ += milliseconds(201);
  Durable("0-1-4", 4);
  EXPECT_EQ(told_.size(), 3u);
}

TEST_F(FeedTellerTest, ThatTheDestinationFallsBehindOrCatchesUpIsToldAtOnce) {
  teller_.Opened({"0-1-1", "", 0});
  Delivery(0);
  told_.clear();
  Delivery(64);
  ASSERT_EQ(told_.size(), 1u);
  Delivery(100);
  EXPECT_EQ(told_.size(), 1u) << "of the same size, and just told";
  Delivery(63);
  EXPECT_EQ(told_.size(), 2u);
  EXPECT_EQ(ToldMib(), 63u);
  Delivery(0);
  EXPECT_EQ(ToldMib(), 0u);
  Delivery(0, true);
  EXPECT_TRUE(told_.back().durable().delivery().outbox_full());
}

}  // namespace
}  // namespace srdf::batcher
