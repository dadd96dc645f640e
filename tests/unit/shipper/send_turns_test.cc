#include "shipper/send_turns.h"

#include <gtest/gtest.h>

namespace srdf::shipper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SendTurns::Time kStart = SendTurns::Time() + std::chrono::hours(1);

// Flows that have a backlog without end: each asks again as soon as its piece has left.
class Backlog {
 public:
  explicit Backlog(uint64_t total) { turns_.SetTotal(total, now_); }
  void Add(const std::string& flow, uint64_t limit, int64_t priority) {
    turns_.SetFlow(flow, {limit, priority}, now_);
    busy_.push_back(flow);
  }
  SendTurns& turns() { return turns_; }
  SendTurns::Time now() const { return now_; }

  // Bytes per flow in so many seconds.
  std::map<std::string, double> Run(seconds duration) {
    std::map<std::string, double> sent;
    for (const std::string& flow : busy_) Ask(flow);
    for (const auto end = now_ + duration; now_ < end;) {
      if (const auto next = turns_.Next(now_)) {
        sent[*next] += static_cast<double>(wanted_[*next]);
        Ask(*next);
      } else {
        now_ = std::max(*turns_.NextAt(now_), now_ + std::chrono::microseconds(1));
      }
    }
    for (const std::string& flow : busy_) turns_.Withdraw(flow);
    return sent;
  }

 private:
  void Ask(const std::string& flow) {
    wanted_[flow] = turns_.PieceBytes(flow).value_or(1 << 20);
    turns_.Ask(flow, wanted_[flow]);
  }
  SendTurns turns_;
  SendTurns::Time now_ = kStart;
  std::vector<std::string> busy_;
  std::map<std::string, uint64_t> wanted_;
};

TEST(SendTurns, AFlowKeepsItsOwnLimit) {
  Backlog backlog(0);
  backlog.Add("a", 100'000, 5);
  backlog.Add("b", 20'000, 5);
  auto sent = backlog.Run(seconds(10));
  EXPECT_NEAR(sent["a"], 1'000'000, 50'000);
  EXPECT_NEAR(sent["b"], 200'000, 10'000);
}

TEST(SendTurns, FlowsOfOnePriorityShareTheLineEvenly) {
  Backlog backlog(1'000'000);
  backlog.Add("a", 0, 5);
  backlog.Add("b", 0, 5);
  auto sent = backlog.Run(seconds(10));
  EXPECT_NEAR(sent["a"] + sent["b"], 10'000'000, 500'000);
  EXPECT_NEAR(sent["a"], sent["b"], 200'000);
}

TEST(SendTurns, TheHigherPriorityGetsTheLineAndTheLowerOnesDoNotStarve) {
  Backlog backlog(1'000'000);
  backlog.Add("high", 0, 7);
  backlog.Add("low", 0, 5);
  backlog.Add("lowest", 0, 0);
  auto sent = backlog.Run(seconds(60));
  EXPECT_NEAR(sent["high"], 57'000'000, 1'500'000);
  EXPECT_NEAR(sent["low"], 1'500'000, 300'000);
  EXPECT_NEAR(sent["lowest"], 1'500'000, 300'000);
}

TEST(SendTurns, WhatTheHigherPriorityMayNotUseIsTheLowerOnes) {
  Backlog backlog(1'000'000);
  backlog.Add("high", 200'000, 9);
  backlog.Add("low", 0, 1);
  auto sent = backlog.Run(seconds(20));
  EXPECT_NEAR(sent["high"], 4'000'000, 300'000);
  EXPECT_NEAR(sent["low"], 16'000'000, 800'000);
}

TEST(SendTurns, AChangedPriorityHoldsFromTheNextPieceOn) {
  Backlog backlog(1'000'000);
  backlog.Add("a", 0, 7);
  backlog.Add("b", 0, 5);
  EXPECT_GT(backlog.Run(seconds(5))["a"], 4'500'000);
  backlog.turns().SetFlow("b", {0, 9}, backlog.now());
  EXPECT_GT(backlog.Run(seconds(5))["b"], 4'500'000);
}

TEST(SendTurns, ANarrowLimitMakesSmallPieces) {
  SendTurns turns;
  turns.SetTotal(0, kStart);
  EXPECT_EQ(turns.PieceBytes("a"), std::nullopt);
  turns.SetFlow("a", {64 << 10, 5}, kStart);
  EXPECT_EQ(turns.PieceBytes("a"), 8u << 10);
  turns.SetTotal(16 << 10, kStart);
  EXPECT_EQ(turns.PieceBytes("a"), 2u << 10);
}

TEST(SendTurns, WhoWithdrewGetsNoTurn) {
  SendTurns turns;
  turns.Ask("a", 10);
  turns.Withdraw("a");
  EXPECT_EQ(turns.Next(kStart), std::nullopt);
  EXPECT_EQ(turns.NextAt(kStart), std::nullopt);
}

}  // namespace
}  // namespace srdf::shipper
