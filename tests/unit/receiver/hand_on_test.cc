// The shortcuts beside the inbox: wagons handed on from memory, applied ones written down together, credit in
// pieces. Whatever becomes of the memory, the inbox and the checkpoint tell the same.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "unit/receiver/hand_on_fixture.h"

namespace srdf::receiver::test {
namespace {

TEST_F(HandOn, AFewSmallWagonsGoOnFromMemoryAndTheRestFromTheInboxEachOnceAndInOrder) {
  constexpr int kWagons = static_cast<int>(kFreshWagonsMax) + 5;
  Send(kWagons, 200);
  size_t from_memory = 0;
  for (uint64_t sequence = kOne; sequence < kOne + kWagons; ++sequence) {
    const auto next = Next();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->sequence, sequence);
    const Wagon& wagon = wagons_[sequence - kOne];
    EXPECT_EQ(next->hash, wagon.hash);
    if (!next->frame.empty()) {
      ++from_memory;
      EXPECT_EQ(next->frame, wagon.frame);
    }
    EXPECT_EQ(store::ReadFrame(line_.inbox(), sequence, next->chunk_count), wagon.frame);
  }
  EXPECT_EQ(from_memory, kFreshWagonsMax);
}

TEST_F(HandOn, ALargeWagonIsNotKeptInMemory) {
  Send(1, kFreshBytesMax);
  EXPECT_TRUE(Next()->frame.empty());
}

TEST_F(HandOn, AnApplierThatComesBackIsGivenTheWagonAgainFromTheInbox) {
  Send(2, 200);
  EXPECT_FALSE(Next()->frame.empty());
  flow()->CloseTake();
  Take(kOne - 1, std::string(32, 'h'));
  const auto again = Next();
  EXPECT_EQ(again->sequence, kOne);
  EXPECT_TRUE(again->frame.empty());
  EXPECT_EQ(Next()->sequence, kOne + 1);
}

TEST_F(HandOn, AWagonThatIsToBeSkippedIsNotHandedOnFromMemory) {
  Send(2, 200);
  ASSERT_EQ(store::Must(flow()->Skip(wagons_[0].header, wagons_[0].hash, kDecision)),
            store::SkipOutcome::kSkipped);
  EXPECT_EQ(ended_, 1);
  EXPECT_TRUE(Next()->to_skip.has_value());
  EXPECT_FALSE(Next()->to_skip.has_value());
}

TEST_F(HandOn, TheSenderWaitsForTheWindowAndForTheNextWagon) {
  SendOne(200);
  EXPECT_EQ(Next()->sequence, kOne);
  std::stop_source stop;
  auto sender = std::async(std::launch::async,
                           [&] { return store::Must(flow()->NextToApply(/*window=*/1, stop.get_token())); });
  SendOne(200);
  EXPECT_EQ(sender.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout)
      << "kOne is not applied";
  store::Must(flow()->Applied(kOne, false));
  if (sender.wait_for(std::chrono::seconds(20)) != std::future_status::ready) stop.request_stop();
  const std::optional<NextWagon> got = sender.get();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->sequence, kOne + 1);
}

TEST_F(HandOn, ASmallWagonGoesOnAtOnceWhileAllOthersAreAppliedAndIsNotSentTwice) {
  std::vector<uint64_t> handed;
  flow()->HandOnBy(/*window=*/1, [&](const NextWagon& wagon) {
    handed.push_back(wagon.sequence);
    EXPECT_EQ(wagons_.back().frame, wagon.frame);
    EXPECT_EQ(line_.Tip().sequence + 1, wagon.sequence) << "the inbox does not have it yet";
  });
  SendOne(200);
  EXPECT_EQ(handed, std::vector{kOne});
  SendOne(200);  // kOne is not applied: this one waits for the sender
  EXPECT_EQ(handed, std::vector{kOne});
  EXPECT_EQ(Next()->sequence, kOne + 1);
  ASSERT_OK(flow()->Applied(kOne, false));
  ASSERT_OK(flow()->Applied(kOne + 1, false));
  SendOne(kHandOnBytesMax);  // not small
  EXPECT_EQ(handed, std::vector{kOne});
  EXPECT_EQ(Next()->sequence, kOne + 2);
  ASSERT_OK(flow()->Applied(kOne + 2, false));
  SendOne(200);
  EXPECT_EQ(handed, (std::vector{kOne, kOne + 3}));
  flow()->CloseTake();
  SendOne(200);
  EXPECT_EQ(handed.size(), 2u) << "nobody is there";
  Take(kOne + 2, wagons_[2].hash);  // what went the short way and was not applied comes again
  EXPECT_EQ(Next()->sequence, kOne + 3);
  EXPECT_EQ(Next()->sequence, kOne + 4);
}

