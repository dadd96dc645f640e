#include <gtest/gtest.h>

#include <map>

#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class ReconcileTest : public ::testing::Test {
 protected:
  ReconcileTest() : outbox_(Must(Outbox::Open(directory_ / "outbox.db"))) {}

  void Initialise() { Must(outbox_->Reconcile(kFlow, Start())); }
  static ChainTip Tip(uint64_t sequence, const std::string& branch = "") {
    return TipOf(FakeHeader(sequence, "", branch), FakeHash(sequence, branch));
  }
  bool Moved(const ChainTip& destination) { return Must(outbox_->Reconcile(kFlow, destination)); }
  StatusCode Refused(const ChainTip& destination) {
    const auto result = outbox_->Reconcile(kFlow, destination);
    if (!result.ok()) {
      EXPECT_NE(result.status().remedy(), "");
    }
    return result.status().code();
  }
  uint64_t Count(const std::string& status) {
    for (const StatusCount& count : Must(outbox_->Counts(kFlow))) {
      if (count.status == status) return count.wagons;
    }
    return 0;
  }
  ChainTip OutboxTip() { return Must(outbox_->GetFlow(kFlow)).tip; }

  TemporaryDirectory directory_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(ReconcileTest, ANewOutboxTakesTheStartingPoint) {
  EXPECT_TRUE(Moved(Start("0-1-7")));
  const OutboxFlow flow = Must(outbox_->GetFlow(kFlow));
  EXPECT_TRUE(flow.initialised);
  EXPECT_EQ(flow.tip, Start("0-1-7"));
  EXPECT_FALSE(Moved(Start("0-1-7")));
}

TEST_F(ReconcileTest, ANewOutboxContinuesARunningFlow) {
  EXPECT_TRUE(Moved(Tip(41)));
  EXPECT_EQ(OutboxTip(), Tip(41));
  StoreWagons(outbox_.get(), 1);
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 41))->header.sequence, 42u);
  EXPECT_FALSE(Moved(Tip(41)));  // the destination simply has not got 42 yet
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 41))->header.sequence, 42u);
}

TEST_F(ReconcileTest, AStartWithoutHashMeansTheFirstWagonsPredecessor) {
  ChainTip start = Start();
  start.hash.clear();
  EXPECT_TRUE(Moved(start));
  EXPECT_FALSE(Moved(start));
  StoreWagons(outbox_.get(), 1);
  EXPECT_FALSE(Moved(start));
}

TEST_F(ReconcileTest, ALaterStartingPointIsTakenWhileNothingWasStored) {
  EXPECT_TRUE(Moved(Start("0-1-7")));
  EXPECT_TRUE(Moved(Start("0-1-9")));
  EXPECT_EQ(OutboxTip().position.gtid, "0-1-9");
}

TEST_F(ReconcileTest, AStartWithAnotherStateOfACopyIsAnotherStart) {
  ChainTip copying = Start("0-1-7");
  copying.position.copy = "state";
  EXPECT_TRUE(Moved(Start("0-1-7")));
  EXPECT_TRUE(Moved(copying));
  EXPECT_EQ(OutboxTip(), copying);
  EXPECT_FALSE(Moved(copying));
  StoreWagons(outbox_.get(), 2);
  EXPECT_FALSE(Moved(copying));
  EXPECT_EQ(OutboxTip(), Tip(2));
  EXPECT_TRUE(Moved(Start("0-1-7"))) << "a new start";
  EXPECT_EQ(Count("superseded"), 2u);
}

TEST_F(ReconcileTest, PendingWagonsAheadOfTheDestinationAreOrdinary) {
  Initialise();
  StoreWagons(outbox_.get(), 3);
  EXPECT_FALSE(Moved(Start()));
  EXPECT_EQ(Count("sealed"), 3u);
  EXPECT_EQ(OutboxTip(), Tip(3));
}

TEST_F(ReconcileTest, LostReceiptsAreMadeUpFor) {
  Initialise();
  StoreWagons(outbox_.get(), 4);
  Must(outbox_->BeginAttempt(kFlow, 1));
  Must(outbox_->MarkSent(kFlow, 1));
  Must(outbox_->MarkDeadLetter(kFlow, 2, "gave up"));
  EXPECT_FALSE(Moved(Tip(3)));
  EXPECT_EQ(Count("acked"), 3u);
  EXPECT_EQ(Count("sealed"), 1u);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).acked_sequence, 3u);
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).at(0).outcome, "duplicate");
  EXPECT_FALSE(Moved(Tip(4)));
  EXPECT_EQ(Count("acked"), 4u);
}

TEST_F(ReconcileTest, WagonsTheDestinationLostAreSentAgain) {
  Initialise();
  StoreWagons(outbox_.get(), 5);
  for (uint64_t i = 1; i <= 4; ++i) Deliver(outbox_.get(), i);
  Must(outbox_->MarkApplied(kFlow, 1));
  Must(outbox_->MarkFailed(kFlow, 4, "no such table"));
  Must(outbox_->BeginAttempt(kFlow, 5));
  EXPECT_FALSE(Moved(Tip(2)));
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "acked");
  for (uint64_t i = 3; i <= 5; ++i) EXPECT_EQ(StatusOf(outbox_.get(), i), "pending") << i;
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 2))->header.sequence, 3u);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).unacked_wagons, 3u);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).acked_sequence, 2u);
}

