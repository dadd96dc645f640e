// A small wagon leaves before it is in the outbox; what is said, and what breaks, meanwhile.
#include "unit/shipper/link_fixture.h"

namespace srdf::shipper {
namespace {

class DeliveryEarlyTest : public DeliveryLinkTest {
 protected:
  void StartStreaming(const ChainTip& tip = store::Start()) {
    StartLink();
    receiver_.events().on_opened(Holding(tip));
    ASSERT_TRUE(Reaches(LinkState::kStreaming));
  }
  static FreshWagon Wagon(uint64_t sequence, size_t bytes = 300) {
    FreshWagon wagon;
    wagon.wagon.header =
        FakeHeader(sequence, sequence == 1 ? store::Start().hash : FakeHash(sequence - 1), "");
    wagon.wagon.hash = FakeHash(sequence);
    wagon.wagon.frame_bytes = bytes;
    wagon.wagon.chunk_count = 1;
    wagon.frame = store::FakeFrame(sequence, bytes);
    return wagon;
  }
  bool Leaves(uint64_t sequence, size_t bytes = 300) {
    FreshWagon wagon = Wagon(sequence, bytes);
    attempt_ = link_->SendEarly(&wagon);
    return attempt_.has_value();
  }
  Status Commit(uint64_t sequence) {
    const FreshWagon wagon = Wagon(sequence);
    auto writer = Must(outbox_->NewWagon(kFlow));
    Must(writer->Append(wagon.frame));
    return writer->Commit(wagon.wagon.header, wagon.wagon.hash, &*attempt_);
  }
  // The link's thread has to wait before another one may write in its stead.
  void SendAndStore(uint64_t sequence) {
    ASSERT_TRUE(Eventually([&] { return Leaves(sequence); }));
    Must(Commit(sequence));
    link_->EndEarly({});
  }
  bool marked() { return Must(outbox_->GetFlow(kFlow)).sends_early; }
  static Status DiskFull() { return {StatusCode::kResourceExhausted, "outbox.db: the disk is full"}; }

  std::optional<store::AttemptStart> attempt_;
};

TEST_F(DeliveryEarlyTest, AWagonThatFindsTheLinkIdleIsSentFirstAndStoredWithItsAttempt) {
  StartStreaming();
  ASSERT_TRUE(Eventually([&] { return Leaves(1); }));
  EXPECT_EQ(receiver_.WaitForChunk(1).data, store::FakeFrame(1, 300));
  EXPECT_FALSE(Must(outbox_->GetDelivery(kFlow, 1)).has_value());
  Must(Commit(1));
  link_->EndEarly({});
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).at(0).where_to, "10.0.0.2:7104");
  EXPECT_TRUE(Becomes(1, "sent"));
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  EXPECT_TRUE(Becomes(1, "acked"));
  EXPECT_GT(Must(outbox_->Attempts(kFlow, 1)).at(0).bytes_sent, 0u);
}

TEST_F(DeliveryEarlyTest, TrapTheLinkGoesOnBehindItAndSendsItNoSecondTime) {
  StartStreaming();
  SendAndStore(1);
  StoreWagons(outbox_.get(), 1);
  link_->WagonStored();
  receiver_.WaitForChunk(2);
  SendAndStore(3);
  receiver_.WaitForChunk(3);
  EXPECT_EQ(receiver_.sent(), 3u);
  EXPECT_EQ(link_->GetStatus().sent_early, 2u);
}

TEST_F(DeliveryEarlyTest, TrapWhatIsSaidOfItBeforeItIsStoredIsOnRecordAfterwards) {
  StartStreaming();
  ASSERT_TRUE(Eventually([&] { return Leaves(1); }));
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_applied(1);
  EXPECT_EQ(link_->GetStatus().applied_sequence, 0u);
  Must(Commit(1));
  link_->EndEarly({});
  EXPECT_TRUE(Becomes(1, "applied"));
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).at(0).outcome, "accepted");
}

TEST_F(DeliveryEarlyTest, ARefusalOrAFailureThatComesBeforeItIsStoredIsOnRecordAfterwards) {
  StartStreaming();
  ASSERT_TRUE(Eventually([&] { return Leaves(1); }));
  receiver_.events().on_failed(1, {StatusCode::kFailedPrecondition, "no such row"});
  Must(Commit(1));
  link_->EndEarly({});
  EXPECT_TRUE(Becomes(1, "failed"));
  ASSERT_TRUE(Eventually([&] { return Leaves(2); }));
  receiver_.events().on_receipt(Said(2, ReceiptKind::kRejected, ErrorClass::kFunctional));
  Must(Commit(2));
  link_->EndEarly({});
  EXPECT_TRUE(Becomes(2, "retry"));
}

