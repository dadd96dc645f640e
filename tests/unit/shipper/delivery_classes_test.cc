// The delivery link and the classes of errors: what is suspended, waited for, sent again, given up.
#include "unit/shipper/link_fixture.h"

namespace srdf::shipper {
namespace {

using std::chrono::milliseconds;
using store::DeliveryStatus;

class DeliveryClasses : public DeliveryLinkTest {
 protected:
  void Answer() {
    receiver_.AtOnce([this](const DeliverEvents& events) { events.on_opened(Holding(store::Start())); });
  }
  void Refuse(uint64_t sequence, ErrorClass error_class, milliseconds wait = {}) {
    WagonReceipt receipt = Said(sequence, ReceiptKind::kRejected, error_class);
    receipt.wait = wait;
    receiver_.events().on_receipt(receipt);
  }
  void RefuseRound(ErrorClass error_class) {
    const int opens = receiver_.opens();
    receiver_.WaitForChunk(1);
    Refuse(1, error_class);
    receiver_.WaitForOpen(opens + 1);
  }
  store::OutboxWagon Wagon(uint64_t sequence) { return *Must(outbox_->GetDelivery(kFlow, sequence)); }
  store::Suspension Suspended() { return Must(outbox_->GetFlow(kFlow)).suspension; }
  static void HangUp(const DeliverEvents& events) {
    events.on_end({StatusCode::kUnavailable, "no route to host"});
  }
};

TEST_F(DeliveryClasses, ANetworkAwayLongerThanTheScheduleSuspendsTheFlowWhichResumesByItself) {
  StoreWagons(outbox_.get(), 1);
  receiver_.AtOnce(&HangUp);
  StartLink();
  ASSERT_TRUE(Reaches(LinkState::kSuspended));
  EXPECT_EQ(link_->GetStatus().suspended_class, ErrorClass::kNetwork);
  EXPECT_NE(link_->GetStatus().problem.remedy(), "");
  EXPECT_TRUE(Eventually([&] { return Suspended().at_ms != 0; }));
  EXPECT_EQ(Suspended().error, "no route to host");
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "sealed") << "nothing is held against the wagon";
  const int probes = receiver_.opens();
  EXPECT_TRUE(Eventually([&] { return receiver_.opens() > probes + 3; })) << "it goes on being probed";
  Answer();
  receiver_.WaitForChunk(1);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  EXPECT_TRUE(Reaches(LinkState::kStreaming));
  EXPECT_TRUE(Eventually([&] { return Suspended().at_ms == 0; }));
  EXPECT_TRUE(Eventually([&] { return Must(outbox_->GetFlow(kFlow)).failing_since_ms == 0; }));
  EXPECT_EQ(link_->GetStatus().suspended_class, ErrorClass::kNone);
}

TEST_F(DeliveryClasses, ARestartNeitherResetsNorSkipsTheScheduleOfTheNetwork) {
  options_.retry.schedule = {std::chrono::hours(2)};
  receiver_.AtOnce(&HangUp);
  StartLink();
  ASSERT_TRUE(Eventually([&] { return Must(outbox_->GetFlow(kFlow)).failing_since_ms != 0; }));
  const int64_t since = Must(outbox_->GetFlow(kFlow)).failing_since_ms;
  RestartLink();
  const int opens = receiver_.opens();
  ASSERT_TRUE(Eventually([&] { return receiver_.opens() > opens + 3; }));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).failing_since_ms, since);
  EXPECT_EQ(link_->GetStatus().state, LinkState::kBackingOff);
  // What was left is over meanwhile.
  link_.reset();
  Must(outbox_->SetFailingSince(kFlow, since - 2 * 3600 * 1000));
  RestartLink();
  EXPECT_TRUE(Reaches(LinkState::kSuspended));
  // A suspension is shown from the first moment of the next process on.
  receiver_.AtOnce({});
  RestartLink();
  EXPECT_EQ(link_->GetStatus().state, LinkState::kSuspended);
  EXPECT_EQ(link_->GetStatus().suspended_class, ErrorClass::kNetwork);
}

