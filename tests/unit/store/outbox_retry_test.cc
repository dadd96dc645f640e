// Waits, suspensions, attempts and an operator's retry: what survives, and what is counted.
#include <gtest/gtest.h>

#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class OutboxRetry : public ::testing::Test {
 protected:
  void SetUp() override {
    Reopen();
    Must(outbox_->Reconcile(kFlow, Start()));
  }
  void Reopen() {
    outbox_.reset();
    outbox_ = Must(Outbox::Open(directory_ / "outbox.db"));
  }
  OutboxWagon Wagon(uint64_t sequence) { return *Must(outbox_->GetDelivery(kFlow, sequence)); }
  static DeliveryFailure Refused(ErrorClass error_class, int64_t next_attempt_at_ms) {
    DeliveryFailure failure;
    failure.error_class = error_class;
    failure.receipt = "rejected";
    failure.reason = "forked";
    failure.error = "another wagon has this sequence";
    failure.counts = true;
    failure.next_attempt_at_ms = next_attempt_at_ms;
    return failure;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxRetry, AnAttemptIsARowWithAllThatItMetWith) {
  StoreWagons(outbox_.get(), 1);
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1, {"10.0.0.2:7104", 3}));
  ASSERT_OK(outbox_->MarkSent(kFlow, 1, 4711));
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, Refused(ErrorClass::kFunctional, 0)));
  const DeliveryAttempt attempt = Must(outbox_->Attempts(kFlow, 1)).at(0);
  EXPECT_EQ(attempt.where_to, "10.0.0.2:7104");
  EXPECT_EQ(attempt.first_chunk, 3u);
  EXPECT_EQ(attempt.bytes_sent, 4711u);
  EXPECT_EQ(attempt.receipt, "rejected");
  EXPECT_EQ(attempt.reason, "forked");
  EXPECT_EQ(attempt.error_class, ErrorClass::kFunctional);
  EXPECT_EQ(attempt.outcome, "functional: another wagon has this sequence");
  EXPECT_GE(attempt.ended_at_ms, attempt.started_at_ms);
}

TEST_F(OutboxRetry, ARefusalThatIsFasterThanTheSendersOwnNoteStands) {
  StoreWagons(outbox_.get(), 1);
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1));
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, Refused(ErrorClass::kFunctional, 77)));
  ASSERT_OK(outbox_->MarkSent(kFlow, 1, 100));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "retry");
  EXPECT_EQ(Wagon(1).next_attempt_at_ms, 77);
}

TEST_F(OutboxRetry, AMonthOfAttemptsKeepsTheFirstAndTheLastRows) {
  StoreWagons(outbox_.get(), 1);
  for (int i = 0; i < 200; ++i) {
    ASSERT_OK(outbox_->BeginAttempt(kFlow, 1));
    ASSERT_OK(outbox_->MarkRetry(kFlow, 1, "network: away"));
  }
  const auto attempts = Must(outbox_->Attempts(kFlow, 1));
  ASSERT_EQ(attempts.size(), kAttemptsKeptFirst + kAttemptsKeptLast);
  EXPECT_EQ(attempts[kAttemptsKeptFirst - 1].attempt, kAttemptsKeptFirst);
  EXPECT_EQ(attempts[kAttemptsKeptFirst].attempt, 151u);
  EXPECT_EQ(attempts.back().attempt, 200u);
  EXPECT_EQ(Wagon(1).attempts, 200u);
}

TEST_F(OutboxRetry, TheWaitAndTheCountSurviveARestartAndAnAgreement) {
  StoreWagons(outbox_.get(), 2);
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1));
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, Refused(ErrorClass::kFunctional, 9'000'000'000'000)));
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1));
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, Refused(ErrorClass::kFunctional, 9'000'000'000'001)));
  Reopen();
  Must(outbox_->Reconcile(kFlow, Start()));
  const OutboxWagon wagon = *Must(outbox_->NextToSend(kFlow, 0));
  EXPECT_EQ(wagon.status, DeliveryStatus::kRetry);
  EXPECT_EQ(wagon.failed_attempts, 2u);
  EXPECT_EQ(wagon.next_attempt_at_ms, 9'000'000'000'001);
  EXPECT_EQ(wagon.error_class, ErrorClass::kFunctional);
  // A receipt ends all of it.
  Deliver(outbox_.get(), 1);
  EXPECT_EQ(Wagon(1).failed_attempts, 0u);
  EXPECT_EQ(Wagon(1).next_attempt_at_ms, 0);
  EXPECT_EQ(Wagon(1).error_class, ErrorClass::kNone);
}

