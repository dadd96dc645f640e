// What each class of error means for the next attempt.
#include "shipper/delivery_policy.h"

#include <gtest/gtest.h>

namespace srdf::shipper {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class DeliveryPolicyTest : public ::testing::Test {
 protected:
  DeliveryDecision Decide(ErrorClass error_class, uint32_t failed_attempts = 1, milliseconds failing_for = {},
                          milliseconds told_wait = {}, uint32_t reconnects = 0) const {
    FailureFacts facts;
    facts.error_class = error_class;
    facts.failed_attempts = failed_attempts;
    facts.failing_for = failing_for;
    facts.told_wait = told_wait;
    facts.reconnects = reconnects;
    return policy_.Decide(facts);
  }
  const DeliveryPolicy policy_{RetryOptions()};
};

TEST_F(DeliveryPolicyTest, TheNetworkIsTriedAgainWithinSecondsForEver) {
  EXPECT_EQ(Decide(ErrorClass::kNetwork).wait, milliseconds(100));
  EXPECT_EQ(Decide(ErrorClass::kNetwork, 1, {}, {}, 3).wait, milliseconds(800));
  EXPECT_EQ(Decide(ErrorClass::kNetwork, 1, {}, {}, 1'000'000).wait, seconds(5));
  EXPECT_EQ(Decide(ErrorClass::kNetwork, 1, seconds(4359)).act, DeliveryAct::kReconnect);
  const auto late = Decide(ErrorClass::kNetwork, 1, seconds(4360), {}, 99);
  EXPECT_EQ(late.act, DeliveryAct::kSuspend) << "10 s + 30 s + 2 min + 10 min + 1 h are over";
  EXPECT_EQ(late.wait, seconds(5)) << "still probed";
  EXPECT_FALSE(late.counts);
}

TEST_F(DeliveryPolicyTest, BusyWaitsAsToldAndNeverCounts) {
  EXPECT_EQ(Decide(ErrorClass::kBusy, 1, {}, milliseconds(700)).wait, milliseconds(700));
  EXPECT_EQ(Decide(ErrorClass::kBusy).wait, seconds(1));
  for (const uint32_t attempts : {1u, 1000u}) {
    EXPECT_EQ(Decide(ErrorClass::kBusy, attempts).act, DeliveryAct::kWaitAsTold);
    EXPECT_FALSE(Decide(ErrorClass::kBusy, attempts).counts);
  }
}

TEST_F(DeliveryPolicyTest, WrongBytesAreSentAgainAtOnceAFewTimesAndThenNoMore) {
  for (uint32_t attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(Decide(ErrorClass::kFormat, attempt).act, DeliveryAct::kSendAgain) << attempt;
    EXPECT_EQ(Decide(ErrorClass::kFormat, attempt).wait, milliseconds(0));
    EXPECT_TRUE(Decide(ErrorClass::kFormat, attempt).counts);
  }
  EXPECT_EQ(Decide(ErrorClass::kFormat, 4).act, DeliveryAct::kDeadLetter);
}

TEST_F(DeliveryPolicyTest, KeysAndRightsSuspendAtOnceAndAreNotTheWagonsFault) {
  for (const ErrorClass error_class : {ErrorClass::kCrypto, ErrorClass::kAuthorisation}) {
    for (const uint32_t attempts : {1u, 1000u}) {
      EXPECT_EQ(Decide(error_class, attempts).act, DeliveryAct::kSuspend);
      EXPECT_EQ(Decide(error_class, attempts).wait, seconds(30));
      EXPECT_FALSE(Decide(error_class, attempts).counts);
    }
  }
}

TEST_F(DeliveryPolicyTest, WhatTheTargetCannotApplyGoesByTheSchedule) {
  const milliseconds waits[] = {seconds(10), seconds(30), minutes(2), minutes(10), minutes(60)};
  for (uint32_t attempt = 1; attempt <= 5; ++attempt) {
    EXPECT_EQ(Decide(ErrorClass::kFunctional, attempt).act, DeliveryAct::kBySchedule);
    EXPECT_EQ(Decide(ErrorClass::kFunctional, attempt).wait, waits[attempt - 1]);
  }
  EXPECT_EQ(Decide(ErrorClass::kFunctional, 6).act, DeliveryAct::kDeadLetter);
}

TEST_F(DeliveryPolicyTest, TroubleOfOurOwnIsNotSaidOfTheDestination) {
  EXPECT_EQ(Decide(ErrorClass::kNone, 1, minutes(600)).act, DeliveryAct::kReconnect);
}

TEST_F(DeliveryPolicyTest, TheNumberOfAttemptsCutsTheScheduleOrRepeatsItsLastEntry) {
  EXPECT_EQ(RetrySchedule({1, 2, 3}, 0).size(), 3u);
  EXPECT_EQ(RetrySchedule({1, 2, 3}, 2).back(), seconds(2));
  const auto longer = RetrySchedule({1, 2, 3}, 5);
  ASSERT_EQ(longer.size(), 5u);
  EXPECT_EQ(longer.back(), seconds(3));
}

// TRAPS 40: clocks jump. What is read back after a restart is never longer than the wait can have been.
TEST_F(DeliveryPolicyTest, AWaitReadBackHasABound) {
  EXPECT_EQ(policy_.LongestWait(ErrorClass::kFunctional, 1), seconds(10));
  EXPECT_EQ(policy_.LongestWait(ErrorClass::kFunctional, 77), minutes(60));
  EXPECT_EQ(policy_.LongestWait(ErrorClass::kCrypto, 1), seconds(30));
  EXPECT_EQ(policy_.LongestWait(ErrorClass::kNetwork, 1), milliseconds(0));
}

TEST_F(DeliveryPolicyTest, AStreamsEndHasTheClassOfItsCause) {
  EXPECT_EQ(ClassOfStreamEnd({StatusCode::kUnavailable, "cannot connect: Connection refused"}),
            ErrorClass::kNetwork);
  EXPECT_EQ(ClassOfStreamEnd({StatusCode::kInternal, "Received RST_STREAM with error code 2"}),
            ErrorClass::kNetwork);
  EXPECT_EQ(ClassOfStreamEnd({StatusCode::kPermissionDenied, "no token"}), ErrorClass::kAuthorisation);
  EXPECT_EQ(ClassOfStreamEnd({StatusCode::kUnavailable,
                              "failed to connect; last error: UNKNOWN: Ssl handshake failed: SSL_ERROR_SSL: "
                              "error:0A000086:SSL routines::certificate verify failed"}),
            ErrorClass::kAuthorisation);
  EXPECT_EQ(ClassOfStreamEnd({StatusCode::kResourceExhausted, "inbox full"}), ErrorClass::kBusy);
  EXPECT_EQ(ClassOfStreamEnd({StatusCode::kDataLoss, "history gone"}), ErrorClass::kNone);
  EXPECT_TRUE(NeedsOperator({StatusCode::kDataLoss, "history gone"}));
}

}  // namespace
}  // namespace srdf::shipper
