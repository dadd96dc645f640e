// A small wagon is at the applier before the inbox has it (docs/adr/0013-handing-on-before-the-disk.md): what
// the target says meanwhile, what becomes of it when the inbox does not take it, and who has the last word.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/disk_faults.h"
#include "unit/receiver/hand_on_fixture.h"

namespace srdf::receiver::test {
namespace {

using srdf::test::SetDiskFaults;

class EarlyHandOn : public HandOn {
 protected:
  EarlyHandOn() : wagon_(line_.MakeWagons(1, 200).front()) { Listen(); }
  ~EarlyHandOn() override { SetDiskFaults(""); }

  // The applier's stream, which may do something between the hand-on and the inbox's commit.
  void Listen() {
    flow()->HandOnBy(/*window=*/2, [this](const NextWagon& wagon) {
      EXPECT_EQ(line_.Tip().sequence + 1, wagon.sequence);
      handed_.push_back(wagon.sequence);
      if (then_) then_();
    });
  }
  std::vector<WagonReceipt> Deliver(const Wagon& wagon) { return line_.Send(Cut(wagon, kChunkBytes), &end_); }
  // Handed on, and refused for its disk's sake; then the disk is well again.
  void RefuseByDisk(const std::string& faults = "write ENOSPC inbox.db-wal") {
    then_ = [faults] { SetDiskFaults(faults); };
    const auto receipts = Deliver(wagon_);
    then_ = nullptr;
    ASSERT_OK(end_);
    ASSERT_EQ(receipts.size(), 1u);
    EXPECT_EQ(receipts[0].error_class, ErrorClass::kBusy);
    EXPECT_EQ(line_.Tip().sequence, kOne - 1);
    EXPECT_EQ(handed_, std::vector{kOne});
    SetDiskFaults("");
    EXPECT_TRUE(line_.inbox()->disk()->CheckDisk().takes_wagons);
  }
  void ExpectAccepted(const Wagon& wagon) {
    const auto receipts = Deliver(wagon);
    ASSERT_OK(end_);
    ASSERT_EQ(receipts.size(), 1u);
    EXPECT_EQ(receipts[0].kind, ReceiptKind::kAccepted) << receipts[0].error;
  }
  // Another history of the same flow.
  Wagon Other() { return MakeWagon(wagon_.header, "sealed anew, after the outbox had lost it"); }