TEST_F(HandOn, WhatFollowsOnTheShortWayGoesItTooWithinTheWindow) {
  std::vector<uint64_t> handed;
  flow()->HandOnBy(/*window=*/2, [&](const NextWagon& wagon) { handed.push_back(wagon.sequence); });
  for (int i = 0; i < 3; ++i) SendOne(200);
  EXPECT_EQ(handed, (std::vector{kOne, kOne + 1})) << "two are on their way";
  ASSERT_OK(flow()->Applied(kOne, false));
  EXPECT_EQ(Next()->sequence, kOne + 2);
  ASSERT_OK(flow()->Applied(kOne + 1, false));
  SendOne(200);
  EXPECT_EQ(handed, (std::vector{kOne, kOne + 1})) << "the sender may not have written yet what it was given";
  EXPECT_EQ(Next()->sequence, kOne + 3);
  ASSERT_OK(flow()->Applied(kOne + 2, false));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(store::Must(flow()->NextToApply(/*window=*/2, stop.get_token())).has_value());  // it has
  SendOne(200);
  EXPECT_EQ(handed, (std::vector{kOne, kOne + 1, kOne + 4}));
}

TEST_F(HandOn, TheShipperIsToldOfEachAppliedWagonAndTheInboxOfManyAtOnce) {
  Send(20, 200);
  for (uint64_t sequence = kOne; sequence < kOne + 3; ++sequence) ASSERT_OK(flow()->Applied(sequence, false));
  EXPECT_EQ(told_applied_, (std::vector<uint64_t>{kOne, kOne + 1, kOne + 2}));
  EXPECT_EQ(AppliedInInbox(), kOne - 1);
  flow()->Tick();
  EXPECT_EQ(AppliedInInbox(), kOne + 2);
  for (uint64_t sequence = kOne + 3; sequence < kOne + 20; ++sequence)
    ASSERT_OK(flow()->Applied(sequence, false));
  EXPECT_GE(AppliedInInbox(), kOne + 15) << "sixteen are not left unwritten";
  flow()->BringUpToDate();
  EXPECT_EQ(AppliedInInbox(), kOne + 19);
  EXPECT_EQ(store::Must(line_.inbox()->GetFlow(store::kFlow)).unapplied_bytes, 0u);
}

TEST_F(HandOn, WhatWasAppliedAndNotWrittenDownIsWrittenWhenTheApplierLeaves) {
  Send(3, 200);
  ASSERT_OK(flow()->Applied(kOne, false));
  flow()->CloseTake();
  EXPECT_EQ(AppliedInInbox(), kOne);
}

// TRAP 37: nothing lost, nothing doubled.
TEST_F(HandOn, TheCheckpointIsTheTruthAboutWhatWasNotWrittenDown) {
  Send(3, 200);
  for (uint64_t sequence = kOne; sequence < kOne + 3; ++sequence) ASSERT_OK(flow()->Applied(sequence, false));
  Take(kOne + 1, wagons_[1].hash);  // the target lost its last commit
  flow()->BringUpToDate();
  EXPECT_EQ(AppliedInInbox(), kOne + 1);
  EXPECT_EQ(Next()->sequence, kOne + 2);
}

TEST_F(HandOn, ADecisionToSkipComesTooLateForAWagonThatIsAppliedAndNotWrittenDown) {
  Send(2, 200);
  ASSERT_OK(flow()->Applied(kOne, false));
  EXPECT_EQ(store::Must(flow()->Skip(wagons_[0].header, wagons_[0].hash, kDecision)),
            store::SkipOutcome::kWasApplied);
}

TEST_F(HandOn, AmongManyAppliedTheDecisionsThatCameTooLateAreSettled) {
  Send(4, 200);
  ASSERT_EQ(store::Must(flow()->Skip(wagons_[1].header, wagons_[1].hash, kDecision)),
            store::SkipOutcome::kSkipped);
  ASSERT_EQ(store::Must(flow()->Skip(wagons_[3].header, wagons_[3].hash, kDecision)),
            store::SkipOutcome::kSkipped);
  for (uint64_t sequence = kOne; sequence < kOne + 3; ++sequence) ASSERT_OK(flow()->Applied(sequence, false));
  EXPECT_TRUE(told_skipped_.empty());
  ASSERT_OK(flow()->Applied(kOne + 3, true));
  EXPECT_EQ(told_skipped_, std::vector<uint64_t>{kOne + 3});
  EXPECT_EQ(AppliedInInbox(), kOne + 3);
  EXPECT_EQ(Stored(kOne + 1).status, store::InboxStatus::kApplied);
  EXPECT_EQ(Stored(kOne + 3).status, store::InboxStatus::kSkipped);
}

TEST_F(HandOn, CreditComesBackInPiecesAndAllOfItInTheEnd) {
  constexpr uint64_t kBytes = 1000;
  uint64_t back = flow()->CreditFor(0);
  const auto sent = [&](uint64_t bytes) {
    store::Must(flow()->TakeCredit(bytes));
    return flow()->CreditFor(bytes);
  };
  int messages = 0;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    const uint64_t piece = sent(kBytes);
    messages += piece != 0 ? 1 : 0;
    back += piece;
  }
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_LE(messages, 1 + took / kCreditEvery);
  const uint64_t large = sent(kCreditPiece);
  EXPECT_GE(large, kCreditPiece) << "what a fast sender needs is not kept back";
  back += large;
  const uint64_t last = sent(kBytes);
  back += last;
  const auto until = began + std::chrono::seconds(10);
  while (last == 0 && credits_.empty() && std::chrono::steady_clock::now() < until) flow()->Tick();
  for (const uint64_t bytes : credits_) back += bytes;
  EXPECT_EQ(back, 1001 * kBytes + kCreditPiece);
}

}  // namespace
}  // namespace srdf::receiver::test