TEST_F(DeliveryClasses, BusyWaitsAsToldAndCountsAsNoFailure) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  const auto begin = std::chrono::steady_clock::now();
  const int opens = receiver_.opens();
  receiver_.WaitForChunk(1);
  Refuse(1, ErrorClass::kBusy, milliseconds(600));
  receiver_.WaitForOpen(opens + 1);
  ASSERT_TRUE(Reaches(LinkState::kWaiting));
  EXPECT_EQ(link_->GetStatus().waiting_sequence, 1u);
  EXPECT_EQ(link_->GetStatus().waiting_class, ErrorClass::kBusy);
  receiver_.WaitForChunk(1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(600));
  EXPECT_EQ(Wagon(1).failed_attempts, 0u);
  EXPECT_EQ(Suspended().at_ms, 0);
}

TEST_F(DeliveryClasses, WrongBytesAreSentAgainAtOnceAndThenADeadLetter) {
  StoreWagons(outbox_.get(), 2);
  Answer();
  StartLink();
  for (uint32_t attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_NO_FATAL_FAILURE(RefuseRound(ErrorClass::kFormat));
    ASSERT_TRUE(Eventually([&] { return Wagon(1).failed_attempts == attempt; }));
  }
  receiver_.WaitForChunk(1);
  Refuse(1, ErrorClass::kFormat);
  ASSERT_TRUE(Eventually(
      [&] { return link_->GetStatus().problem.message().find("dead letter") != std::string::npos; }));
  ASSERT_TRUE(Reaches(LinkState::kStopped));
  EXPECT_EQ(Wagon(1).status, DeliveryStatus::kDeadLetter);
  EXPECT_EQ(Wagon(1).error_class, ErrorClass::kFormat);
  const auto attempts = Must(outbox_->Attempts(kFlow, 1));
  ASSERT_EQ(attempts.size(), 4u);
  EXPECT_EQ(attempts[3].receipt, "rejected");
  EXPECT_EQ(attempts[3].where_to, "10.0.0.2:7104");
  EXPECT_GT(attempts[3].bytes_sent, 0u);
}

TEST_F(DeliveryClasses, AMissingKeySuspendsTheFlowUntilTheWagonIsTaken) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  for (int round = 0; round < 6; ++round) ASSERT_NO_FATAL_FAILURE(RefuseRound(ErrorClass::kCrypto));
  ASSERT_TRUE(Reaches(LinkState::kSuspended));
  EXPECT_EQ(Suspended().error_class, ErrorClass::kCrypto);
  EXPECT_EQ(Suspended().sequence, 1u);
  EXPECT_NE(link_->GetStatus().problem.remedy().find("key"), std::string::npos);
  EXPECT_EQ(Wagon(1).failed_attempts, 0u) << "the wagon is not to blame";
  EXPECT_NE(Wagon(1).status, DeliveryStatus::kDeadLetter);
  receiver_.WaitForChunk(1);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  ASSERT_TRUE(Reaches(LinkState::kStreaming));
  EXPECT_TRUE(Eventually([&] { return Suspended().at_ms == 0; }));
}

TEST_F(DeliveryClasses, ARefusedCertificateOrTokenSuspendsTheFlowUntilItIsRenewed) {
  receiver_.AtOnce([](const DeliverEvents& events) {
    events.on_end({StatusCode::kPermissionDenied, "the token of flow orders has expired"});
  });
  StartLink();
  ASSERT_TRUE(Reaches(LinkState::kSuspended));
  EXPECT_EQ(link_->GetStatus().suspended_class, ErrorClass::kAuthorisation);
  EXPECT_TRUE(Eventually([&] { return Suspended().error_class == ErrorClass::kAuthorisation; }));
  Answer();
  ASSERT_TRUE(Reaches(LinkState::kStreaming));
  EXPECT_TRUE(Eventually([&] { return Suspended().at_ms == 0; }));
}

TEST_F(DeliveryClasses, AFunctionalRefusalGoesByTheScheduleThenADeadLetter) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_NO_FATAL_FAILURE(RefuseRound(ErrorClass::kFunctional));
  ASSERT_NO_FATAL_FAILURE(RefuseRound(ErrorClass::kFunctional));
  EXPECT_EQ(Wagon(1).failed_attempts, 2u);
  receiver_.WaitForChunk(1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(100));
  Refuse(1, ErrorClass::kFunctional);
  ASSERT_TRUE(Reaches(LinkState::kStopped));
  EXPECT_EQ(Wagon(1).status, DeliveryStatus::kDeadLetter);
}

