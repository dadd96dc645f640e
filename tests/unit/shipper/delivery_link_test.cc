#include "shipper/delivery_link.h"

#include "unit/shipper/link_fixture.h"

namespace srdf::shipper {
namespace {

TEST_F(DeliveryLinkTest, WagonsAreSentInOrderAndAckedByTheirReceipts) {
  StoreWagons(outbox_.get(), 2);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(2);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_receipt(Said(2, ReceiptKind::kDuplicate));
  EXPECT_TRUE(Becomes(1, "acked"));
  EXPECT_EQ(link_->GetStatus().duplicates, 1u);
  receiver_.events().on_applied(2);
  EXPECT_TRUE(Becomes(1, "applied"));
  EXPECT_TRUE(Becomes(2, "applied"));
}

// The receiver was killed between its last chunk and the acceptance: nothing is missing but the receipt.
TEST_F(DeliveryLinkTest, AWagonWhollyThereButNotAcceptedGetsItsLastChunkAgain) {
  StoreWagons(outbox_.get(), 1);
  StartLink();
  DestinationState state = Holding(store::Start());
  state.partial_sequence = 1;
  state.partial_uid = FakeHeader(1, "").uid;
  state.partial_hash = FakeHash(1);
  state.partial_chunks = 1;
  receiver_.events().on_opened(state);
  EXPECT_EQ(receiver_.WaitForChunk(1).chunk_no, 0u);
}

TEST_F(DeliveryLinkTest, NothingIsSentBeyondTheCredit) {
  StoreWagons(outbox_.get(), 1);
  StartLink();
  DestinationState state = Holding(store::Start());
  state.credit_bytes = 1;
  receiver_.events().on_opened(state);
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStreaming; }));
  EXPECT_EQ(receiver_.sent(), 0u);
  receiver_.events().on_credit(1u << 20);
  receiver_.WaitForChunk(1);
}

TEST_F(DeliveryLinkTest, APauseReachesAChunkThatWaitsForItsTurn) {
  StoreWagons(outbox_.get(), 2);
  SendGate gate(1);  // the second wagon would wait for minutes
  StartLink(&gate);
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  EXPECT_TRUE(Eventually([&] { return StatusOf(outbox_.get(), 2) == "sending"; }));
  link_->Pause();
  EXPECT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kPaused; }));
  EXPECT_EQ(receiver_.sent(), 1u);
  link_.reset();
}

TEST_F(DeliveryLinkTest, AppliedThatArrivesBeforeTheAgreementIsNotTakenForTheOutboxesOwnWagon) {
  // The outbox lost its tail and holds another wagon 1 than the one the destination has applied.
  StoreWagons(outbox_.get(), 1, "recaptured");
  StartLink();
  receiver_.events().on_applied(1);
  receiver_.events().on_opened(Holding(Tip(1)));
  ASSERT_TRUE(Eventually([&] { return tip_moves_ == 1; }));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).tip.hash, FakeHash(1));
  EXPECT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStreaming; }));
}

TEST_F(DeliveryLinkTest, ADeadLetterIsShownAndStopsTheFlowAlsoAfterARestart) {
  StoreWagons(outbox_.get(), 2);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  for (int round = 1; round <= 4; ++round) {
    receiver_.WaitForOpen(round);
    if (round > 1) receiver_.events().on_opened(Holding(store::Start()));
    receiver_.WaitForChunk(1);
    receiver_.events().on_receipt(Said(1, ReceiptKind::kRejected, ErrorClass::kFormat));
  }
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStopped; }));

  link_.reset();
  FakeReceiver anew;
  LinkOptions options;
  options.flow = kFlow;
  DeliveryLink link(options, outbox_.get(), &anew, {[] {}, [] {}});
  link.Start(false);
  anew.WaitForOpen(1);
  anew.events().on_opened(Holding(store::Start()));
  ASSERT_TRUE(Eventually([&] { return link.GetStatus().state == LinkState::kStopped; }));
  EXPECT_NE(link.GetStatus().problem.message().find("dead letter"), std::string::npos);
  EXPECT_EQ(anew.sent(), 0u);
  Must(outbox_->Requeue(kFlow));
  link.Resume();
  anew.WaitForOpen(2);
  anew.events().on_opened(Holding(store::Start()));
  anew.WaitForChunk(1);
}

// The made-up frame in this outbox has not the hash it is stored with.
TEST_F(DeliveryLinkTest, AWagonThatIsDamagedInTheOutboxIsADeadLetterAtOnce) {
  StoreWagons(outbox_.get(), 1);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kInvalidPayload, ErrorClass::kFormat));
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStopped; }));
  EXPECT_NE(Must(outbox_->GetDelivery(kFlow, 1))->last_error.find("outbox.db: its own copy"),
            std::string::npos);
}

TEST_F(DeliveryLinkTest, ABrokenStreamIsOpenedAgainAndTheWagonSentAgain) {
  StoreWagons(outbox_.get(), 1);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  receiver_.events().on_end({StatusCode::kUnavailable, "socket closed"});
  receiver_.WaitForOpen(2);
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).size(), 2u);
}

TEST_F(DeliveryLinkTest, WhatTheTargetCannotApplyIsShownUntilItIsApplied) {
  StoreWagons(outbox_.get(), 2);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(2);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_receipt(Said(2, ReceiptKind::kAccepted));
  receiver_.events().on_failed(2, {StatusCode::kDivergence, "shop.orders: row 7 is missing"});
  receiver_.events().on_applied(1);
  EXPECT_EQ(link_->GetStatus().apply_problem.message(), "shop.orders: row 7 is missing");
  receiver_.events().on_applied(2);
  EXPECT_TRUE(link_->GetStatus().apply_problem.ok());
}

TEST_F(DeliveryLinkTest, APausedFlowSendsNothingUntilItIsResumed) {
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStreaming; }));
  link_->Pause();
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kPaused; }));
  StoreWagons(outbox_.get(), 1);
  link_->WagonStored();
  EXPECT_EQ(receiver_.sent(), 0u);
  link_->Resume();
  receiver_.WaitForOpen(2);
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
}

}  // namespace
}  // namespace srdf::shipper
