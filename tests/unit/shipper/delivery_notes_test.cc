// What goes well is written down together, and never later than it must be.
#include "unit/shipper/link_fixture.h"

namespace srdf::shipper {
namespace {

class DeliveryNotesTest : public DeliveryLinkTest {
 protected:
  void SendWagons(int count) {
    StoreWagons(outbox_.get(), count);
    StartLink();
    receiver_.events().on_opened(Holding(store::Start()));
    receiver_.WaitForChunk(static_cast<uint64_t>(count));
  }
};

TEST_F(DeliveryNotesTest, AWagonWhoseReceiptIsLateIsShownAsSent) {
  SendWagons(1);
  EXPECT_TRUE(Becomes(1, "sent"));
  EXPECT_GT(Must(outbox_->Attempts(kFlow, 1)).at(0).bytes_sent, 0u);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  EXPECT_TRUE(Becomes(1, "acked"));
}

TEST_F(DeliveryNotesTest, AReceiptBringsWhatWasSentWithIt) {
  SendWagons(1);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  EXPECT_TRUE(Becomes(1, "acked"));
  const auto attempt = Must(outbox_->Attempts(kFlow, 1)).at(0);
  EXPECT_GT(attempt.bytes_sent, 0u);
  EXPECT_EQ(attempt.outcome, "accepted");
}

TEST_F(DeliveryNotesTest, TrapWhatWasSaidJustBeforeTheStreamBrokeIsOnRecord) {
  SendWagons(2);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_applied(1);
  receiver_.events().on_receipt(Said(2, ReceiptKind::kAccepted));
  receiver_.events().on_end({StatusCode::kUnavailable, "socket closed"});
  receiver_.WaitForOpen(2);
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "acked");
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 2)).at(0).outcome, "accepted");
}

TEST_F(DeliveryNotesTest, TrapWhatWasSaidJustBeforeAStopIsOnRecord) {
  SendWagons(1);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_applied(1);
  link_.reset();
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
}

TEST_F(DeliveryNotesTest, TrapWhatIsSaidWhileTheLinkWaitsForCreditIsOnRecord) {
  StoreWagons(outbox_.get(), 2);
  StartLink();
  DestinationState state = Holding(store::Start());
  state.credit_bytes = ReadFrame(outbox_.get(), 1, 1).size();
  receiver_.events().on_opened(state);
  receiver_.WaitForChunk(1);
  ASSERT_TRUE(Becomes(2, "sending"));
  ASSERT_TRUE(Becomes(1, "sent"));  // the link has written all it knew, and waits
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_applied(1);
  EXPECT_TRUE(Becomes(1, "applied"));
  EXPECT_EQ(receiver_.sent(), 1u);
}

TEST_F(DeliveryNotesTest, WhatIsSaidWhileTheDestinationIsBusyIsOnRecord) {
  SendWagons(1);
  Readiness busy;
  busy.state = ReceiverState::kBusy;
  busy.wait = std::chrono::hours(1);
  receiver_.events().on_readiness(busy);
  StoreWagons(outbox_.get(), 1);
  link_->WagonStored();
  ASSERT_TRUE(Reaches(LinkState::kWaiting));
  ASSERT_TRUE(Becomes(1, "sent"));
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_applied(1);
  EXPECT_TRUE(Becomes(1, "applied"));
}

}  // namespace
}  // namespace srdf::shipper