TEST_F(DeliveryClasses, ARestartKeepsTheWaitOfAWagonWithinItsBound) {
  options_.retry.schedule = {milliseconds(40), std::chrono::hours(1)};
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  ASSERT_NO_FATAL_FAILURE(RefuseRound(ErrorClass::kFunctional));
  ASSERT_NO_FATAL_FAILURE(RefuseRound(ErrorClass::kFunctional));
  RestartLink();
  ASSERT_TRUE(Reaches(LinkState::kWaiting));
  EXPECT_EQ(link_->GetStatus().waiting_class, ErrorClass::kFunctional);
  EXPECT_GT(link_->GetStatus().next_attempt_at_ms, 0);
  EXPECT_EQ(receiver_.sent(), 0u);
  // An operator's word ends it.
  EXPECT_EQ(Must(outbox_->Retry(kFlow, 1, "ana", "")), 1u);
  link_->RetryNow();
  receiver_.WaitForChunk(1);
}

// TRAPS 40: the wall clock was years ahead when the wait was written down.
TEST_F(DeliveryClasses, AClockThatJumpedWhileTheShipperWasDownHoldsNothingUpForYears) {
  StoreWagons(outbox_.get(), 1);
  store::DeliveryFailure failure;
  failure.error_class = ErrorClass::kFunctional;
  failure.error = "no such table";
  failure.counts = true;
  failure.next_attempt_at_ms = 9'000'000'000'000;
  Must(outbox_->MarkRetry(kFlow, 1, failure));
  Answer();
  StartLink();
  receiver_.WaitForChunk(1);
}

TEST_F(DeliveryClasses, AnUnknownClassOfAnOldReceiverIsTakenByItsReceipt) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  ASSERT_NO_FATAL_FAILURE(RefuseRound(ErrorClass::kFormat));
  receiver_.WaitForChunk(1);
  EXPECT_EQ(Wagon(1).error_class, ErrorClass::kFormat);
}

TEST_F(DeliveryClasses, ABusyReceiverIsSentNothingUntilItSaysOtherwise) {
  StoreWagons(outbox_.get(), 1);
  receiver_.AtOnce([this](const DeliverEvents& events) {
    DestinationState state = Holding(store::Start());
    state.readiness = {
        ReceiverState::kBusy, seconds(60), {StatusCode::kResourceExhausted, "the inbox is full"}};
    events.on_opened(state);
  });
  StartLink();
  ASSERT_TRUE(Reaches(LinkState::kWaiting));
  EXPECT_EQ(link_->GetStatus().problem.message(), "the inbox is full");
  EXPECT_EQ(link_->GetStatus().receiver, ReceiverState::kBusy);
  EXPECT_EQ(receiver_.sent(), 0u);
  receiver_.events().on_readiness({ReceiverState::kRunning, {}, {}});
  receiver_.WaitForChunk(1);
  EXPECT_TRUE(Reaches(LinkState::kStreaming));
}

TEST_F(DeliveryClasses, AReceiverInErrorIsShownWithItsProblemAndWaitedFor) {
  StoreWagons(outbox_.get(), 1);
  receiver_.AtOnce([this](const DeliverEvents& events) {
    DestinationState state = Holding(store::Start());
    state.readiness = {
        ReceiverState::kInError, {}, {StatusCode::kUnavailable, "inbox.db: read-only", "remount"}};
    events.on_opened(state);
  });
  StartLink();
  ASSERT_TRUE(Reaches(LinkState::kWaiting));
  EXPECT_EQ(link_->GetStatus().problem.remedy(), "remount");
  EXPECT_EQ(receiver_.sent(), 0u);
  receiver_.events().on_readiness({ReceiverState::kAvailable, {}, {}});
  receiver_.WaitForChunk(1);
}

TEST_F(DeliveryClasses, APartlyAcceptedWagonGoesOnWithTheChunkThatIsAskedForOnTheSameStream) {
  StoreWagons(outbox_.get(), 2);
  Answer();
  StartLink();
  receiver_.WaitForChunk(2);
  const size_t sent = receiver_.sent();
  const int opens = receiver_.opens();
  WagonReceipt receipt = Said(1, ReceiptKind::kPartiallyAccepted, ErrorClass::kFormat);
  receipt.reason = ReceiptReason::kMissingChunk;
  receipt.next_chunk = 0;
  receiver_.events().on_receipt(receipt);
  // What comes behind the hole is refused, and follows from it.
  WagonReceipt behind = Said(2, ReceiptKind::kRejected, ErrorClass::kFormat);
  behind.reason = ReceiptReason::kOutOfOrder;
  receiver_.events().on_receipt(behind);
  ASSERT_TRUE(Eventually([&] { return receiver_.sent() == sent + 2; })) << "wagons 1 and 2 once more";
  EXPECT_EQ(receiver_.opens(), opens);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_receipt(Said(2, ReceiptKind::kAccepted));
  EXPECT_TRUE(Becomes(2, "acked"));
  EXPECT_EQ(Wagon(2).failed_attempts, 0u);
}