  const Wagon wagon_;
  std::vector<uint64_t> handed_;
  std::function<void()> then_;
  Status end_;
};

TEST_F(EarlyHandOn, WhatIsAppliedBeforeTheInboxHasItIsToldWhenItHas) {
  then_ = [this] {
    ASSERT_OK(flow()->Applied(kOne, false));
    flow()->BringUpToDate();
    EXPECT_TRUE(told_applied_.empty());
    EXPECT_EQ(AppliedInInbox(), kOne - 1);
  };
  ExpectAccepted(wagon_);
  then_ = nullptr;
  EXPECT_EQ(told_applied_, std::vector{kOne});
  flow()->BringUpToDate();
  EXPECT_EQ(AppliedInInbox(), kOne);
  SendOne(200);
  EXPECT_EQ(handed_, (std::vector{kOne, kOne + 1})) << "the short way is open again";
}

TEST_F(EarlyHandOn, WhatFailsBeforeTheInboxHasItIsWrittenDownWhenItHas) {
  then_ = [this] {
    ASSERT_OK(flow()->Failed(kOne, Status(StatusCode::kFailedPrecondition, "no such row")));
    EXPECT_TRUE(told_failed_.empty());
  };
  ExpectAccepted(wagon_);
  EXPECT_EQ(told_failed_, std::vector{kOne});
  EXPECT_EQ(Stored(kOne).status, store::InboxStatus::kFailed);
  then_ = nullptr;
  Take(kOne - 1, std::string(32, 'h'));
  EXPECT_EQ(Next()->sequence, kOne) << "tried again";
}

class EarlyHandOnDisk : public EarlyHandOn, public ::testing::WithParamInterface<const char*> {};

// TRAPS 36, 37.
TEST_P(EarlyHandOnDisk, AWagonThatTheDiskRefusesIsTakenLaterAndHandedOnOnce) {
  ASSERT_NO_FATAL_FAILURE(RefuseByDisk(GetParam()));
  ASSERT_OK(flow()->Applied(kOne, false));
  flow()->Tick();
  EXPECT_TRUE(told_applied_.empty()) << "the shipper has no receipt for it";
  EXPECT_EQ(AppliedInInbox(), kOne - 1);
  ExpectAccepted(wagon_);
  EXPECT_EQ(handed_, std::vector{kOne});
  EXPECT_EQ(told_applied_, std::vector{kOne});
  flow()->BringUpToDate();
  EXPECT_EQ(AppliedInInbox(), kOne);
  line_.ExpectHolds(wagon_);
}

TEST_P(EarlyHandOnDisk, AnApplierThatConnectsAgainSaysWhatBecameOfIt) {
  ASSERT_NO_FATAL_FAILURE(RefuseByDisk(GetParam()));
  flow()->CloseTake();
  Take(kOne, wagon_.hash);
  EXPECT_EQ(tip_moved_, 1) << "the shipper agrees again";
  EXPECT_EQ(line_.Tip().hash, wagon_.hash);
  EXPECT_EQ(Deliver(wagon_).at(0).kind, ReceiptKind::kDuplicate);
}

TEST_P(EarlyHandOnDisk, AnApplierThatDidNotGetToItIsGivenItAgain) {
  ASSERT_NO_FATAL_FAILURE(RefuseByDisk(GetParam()));
  flow()->CloseTake();
  Take(kOne - 1, std::string(32, 'h'));
  ExpectAccepted(wagon_);
  EXPECT_EQ(Next()->sequence, kOne);
}

INSTANTIATE_TEST_SUITE_P(Fails, EarlyHandOnDisk,
                         ::testing::Values("write ENOSPC inbox.db-wal", "write EIO inbox.db-wal"),
                         [](const auto& test) { return test.index == 0 ? "Full" : "Broken"; });

TEST_F(EarlyHandOn, AnotherWagonOfItsSequenceWaitsForTheTargetsWord) {
  ASSERT_NO_FATAL_FAILURE(RefuseByDisk());
  const Wagon other = Other();
  EXPECT_EQ(Deliver(other).at(0).reason, ReceiptReason::kNoStart);
  EXPECT_EQ(flow()->Skip(other.header, other.hash, kDecision).status().code(), StatusCode::kAborted);
  EXPECT_EQ(ended_, 2) << "the applier connects again";
  flow()->CloseTake();
  EXPECT_EQ(Deliver(other).at(0).reason, ReceiptReason::kNoStart) << "it may have been applied";
  Take(kOne, wagon_.hash);
  EXPECT_EQ(Deliver(other).at(0).reason, ReceiptReason::kForked);
  EXPECT_EQ(line_.Tip().hash, wagon_.hash);
}

TEST_F(EarlyHandOn, ACheckpointThatCannotBeWrittenDownIsStillWaitedFor) {
  ASSERT_NO_FATAL_FAILURE(RefuseByDisk());
  flow()->CloseTake();
  SetDiskFaults("write ENOSPC inbox.db-wal");
  ChainTip checkpoint = line_.Tip();
  checkpoint.sequence = kOne;
  checkpoint.hash = wagon_.hash;
  EXPECT_FALSE(flow()->OpenTake(checkpoint, {}, [](const Status&) {}).ok());
  SetDiskFaults("");
  EXPECT_TRUE(line_.inbox()->disk()->CheckDisk().takes_wagons);
  EXPECT_EQ(Deliver(Other()).at(0).reason, ReceiptReason::kNoStart);
}

// Both ends died, and neither has on disk what the target has.
TEST_F(EarlyHandOn, AfterACrashTheTargetIsAskedBeforeTheShipper) {
  flow()->CloseTake();
  flow()->AwaitTarget(std::chrono::hours(1));
  flow()->Tick();
  EXPECT_FALSE(flow()->TipIsKnown(store::Must(line_.inbox()->GetFlow(store::kFlow))));
  EXPECT_EQ(flow()->GetReadiness().state, ReceiverState::kBusy);
  EXPECT_EQ(Deliver(Other()).at(0).reason, ReceiptReason::kNoStart);
  Take(kOne, wagon_.hash);
  EXPECT_EQ(tip_known_, 1);
  EXPECT_EQ(Deliver(Other()).at(0).reason, ReceiptReason::kForked);
}

TEST_F(EarlyHandOn, ATargetThatStaysAwayIsNotWaitedForLong) {
  flow()->CloseTake();
  flow()->AwaitTarget(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  flow()->Tick();
  flow()->Tick();
  EXPECT_EQ(tip_known_, 1);
  ExpectAccepted(wagon_);
}

TEST_F(EarlyHandOn, AnotherWagonOfItsSequenceIsTakenWhenTheTargetDoesNotHaveTheFirst) {
  ASSERT_NO_FATAL_FAILURE(RefuseByDisk());
  flow()->CloseTake();
  Take(kOne - 1, std::string(32, 'h'));
  ExpectAccepted(Other());
  EXPECT_EQ(Next()->hash, Other().hash);
}

TEST_F(EarlyHandOn, ADecisionToSkipItIsSettledByTheTarget) {
  ASSERT_NO_FATAL_FAILURE(RefuseByDisk());
  ASSERT_EQ(store::Must(flow()->Skip(wagon_.header, wagon_.hash, kDecision)), store::SkipOutcome::kSkipped);
  EXPECT_EQ(ended_, 1) << "the applier may be at it";
  flow()->CloseTake();
  Take(kOne, wagon_.hash);
  EXPECT_EQ(Stored(kOne).status, store::InboxStatus::kApplied) << "too late";
}

TEST_F(EarlyHandOn, AnApplierThatConnectsBeforeTheCommitIsGivenTheWagonAgain) {
  then_ = [this] {
    flow()->CloseTake();
    Take(kOne - 1, std::string(32, 'h'));
  };
  ExpectAccepted(wagon_);
  EXPECT_EQ(Next()->sequence, kOne);
  ASSERT_OK(flow()->Applied(kOne, false));
  EXPECT_EQ(told_applied_, (std::vector{kOne - 1, kOne}));
}

TEST_F(EarlyHandOn, ACheckpointThatHasItBeforeTheCommitMovesTheTip) {
  then_ = [this] {
    ASSERT_OK(flow()->Applied(kOne, false));
    flow()->CloseTake();
    Take(kOne, wagon_.hash);
  };
  EXPECT_TRUE(Deliver(wagon_).empty());
  EXPECT_EQ(end_.code(), StatusCode::kAborted) << "both ends agree again";
  EXPECT_EQ(tip_moved_, 1);
  EXPECT_EQ(line_.Tip().hash, wagon_.hash);
}

TEST_F(EarlyHandOn, NothingGoesTheShortWayWhileTheDiskTakesNoWagons) {
  SetDiskFaults("write ENOSPC inbox.db-wal");
  EXPECT_FALSE(line_.inbox()->BeginWagon(store::kFlow, kOne, wagon_.header.uid, wagon_.hash).ok());
  EXPECT_EQ(Deliver(wagon_).at(0).reason, ReceiptReason::kFull);
  EXPECT_TRUE(handed_.empty());
}

// Three threads, as in the service: who takes the wagons in, the sender, and who hears the applier.
TEST_F(EarlyHandOn, EachWagonReachesTheApplierOnceAndInOrderWhoeverWritesIt) {
  constexpr uint64_t kWagons = 300;
  std::mutex mu;
  std::condition_variable changed;
  std::vector<uint64_t> written;
  const auto write = [&](const NextWagon& wagon) {
    std::lock_guard lock(mu);
    written.push_back(wagon.sequence);
    changed.notify_all();
  };
  flow()->HandOnBy(/*window=*/2, write);
  std::jthread sender([&](const std::stop_token& stop) {
    while (const auto next = store::Must(flow()->NextToApply(/*window=*/2, stop))) write(*next);
  });
  std::thread applier([&] {
    for (uint64_t i = 0; i < kWagons; ++i) {
      uint64_t sequence = 0;
      {
        std::unique_lock lock(mu);
        if (!changed.wait_for(lock, std::chrono::seconds(20), [&] { return written.size() > i; })) break;
        sequence = written[i];
      }
      // Sometimes it is faster than the inbox, sometimes it holds up the next wagons.
      if (i % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
      EXPECT_OK(flow()->Applied(sequence, false));
    }
  });
  for (uint64_t i = 0; i < kWagons; ++i) SendOne(200);
  applier.join();
  sender.request_stop();
  sender.join();
  ASSERT_EQ(written.size(), kWagons);
  for (uint64_t i = 0; i < kWagons; ++i) EXPECT_EQ(written[i], kOne + i);
  EXPECT_EQ(told_applied_, written) << "and each is told, in this order";
  flow()->BringUpToDate();
  EXPECT_EQ(AppliedInInbox(), kOne + kWagons - 1);
}

}  // namespace
}  // namespace srdf::receiver::test
