// A wagon that an operator gives up: told in its turn, told again until the target has spoken, and settled by
// the target's word.
#include "store/dead_letter.h"
#include "unit/shipper/link_fixture.h"

namespace srdf::shipper {
namespace {

using store::StoreWagons;

class DeliverySkip : public DeliveryLinkTest {
 protected:
  // Wagon 1 is a dead letter, 2 waits behind it.
  void Begin() {
    StoreWagons(outbox_.get(), 2);
    Must(outbox_->BeginAttempt(kFlow, 1));
    Must(outbox_->MarkDeadLetter(kFlow, 1, "hash wrong"));
    StartLink();
    receiver_.events().on_opened(Holding(store::Start()));
    ASSERT_TRUE(Reaches(LinkState::kStopped));
    EXPECT_EQ(receiver_.sent(), 0u);
  }
  void Skip() {
    const int opens = receiver_.opens();
    Must(outbox_->DecideSkip(kFlow, 1, "mended by hand", "alice"));
    link_->SkipDecided();
    receiver_.WaitForOpen(opens + 1);
  }
  std::string Status1() { return store::StatusOf(outbox_.get(), 1); }
};

TEST_F(DeliverySkip, ADeadLetterIsToldInItsTurnAndTheNextWagonFollows) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  Skip();
  receiver_.events().on_opened(Holding(store::Start()));
  const SkipToSend skip = receiver_.WaitForSkip();
  EXPECT_EQ(skip.header.sequence, 1u);
  EXPECT_EQ(skip.wagon_hash, FakeHash(1));
  EXPECT_EQ(skip.decision.reason, "mended by hand");
  EXPECT_EQ(skip.decision.actor, "alice");
  receiver_.WaitForChunk(2);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_receipt(Said(2, ReceiptKind::kAccepted));
  receiver_.events().on_skipped({1});
  receiver_.events().on_applied(2);
  EXPECT_TRUE(Eventually([&] { return Status1() == "skipped"; }));
  EXPECT_EQ(store::StatusOf(outbox_.get(), 2), "applied");
}

TEST_F(DeliverySkip, ItIsToldAgainOnEachStreamUntilTheTargetHasSpoken) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  Skip();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForSkip(1);
  receiver_.events().on_end({StatusCode::kUnavailable, "socket closed"});
  receiver_.WaitForOpen(3);
  receiver_.events().on_opened(Holding(Tip(1)));  // it arrived, its receipt did not
  receiver_.WaitForSkip(2);
  RestartLink();
  DestinationState past = Holding(Tip(1), 1);
  past.skipped = {1};
  receiver_.events().on_opened(past);
  EXPECT_TRUE(Eventually([&] { return Status1() == "skipped"; }));
  receiver_.WaitForChunk(2);
}

TEST_F(DeliverySkip, ATargetThatHadAppliedItHasTheLastWord) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  Skip();
  receiver_.events().on_opened(Holding(Tip(1)));
  receiver_.WaitForSkip();
  receiver_.events().on_receipt(Said(1, ReceiptKind::kDuplicate));
  receiver_.events().on_applied(1);
  EXPECT_TRUE(Eventually([&] { return Status1() == "applied"; }));
  EXPECT_EQ(Must(outbox_->ListAudit(kFlow, 0, 1)).front().action, "deadletter.not_skipped");
}

}  // namespace
}  // namespace srdf::shipper