TEST_F(DeliveryClasses, AReceiverThatAsksForTheSameChunkForEverDoesNotKeepTheLinkBusyForEver) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  receiver_.WaitForChunk(1);
  const int opens = receiver_.opens();
  for (size_t i = 1; i <= 6 && receiver_.opens() == opens; ++i) {
    ASSERT_TRUE(Eventually([&] { return receiver_.sent() >= i; }));
    receiver_.events().on_receipt(Said(1, ReceiptKind::kPartiallyAccepted, ErrorClass::kFormat));
  }
  receiver_.WaitForOpen(opens + 1);
  EXPECT_EQ(Wagon(1).failed_attempts, 1u);
}

TEST_F(DeliveryClasses, WhatTheTargetFailsToApplyIsCountedOnceEachAndEndsAsAVisibleDeadLetter) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  receiver_.WaitForChunk(1);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  const Status problem{StatusCode::kDivergence, "shop.orders: row 7 is missing"};
  receiver_.events().on_failed(1, problem);
  EXPECT_EQ(Wagon(1).failed_attempts, 1u);
  // A new stream begins with what the destination said before.
  const int opens = receiver_.opens();
  receiver_.AtOnce([this, problem](const DeliverEvents& events) {
    events.on_opened(Holding(Tip(1)));
    events.on_failed(1, problem);
  });
  receiver_.events().on_end({StatusCode::kUnavailable, "socket closed"});
  receiver_.WaitForOpen(opens + 1);
  ASSERT_TRUE(Reaches(LinkState::kStreaming));
  EXPECT_EQ(Wagon(1).failed_attempts, 1u);
  receiver_.events().on_failed(1, problem);
  EXPECT_EQ(Wagon(1).status, DeliveryStatus::kFailed);
  receiver_.events().on_failed(1, problem);
  EXPECT_EQ(Wagon(1).status, DeliveryStatus::kDeadLetter) << "two waits, three attempts";
  EXPECT_EQ(link_->GetStatus().apply_problem.message(), problem.message());
  receiver_.events().on_applied(1);
  EXPECT_EQ(Wagon(1).status, DeliveryStatus::kApplied);
  EXPECT_TRUE(link_->GetStatus().apply_problem.ok());
}

TEST_F(DeliveryClasses, WhatIsSaidOfAWagonThatTheOutboxDoesNotKnowChangesNothing) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  receiver_.WaitForChunk(1);
  const int opens = receiver_.opens();
  receiver_.events().on_receipt(Said(4711, ReceiptKind::kAccepted));
  receiver_.events().on_failed(4711, {StatusCode::kDivergence, "no such row"});
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  StoreWagons(outbox_.get(), 1);
  link_->WagonStored();
  receiver_.WaitForChunk(2);
  EXPECT_EQ(receiver_.opens(), opens) << "the stream goes on";
  EXPECT_TRUE(link_->GetStatus().apply_problem.ok());
}

TEST_F(DeliveryClasses, ARefusalOfAWagonThatIsGoneIsNoAttempt) {
  StoreWagons(outbox_.get(), 2);
  Answer();
  StartLink();
  receiver_.WaitForChunk(2);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_receipt(Said(2, ReceiptKind::kAccepted));
  receiver_.events().on_applied(2);
  ASSERT_TRUE(Becomes(2, "applied"));
  ASSERT_EQ(Must(outbox_->Purge(kFlow, INT64_MAX)), 1u);
  const int opens = receiver_.opens();
  receiver_.AtOnce([this](const DeliverEvents& events) { events.on_opened(Holding(Tip(2), 2)); });
  receiver_.events().on_receipt(Said(1, ReceiptKind::kInvalidPayload, ErrorClass::kFormat));
  receiver_.WaitForOpen(opens + 1);
  EXPECT_EQ(link_->GetStatus().attempts.count({"invalid_payload", ErrorClassName(ErrorClass::kFormat)}), 0u);
}

