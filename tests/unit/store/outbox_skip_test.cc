// Skipping in the outbox: decided and audited at once, settled by the target's word.
#include <gtest/gtest.h>

#include "store/dead_letter.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class OutboxSkip : public ::testing::Test {
 protected:
  OutboxSkip() { Reopen(); }
  void Reopen() {
    outbox_.reset();
    outbox_ = Must(Outbox::Open(directory_ / "outbox.db"));
  }
  // Wagons 1..3; 1 is applied, 2 stands still.
  void Begin(bool at_the_target) {
    Must(outbox_->Reconcile(kFlow, Start()));
    StoreWagons(outbox_.get(), 3);
    Deliver(outbox_.get(), 1);
    Must(outbox_->MarkApplied(kFlow, 1));
    if (at_the_target) {
      Deliver(outbox_.get(), 2);
      Must(outbox_->MarkFailed(kFlow, 2, "a row is missing"));
    } else {
      Must(outbox_->BeginAttempt(kFlow, 2));
      Must(outbox_->MarkDeadLetter(kFlow, 2, "the hash is wrong"));
    }
  }
  Status Decide(uint64_t sequence, const std::string& reason = "mended by hand") {
    return outbox_->DecideSkip(kFlow, sequence, reason, "alice");
  }
  std::vector<std::string> Actions() {
    std::vector<std::string> actions;
    for (const AuditEntry& entry : Must(outbox_->ListAudit(kFlow, 0, 100))) actions.push_back(entry.action);
    return actions;
  }
  std::vector<DeadLetter> Open() { return Must(outbox_->ListDeadLetters(kFlow, false, 100)); }

  TemporaryDirectory directory_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxSkip, OnlyTheNextWagonThatStandsStillCanBeSkippedAndOnlyWithAReason) {
  Begin(false);
  EXPECT_EQ(Decide(2, "").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Decide(2, "  \n").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Decide(1).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Decide(3).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Decide(9).code(), StatusCode::kNotFound);
  Must(outbox_->BeginAttempt(kFlow, 3));
  Must(outbox_->MarkDeadLetter(kFlow, 3, "later"));
  const Status later = Decide(3);
  EXPECT_EQ(later.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(later.message().find("wagon 2 is"), std::string::npos) << later.ToString();
  EXPECT_TRUE(Actions().empty());
  EXPECT_TRUE(Must(outbox_->PendingSkips(kFlow)).empty());
}

TEST_F(OutboxSkip, ADecisionIsAuditedDurableAndPendingUntilTheTargetHasSkipped) {
  Begin(false);
  ASSERT_EQ(Open().size(), 1u);
  EXPECT_EQ(Open()[0].wagon->header.tables.size(), 2u);
  ASSERT_OK(Decide(2));
  ASSERT_OK(Decide(2, "said twice"));
  Reopen();
  const auto pending = Must(outbox_->PendingSkips(kFlow));
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].wagon.header.sequence, 2u);
  EXPECT_EQ(pending[0].decision.reason, "mended by hand");
  EXPECT_EQ(pending[0].decision.actor, "alice");
  EXPECT_NE(pending[0].decision.decided_at_ms, 0);
  EXPECT_EQ(Actions(), std::vector<std::string>{"deadletter.skip"});
  const AuditEntry entry = Must(outbox_->ListAudit(kFlow, 0, 1)).front();
  EXPECT_EQ(entry.actor, "alice");
  EXPECT_EQ(entry.reason, "mended by hand");
  EXPECT_EQ(entry.sequence, 2u);
  EXPECT_NE(entry.detail.find("inserts"), std::string::npos);

  Must(outbox_->MarkAcked(kFlow, 2, "accepted"));  // the destination has taken the decision
  EXPECT_EQ(Must(outbox_->PendingSkips(kFlow)).size(), 1u);
  ASSERT_OK(outbox_->SettleSkips(kFlow, 2, {2}));
  Must(outbox_->MarkApplied(kFlow, 2));
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "skipped");
  EXPECT_TRUE(Must(outbox_->PendingSkips(kFlow)).empty());
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).applied_sequence, 2u);
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 1))->header.sequence, 3u);
  ASSERT_EQ(Open().size(), 1u);
  EXPECT_EQ(Open()[0].resolution, kResolutionSkipped);
  EXPECT_EQ(Must(outbox_->AcknowledgeSkips(kFlow, "bob")), 1u);
  EXPECT_EQ(Must(outbox_->AcknowledgeSkips(kFlow, "bob")), 0u);
  EXPECT_TRUE(Open().empty());
  EXPECT_EQ(Must(outbox_->ListDeadLetters(kFlow, true, 100)).size(), 1u);
  EXPECT_EQ(Actions(), (std::vector<std::string>{"deadletter.ack", "deadletter.skipped", "deadletter.skip"}));
}

TEST_F(OutboxSkip, AWagonThatWasAppliedBeforeTheDecisionArrivedEndsAsApplied) {
  Begin(true);
  ASSERT_OK(Decide(2));
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "dead_letter");
  ASSERT_OK(outbox_->SettleSkips(kFlow, 2, {}));
  Must(outbox_->MarkApplied(kFlow, 2));
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "applied");
  EXPECT_EQ(Actions(), (std::vector<std::string>{"deadletter.not_skipped", "deadletter.skip"}));
  EXPECT_TRUE(Open().empty());
}

TEST_F(OutboxSkip, ADecisionOutlivesAnAgreementThatFindsTheWagonThereOrGone) {
  Begin(false);
  ASSERT_OK(Decide(2));
  const WagonHeader two = FakeHeader(2, FakeHash(1));
  Must(outbox_->Reconcile(kFlow, TipOf(two, FakeHash(2))));
  EXPECT_EQ(Must(outbox_->PendingSkips(kFlow)).size(), 1u);
  Must(outbox_->Reconcile(kFlow, TipOf(FakeHeader(1, ZeroHash()), FakeHash(1))));
  EXPECT_EQ(Must(outbox_->PendingSkips(kFlow)).size(), 1u);
  ASSERT_OK(outbox_->SettleSkips(kFlow, 2, {2}));
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "skipped");
}

TEST_F(OutboxSkip, ASkipThatThisOutboxForgotIsLearntFromTheTarget) {
  Begin(true);  // restored to a time before the decision
  ASSERT_OK(outbox_->SettleSkips(kFlow, 2, {2}));
  Must(outbox_->MarkApplied(kFlow, 2));
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "skipped");
}

}  // namespace
}  // namespace srdf::store
