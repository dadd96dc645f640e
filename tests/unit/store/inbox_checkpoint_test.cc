#include <gtest/gtest.h>

#include "store/inbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class InboxCheckpointTest : public ::testing::Test {
 protected:
  InboxCheckpointTest() : inbox_(Must(Inbox::Open(directory_ / "inbox.db"))) {}
  static ChainTip Tip(uint64_t sequence, const std::string& branch = "") {
    return TipOf(FakeHeader(sequence, "", branch), FakeHash(sequence, branch));
  }
  StatusCode Adopt(const ChainTip& checkpoint) {
    const Status status = inbox_->AdoptCheckpoint(kFlow, checkpoint);
    if (!status.ok()) {
      EXPECT_NE(status.remedy(), "");
    }
    return status.code();
  }
  InboxFlow Flow() { return Must(inbox_->GetFlow(kFlow)); }

  TemporaryDirectory directory_;
  std::unique_ptr<Inbox> inbox_;
};

TEST_F(InboxCheckpointTest, AnEmptyInboxStartsAtTheCheckpoint) {
  EXPECT_EQ(Adopt(Tip(41)), StatusCode::kOk);
  EXPECT_TRUE(Flow().tip_known);
  EXPECT_EQ(Flow().tip, Tip(41));
  EXPECT_EQ(Flow().applied_sequence, 41u);
  ReceiveWagons(inbox_.get(), 1);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 41))->header.sequence, 42u);
}

TEST_F(InboxCheckpointTest, WagonsUpToTheCheckpointAreApplied) {
  EXPECT_EQ(Adopt(Start()), StatusCode::kOk);
  ReceiveWagons(inbox_.get(), 5);
  Must(inbox_->MarkFailed(kFlow, 2, "was retried"));
  EXPECT_EQ(Adopt(Tip(3)), StatusCode::kOk);
  EXPECT_EQ(Flow().applied_sequence, 3u);
  EXPECT_EQ(Flow().unapplied_wagons, 2u);
  EXPECT_EQ(Flow().failed_sequence, 0u);
  EXPECT_EQ(Flow().tip, Tip(5));
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 3))->header.sequence, 4u);
}

TEST_F(InboxCheckpointTest, ACheckpointAheadOfALostTailMovesTheTip) {
  EXPECT_EQ(Adopt(Start()), StatusCode::kOk);
  ReceiveWagons(inbox_.get(), 3);
  Must(inbox_->BeginWagon(kFlow, 4, "partial", FakeHash(4)));
  Must(inbox_->AppendChunk(kFlow, 4, 0, "half of it"));
  EXPECT_EQ(Adopt(Tip(7)), StatusCode::kOk);
  EXPECT_EQ(Flow().tip, Tip(7));
  EXPECT_EQ(Flow().unapplied_wagons, 0u);
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).sequence, 0u);
  EXPECT_FALSE(Must(inbox_->NextToApply(kFlow, 7)).has_value());
  ReceiveWagons(inbox_.get(), 1);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 7))->header.sequence, 8u);
}

TEST_F(InboxCheckpointTest, APartialWagonAfterTheCheckpointIsKept) {
  EXPECT_EQ(Adopt(Start()), StatusCode::kOk);
  ReceiveWagons(inbox_.get(), 3);
  Must(inbox_->BeginWagon(kFlow, 4, "partial", FakeHash(4)));
  EXPECT_EQ(Adopt(Tip(3)), StatusCode::kOk);
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).sequence, 4u);
}

TEST_F(InboxCheckpointTest, ATargetThatLostCommitsGetsTheirWagonsAgain) {
  EXPECT_EQ(Adopt(Start()), StatusCode::kOk);
  ReceiveWagons(inbox_.get(), 5);
  Must(inbox_->MarkApplied(kFlow, 5));
  EXPECT_EQ(Adopt(Tip(3)), StatusCode::kOk);
  EXPECT_EQ(Flow().applied_sequence, 3u);
  EXPECT_EQ(Flow().unapplied_wagons, 2u);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 3))->header.sequence, 4u);
  EXPECT_EQ(ReadFrame(inbox_.get(), 4, 1), FakeFrame(4, 104));
}

TEST_F(InboxCheckpointTest, ACheckpointThatNeedsPurgedWagonsIsDataLoss) {
  EXPECT_EQ(Adopt(Start()), StatusCode::kOk);
  ReceiveWagons(inbox_.get(), 5);
  Must(inbox_->MarkApplied(kFlow, 5));
  EXPECT_EQ(Must(inbox_->Purge(kFlow, INT64_MAX)), 4u);
  EXPECT_EQ(Adopt(Tip(3)), StatusCode::kDataLoss);
  EXPECT_EQ(Adopt(Tip(4)), StatusCode::kOk);  // wagon 5 is still here, and names 4's hash
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 4))->header.sequence, 5u);
}

TEST_F(InboxCheckpointTest, ACheckpointBeforeAGapIsDataLoss) {
  EXPECT_EQ(Adopt(Start()), StatusCode::kOk);
  ReceiveWagons(inbox_.get(), 4);
  EXPECT_EQ(Adopt(Tip(7)), StatusCode::kOk);  // 5 to 7 were lost here
  ReceiveWagons(inbox_.get(), 2);
  EXPECT_EQ(Adopt(Tip(3)), StatusCode::kDataLoss);
  EXPECT_EQ(Adopt(Tip(7)), StatusCode::kOk);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 7))->header.sequence, 8u);
}

TEST_F(InboxCheckpointTest, AnotherWagonUnderTheCheckpointsSequenceIsDataLoss) {
  EXPECT_EQ(Adopt(Start()), StatusCode::kOk);
  ReceiveWagons(inbox_.get(), 5);
  EXPECT_EQ(Adopt(Tip(5, "x")), StatusCode::kDataLoss);
  EXPECT_EQ(Adopt(Tip(2, "x")), StatusCode::kDataLoss);
  EXPECT_EQ(Adopt(Start("0-1-9999")), StatusCode::kDataLoss);  // the target was established anew
  EXPECT_EQ(Flow().unapplied_wagons, 5u);
  EXPECT_EQ(Flow().tip, Tip(5));
}

TEST_F(InboxCheckpointTest, AnotherStartIsTakenWhileNothingWasReceived) {
  EXPECT_EQ(Adopt(Start("0-1-1")), StatusCode::kOk);
  EXPECT_EQ(Adopt(Start("0-1-2")), StatusCode::kOk);
  EXPECT_EQ(Flow().tip.position.gtid, "0-1-2");
}

TEST_F(InboxCheckpointTest, AStartWithAnotherStateOfACopyIsAnotherStart) {
  ChainTip copying = Start("0-1-1");
  copying.position.copy = "state";
  EXPECT_EQ(Adopt(Start("0-1-1")), StatusCode::kOk);
  EXPECT_EQ(Adopt(copying), StatusCode::kOk);
  EXPECT_EQ(Flow().tip, copying);
  ReceiveWagons(inbox_.get(), 1);
  EXPECT_EQ(Adopt(copying), StatusCode::kOk);
  EXPECT_EQ(Adopt(Start("0-1-1")), StatusCode::kDataLoss) << "the target was established anew";
}

TEST_F(InboxCheckpointTest, AnotherEpochIsRefused) {
  EXPECT_EQ(Adopt(Tip(3)), StatusCode::kOk);
  ChainTip other = Tip(4);
  other.epoch = 2;
  EXPECT_EQ(Adopt(other), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Flow().tip, Tip(3));
}

}  // namespace
}  // namespace srdf::store