// The destination's wagon 1 is another one than ours, which it knows only after the agreement.
TEST_F(DeliveryClasses, AFailureThatIsToldBeforeTheAgreementIsNotTakenForOneOfOurWagons) {
  StoreWagons(outbox_.get(), 1);
  receiver_.AtOnce([this](const DeliverEvents& events) {
    events.on_failed(1, {StatusCode::kDivergence, "no such row"});
    EXPECT_EQ(StatusOf(outbox_.get(), 1), "sealed");
    events.on_opened(Holding(Tip(3, "other")));
  });
  StartLink();
  ASSERT_TRUE(Reaches(LinkState::kStreaming));
  EXPECT_EQ(Must(outbox_->ListDeliveries(kFlow, {})).at(0).status, DeliveryStatus::kSuperseded);
}

TEST_F(DeliveryClasses, AReceiverThatAsksForOneChunkAndAnotherByTurnsDoesNotKeepTheLinkBusyForEver) {
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  receiver_.WaitForChunk(1);
  const int opens = receiver_.opens();
  for (uint32_t i = 1; i <= 20 && receiver_.opens() == opens; ++i) {
    ASSERT_TRUE(Eventually([&] { return receiver_.sent() >= i || receiver_.opens() > opens; }));
    WagonReceipt receipt = Said(1, ReceiptKind::kPartiallyAccepted, ErrorClass::kFormat);
    receipt.next_chunk = i % 2 == 0 ? 0 : UINT32_MAX;  // more than there are: the last one is sent
    receiver_.events().on_receipt(receipt);
  }
  receiver_.WaitForOpen(opens + 1);
  EXPECT_EQ(Wagon(1).failed_attempts, 1u);
}

TEST_F(DeliveryClasses, ASuspensionForAWagonThatHasLeftTheChainIsOver) {
  StoreWagons(outbox_.get(), 2);
  Answer();
  StartLink();
  receiver_.WaitForChunk(2);
  receiver_.AtOnce([this](const DeliverEvents& events) {
    ChainTip anew = store::Start();
    anew.position.gtid = "0-1-4711";
    events.on_opened(Holding(anew));
  });
  Refuse(2, ErrorClass::kCrypto);
  EXPECT_TRUE(Eventually([&] { return tip_moves_ != 0; }));
  EXPECT_TRUE(Eventually([&] { return Suspended().at_ms == 0; }));
  EXPECT_TRUE(Reaches(LinkState::kStreaming));
}

// The line is so slow that what has left this host takes longer than the time for a receipt.
TEST_F(DeliveryClasses, AReceiptIsNotLateWhileBytesBeforeItArrive) {
  options_.ack_timeout = milliseconds(1500);
  StoreWagons(outbox_.get(), 2);
  Answer();
  StartLink();
  receiver_.WaitForChunk(2);
  const int opens = receiver_.opens();
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(milliseconds(500));  // the line's time is what this is about
    receiver_.events().on_credit(1);
  }
  EXPECT_EQ(receiver_.opens(), opens);
  // No more comes.
  receiver_.WaitForOpen(opens + 1);
}

TEST_F(DeliveryClasses, TheTimeForAReceiptGrowsUntilALineThatIsSlowerThanItDelivers) {
  options_.ack_timeout = milliseconds(20);
  options_.retry.schedule = {std::chrono::hours(1)};
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  const auto begin = std::chrono::steady_clock::now();
  receiver_.WaitForOpen(5);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(20 + 40 + 80 + 160));
  receiver_.WaitForChunk(1);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  EXPECT_TRUE(Eventually([&] { return StatusOf(outbox_.get(), 1) == "acked"; }));
}

TEST_F(DeliveryClasses, AMissingReceiptIsTheNetworksFault) {
  options_.ack_timeout = milliseconds(50);
  options_.retry.schedule = {std::chrono::hours(1)};
  StoreWagons(outbox_.get(), 1);
  Answer();
  StartLink();
  const int opens = receiver_.opens();
  receiver_.WaitForOpen(opens + 1);
  const auto attempts = Must(outbox_->Attempts(kFlow, 1));
  EXPECT_EQ(attempts.at(0).error_class, ErrorClass::kNetwork);
  EXPECT_NE(attempts.at(0).error.find("no receipt"), std::string::npos);
  EXPECT_EQ(Wagon(1).failed_attempts, 0u);
}

}  // namespace
}  // namespace srdf::shipper