TEST_F(ReconcileTest, ATargetThatForgotAppliedWagonsStopsTheFlow) {
  Initialise();
  StoreWagons(outbox_.get(), 4);
  Must(outbox_->MarkApplied(kFlow, 3));
  EXPECT_EQ(Refused(Tip(2)), StatusCode::kDataLoss);
  EXPECT_EQ(Refused(Start()), StatusCode::kDataLoss);
  EXPECT_EQ(Refused(Tip(3, "x")), StatusCode::kDataLoss);
  EXPECT_EQ(Count("applied"), 3u);
  EXPECT_FALSE(Moved(Tip(3)));
}

TEST_F(ReconcileTest, ATargetEstablishedAnewStartsTheChainAnew) {
  Initialise();
  StoreWagons(outbox_.get(), 4);
  Must(outbox_->MarkApplied(kFlow, 3));
  EXPECT_TRUE(Moved(Start("0-1-5000")));
  EXPECT_EQ(OutboxTip(), Start("0-1-5000"));
  EXPECT_EQ(Count("superseded"), 4u);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).unapplied_wagons, 0u);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).applied_sequence, 0u);
  StoreWagons(outbox_.get(), 2, "anew");
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 0))->hash, FakeHash(1, "anew"));
  Must(outbox_->MarkApplied(kFlow, 1));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "sealed");
}

TEST_F(ReconcileTest, ADestinationThatNeedsPurgedWagonsStopsTheFlow) {
  Must(outbox_->Reconcile(kFlow, Tip(10)));
  StoreWagons(outbox_.get(), 3);
  EXPECT_EQ(Refused(Tip(5)), StatusCode::kDataLoss);
  EXPECT_EQ(OutboxTip(), Tip(13));
}

TEST_F(ReconcileTest, ALostOutboxTailIsAdoptedFromTheDestination) {
  Initialise();
  StoreWagons(outbox_.get(), 5);
  for (uint64_t i = 1; i <= 3; ++i) Deliver(outbox_.get(), i);
  EXPECT_TRUE(Moved(Tip(8)));
  EXPECT_EQ(OutboxTip(), Tip(8));
  EXPECT_EQ(Count("acked"), 3u);
  EXPECT_EQ(Count("superseded"), 2u);
  EXPECT_FALSE(Must(outbox_->NextToSend(kFlow, 0)).has_value());
  StoreWagons(outbox_.get(), 1);
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 0))->header.sequence, 9u);
  Must(outbox_->MarkApplied(kFlow, 9));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).unapplied_wagons, 0u);
  EXPECT_FALSE(Moved(Tip(9)));
}

TEST_F(ReconcileTest, AnotherHistoryUnderOurSequenceSupersedesOurs) {
  Initialise();
  StoreWagons(outbox_.get(), 5);
  for (uint64_t i = 1; i <= 2; ++i) Deliver(outbox_.get(), i);
  Must(outbox_->MarkApplied(kFlow, 1));
  EXPECT_TRUE(Moved(Tip(4, "x")));
  EXPECT_EQ(OutboxTip(), Tip(4, "x"));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "acked");
  EXPECT_EQ(Count("superseded"), 3u);
  StoreWagons(outbox_.get(), 2, "x");
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 0))->hash, FakeHash(5, "x"));
  EXPECT_EQ(Must(outbox_->List(kFlow, 0, 100)).size(), 7u);  // superseded ones stay for audit
  EXPECT_FALSE(Moved(Tip(4, "x")));
  EXPECT_TRUE(Moved(Tip(6, "y")));
  EXPECT_EQ(Count("superseded"), 5u);  // 5 of branch x was unacked as well
}

TEST_F(ReconcileTest, ASupersededSequenceCanBeStoredAgainAndAgain) {
  Initialise();
  for (int round = 0; round < 5; ++round) {
    const std::string branch = "r" + std::to_string(round);
    StoreWagons(outbox_.get(), 3, branch);
    EXPECT_TRUE(Moved(Tip(1, branch + "other"))) << round;
    EXPECT_TRUE(Moved(Start("0-1-" + std::to_string(1000 + round)))) << round;
  }
  EXPECT_EQ(Count("superseded"), 15u);
}

TEST_F(ReconcileTest, AnotherEpochIsRefusedEitherWay) {
  ChainTip tip = Tip(3);
  tip.epoch = 4;
  Must(outbox_->Reconcile(kFlow, tip));
  tip.epoch = 5;
  EXPECT_EQ(Refused(tip), StatusCode::kFailedPrecondition);
  tip.epoch = 3;
  EXPECT_EQ(Refused(tip), StatusCode::kFailedPrecondition);
  const auto message = outbox_->Reconcile(kFlow, tip).status().message();
  EXPECT_NE(message.find("epoch 3"), std::string::npos) << message;
  EXPECT_NE(message.find("epoch 4"), std::string::npos) << message;
}

TEST_F(ReconcileTest, SurvivesReopening) {
  Initialise();
  StoreWagons(outbox_.get(), 2);
  EXPECT_TRUE(Moved(Tip(6)));
  outbox_.reset();
  outbox_ = Must(Outbox::Open(directory_ / "outbox.db"));
  EXPECT_EQ(OutboxTip(), Tip(6));
  EXPECT_FALSE(Moved(Tip(6)));
}

}  // namespace
}  // namespace srdf::store