TEST_F(OutboxRetry, AnOperatorsRetryIsAuditedOnceHoweverOftenItIsAsked) {
  StoreWagons(outbox_.get(), 2);
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, Refused(ErrorClass::kFunctional, 9'000'000'000'000)));
  ASSERT_OK(outbox_->MarkDeadLetter(kFlow, 2, Refused(ErrorClass::kFormat, 0)));
  EXPECT_EQ(Must(outbox_->Retry(kFlow, 1, "ana", "table was made")), 1u);
  EXPECT_EQ(Must(outbox_->Retry(kFlow, 1, "ana", "table was made")), 0u);
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "pending");
  EXPECT_EQ(Wagon(1).failed_attempts, 0u);
  EXPECT_EQ(Wagon(1).next_attempt_at_ms, 0);
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "dead_letter");
  EXPECT_EQ(Must(outbox_->Retry(kFlow, 0, "ben", "")), 1u);
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "pending");
  EXPECT_EQ(outbox_->Retry(kFlow, 3, "ben", "").status().code(), StatusCode::kNotFound);
  const auto entries = Must(outbox_->ListAudit(kFlow, 0, 10));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].actor, "ana");
  EXPECT_EQ(entries[1].reason, "table was made");
  EXPECT_EQ(entries[1].uid, Wagon(1).header.uid);
  EXPECT_EQ(entries[0].sequence, 0u);
}

TEST_F(OutboxRetry, ADeadLetterThatLiesAtTheDestinationStaysOneUntilItIsApplied) {
  StoreWagons(outbox_.get(), 1);
  Deliver(outbox_.get(), 1);
  ASSERT_OK(outbox_->MarkFailed(kFlow, 1, Refused(ErrorClass::kFunctional, 0)));
  ASSERT_OK(outbox_->MarkDeadLetter(kFlow, 1, Refused(ErrorClass::kFunctional, 0)));
  Reopen();
  EXPECT_FALSE(Must(outbox_->Reconcile(kFlow, TipOf(FakeHeader(1, ""), FakeHash(1)))));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "dead_letter");
  EXPECT_EQ(Must(outbox_->Retry(kFlow, 1, "ana", "")), 1u);
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "acked");
  ASSERT_OK(outbox_->MarkDeadLetter(kFlow, 1, Refused(ErrorClass::kFunctional, 0)));
  ASSERT_OK(outbox_->MarkApplied(kFlow, 1));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
}

TEST_F(OutboxRetry, ASuspensionIsDurableAndKeepsItsBeginning) {
  ASSERT_OK(outbox_->SetFailingSince(kFlow, 1000));
  ASSERT_OK(
      outbox_->Suspend(kFlow, {2000, ErrorClass::kNetwork, "no route to host", "look at the network", 0}));
  Reopen();
  const OutboxFlow flow = Must(outbox_->GetFlow(kFlow));
  EXPECT_EQ(flow.failing_since_ms, 1000);
  EXPECT_EQ(flow.suspension.at_ms, 2000);
  EXPECT_EQ(flow.suspension.error_class, ErrorClass::kNetwork);
  EXPECT_EQ(flow.suspension.error, "no route to host");
  EXPECT_EQ(flow.suspension.remedy, "look at the network");
  ASSERT_OK(outbox_->Suspend(kFlow, {9000, ErrorClass::kNetwork, "connection refused", "", 0}));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).suspension.at_ms, 2000);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).suspension.error, "connection refused");
  ASSERT_OK(outbox_->EndSuspension(kFlow));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).suspension.at_ms, 0);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).failing_since_ms, 0);
}

TEST_F(OutboxRetry, DeliveriesAreListedByStatusAndClass) {
  StoreWagons(outbox_.get(), 4);
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, Refused(ErrorClass::kFunctional, 0)));
  ASSERT_OK(outbox_->MarkDeadLetter(kFlow, 2, Refused(ErrorClass::kFormat, 0)));
  DeliveryFilter filter;
  EXPECT_EQ(Must(outbox_->ListDeliveries(kFlow, filter)).size(), 4u);
  filter.statuses = {DeliveryStatus::kRetry, DeliveryStatus::kDeadLetter};
  EXPECT_EQ(Must(outbox_->ListDeliveries(kFlow, filter)).size(), 2u);
  filter.error_class = ErrorClass::kFormat;
  ASSERT_EQ(Must(outbox_->ListDeliveries(kFlow, filter)).size(), 1u);
  EXPECT_EQ(Must(outbox_->ListDeliveries(kFlow, filter))[0].header.sequence, 2u);
  filter = {};
  filter.before_sequence = 3;
  filter.limit = 1;
  EXPECT_EQ(Must(outbox_->ListDeliveries(kFlow, filter))[0].header.sequence, 2u);
}

TEST_F(OutboxRetry, AnAttemptOfAWagonThatIsNotTheOneLookedUpDoesNotBegin) {
  StoreWagons(outbox_.get(), 1);
  AttemptStart start{"10.0.0.2:7104", 0, FakeHash(1, "merged")};
  EXPECT_EQ(outbox_->BeginAttempt(kFlow, 1, start).code(), StatusCode::kNotFound);
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "sealed");
  start.hash = FakeHash(1);
  start.first = true;
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1, start));
  EXPECT_EQ(outbox_->BeginAttempt(kFlow, 1, start).code(), StatusCode::kNotFound) << "it is not the first";
  start.first = false;
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1, start));
  Must(outbox_->MarkDeadLetter(kFlow, 1, "format"));
  EXPECT_EQ(outbox_->BeginAttempt(kFlow, 1, start).code(), StatusCode::kNotFound) << "nothing may pass it";
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).size(), 2u);
}

}  // namespace
}  // namespace srdf::store