TEST_F(DeliveryEarlyTest, TrapOneThatCouldNotBeStoredIsAdoptedBeforeAnythingIsStored) {
  StartStreaming();
  ASSERT_TRUE(Eventually([&] { return Leaves(1); }));
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  link_->EndEarly(DiskFull());
  EXPECT_FALSE(link_->agreement_wanted().ok());
  EXPECT_TRUE(marked());
  receiver_.WaitForOpen(2);
  EXPECT_FALSE(link_->agreement_wanted().ok());
  receiver_.events().on_opened(Holding(Tip(1)));
  EXPECT_TRUE(Eventually([&] { return link_->agreement_wanted().ok(); }));
  EXPECT_TRUE(Eventually([&] { return tip_moves_ == 1; }));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).tip.sequence, 1u);
}

TEST_F(DeliveryEarlyTest, TrapAfterAnUncleanEndTheDestinationIsAskedFirst) {
  Must(outbox_->SetSendsEarly(kFlow, true));
  StartLink();
  EXPECT_EQ(link_->agreement_wanted().code(), StatusCode::kUnavailable);
  EXPECT_NE(link_->agreement_wanted().remedy().find("--without-agreement"), std::string::npos);
  receiver_.events().on_opened(Holding(store::Start()));
  EXPECT_TRUE(Eventually([&] { return link_->agreement_wanted().ok(); }));
}

TEST_F(DeliveryEarlyTest, TheMarkIsThereWhileAStreamIsOpenAndGoneAfterACleanEnd) {
  StartStreaming();
  SendAndStore(1);
  EXPECT_TRUE(marked());
  receiver_.events().on_end({StatusCode::kUnavailable, "socket closed"});
  receiver_.WaitForOpen(2);
  EXPECT_FALSE(marked()) << "a shipper that ends while the destination is away need not wait for it";
  receiver_.events().on_opened(Holding(Tip(1)));
  SendAndStore(2);
  EXPECT_TRUE(marked());
  link_.reset();
  EXPECT_FALSE(marked());
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "retry");
}

TEST_F(DeliveryEarlyTest, AnOperatorMayGoOnWithoutTheDestination) {
  Must(outbox_->SetSendsEarly(kFlow, true));
  StartLink();
  EXPECT_TRUE(Must(link_->GoOnWithoutAgreement()));
  EXPECT_TRUE(link_->agreement_wanted().ok());
  EXPECT_FALSE(marked());
  receiver_.events().on_opened(Holding(store::Start()));
  ASSERT_TRUE(Eventually([&] { return marked(); }));
  EXPECT_FALSE(Must(link_->GoOnWithoutAgreement())) << "the mark is the stream's";
  EXPECT_TRUE(marked());
}

TEST_F(DeliveryEarlyTest, WhatHasToWaitIsStoredFirst) {
  StartStreaming();
  SendAndStore(1);
  ASSERT_TRUE(Eventually([&] { return Leaves(2); }));
  EXPECT_FALSE(Leaves(3)) << "one at a time";
  Must(Commit(2));
  link_->EndEarly({});
  ASSERT_TRUE(Eventually([&] { return Leaves(3); }));
  Must(Commit(3));
  link_->EndEarly({});
  EXPECT_FALSE(Leaves(5)) << "a gap";
  EXPECT_FALSE(Leaves(4, 40u << 10)) << "more than the line takes at once";
  FreshWagon other = Wagon(4);
  other.wagon.header.previous_hash = FakeHash(3, "other");
  EXPECT_FALSE(link_->SendEarly(&other).has_value()) << "another chain";
  EXPECT_FALSE(other.frame.empty());
  Readiness busy;
  busy.state = ReceiverState::kBusy;
  receiver_.events().on_readiness(busy);
  EXPECT_FALSE(Leaves(4)) << "the receiver is busy";
  busy.state = ReceiverState::kAvailable;
  receiver_.events().on_readiness(busy);
  EXPECT_TRUE(Eventually([&] { return Leaves(4); }));
  link_->EndEarly(DiskFull());
}

TEST_F(DeliveryEarlyTest, NothingIsSentEarlyUnderALimitOrWithoutCredit) {
  SendGate gate(1u << 30);
  StartLink(&gate);
  DestinationState state = Holding(store::Start());
  state.credit_bytes = 500;
  receiver_.events().on_opened(state);
  ASSERT_TRUE(Reaches(LinkState::kStreaming));
  EXPECT_FALSE(Eventually([&] { return Leaves(1); }, std::chrono::milliseconds(30)));
  link_.reset();
  StartLink();
  receiver_.events().on_opened(state);
  SendAndStore(1);
  EXPECT_FALSE(Eventually([&] { return Leaves(2); }, std::chrono::milliseconds(30)));
  receiver_.events().on_credit(500);
  SendAndStore(2);
}

}  // namespace
}  // namespace srdf::shipper
