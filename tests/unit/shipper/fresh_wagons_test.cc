// Wagons that go out as they were stored, without being read back.
#include "shipper/fresh_wagons.h"

#include "unit/shipper/link_fixture.h"

namespace srdf::shipper {
namespace {

FreshWagon Fresh(uint64_t sequence, const std::string& frame) {
  FreshWagon fresh;
  fresh.wagon.header = FakeHeader(sequence, sequence == 1 ? ZeroHash() : FakeHash(sequence - 1));
  fresh.wagon.hash = FakeHash(sequence);
  fresh.wagon.chunk_count = 1;
  fresh.wagon.frame_bytes = frame.size();
  fresh.frame = frame;
  return fresh;
}

TEST(FreshWagonsTest, OnlyTheWagonThatIsNextIsGivenOut) {
  FreshWagons fresh;
  fresh.Stored(Fresh(7, "seven"));
  EXPECT_FALSE(fresh.Take(5));
  EXPECT_EQ(fresh.Take(6)->frame, "seven");
  EXPECT_FALSE(fresh.Take(6));
}

TEST(FreshWagonsTest, AFewAreKeptAndTheRestIsLookedUp) {
  FreshWagons fresh;
  for (uint64_t s = 1; s <= kFreshWagonsMax + 2; ++s) fresh.Stored(Fresh(s, "f"));
  for (uint64_t s = 1; s <= kFreshWagonsMax; ++s) EXPECT_TRUE(fresh.Take(s - 1));
  EXPECT_FALSE(fresh.Take(kFreshWagonsMax));
  EXPECT_FALSE(fresh.NothingAfter(kFreshWagonsMax));
  EXPECT_TRUE(fresh.NothingAfter(kFreshWagonsMax + 2));
}

TEST(FreshWagonsTest, AnotherEndOfTheQueueForgetsWhatWasThere) {
  FreshWagons fresh;
  fresh.Stored(Fresh(1, "f"));
  fresh.Stored(std::nullopt);
  EXPECT_FALSE(fresh.Take(0));
  EXPECT_FALSE(fresh.NothingAfter(1));
}

class FreshDeliveryTest : public DeliveryLinkTest {
 protected:
  // Before the destination says what it has, so that the link cannot have looked them up already.
  void StoreAndStream(int count, FreshWagon fresh) {
    StartLink();
    StoreWagons(outbox_.get(), count);
    link_->WagonStored(std::move(fresh));
    receiver_.events().on_opened(Holding(store::Start()));
  }
};

TEST_F(FreshDeliveryTest, AFreshWagonIsNotReadBackFromTheOutbox) {
  StoreAndStream(1, Fresh(1, "as it came"));
  const ChunkToSend chunk = receiver_.WaitForChunk(1);
  EXPECT_EQ(chunk.data, "as it came");
  EXPECT_EQ(chunk.wagon_hash, FakeHash(1));
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  EXPECT_TRUE(Eventually([&] { return StatusOf(outbox_.get(), 1) == "acked"; }));
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).size(), 1u);
}

TEST_F(FreshDeliveryTest, TrapAFreshWagonThatWasMergedMeanwhileIsNotSent) {
  receiver_.BeforeAttempt([this] {
    WagonHeader header = FakeHeader(1, ZeroHash(), "merged");
    header.last = FakeHeader(1, "").last;
    header.seal_reason = SealReason::kMerged;
    auto replacement = Must(outbox_->ReplaceTail(kFlow, 1, {FakeHash(1)}));
    Must(replacement->Append("merged"));
    Must(replacement->EndWagon(header, FakeHash(1, "merged"), 1));
    Must(replacement->Commit("test"));
  });
  StoreAndStream(1, Fresh(1, "as it came"));
  EXPECT_EQ(receiver_.WaitForChunk(1).data, "merged");
}

TEST_F(FreshDeliveryTest, AFreshWagonThatCameInAPauseIsLookedUpAfterIt) {
  StartLink();
  link_->Pause();
  ASSERT_TRUE(Reaches(LinkState::kPaused));
  StoreWagons(outbox_.get(), 1);
  link_->WagonStored(Fresh(1, "as it came"));
  EXPECT_EQ(receiver_.sent(), 0u);
  link_->Resume();
  receiver_.WaitForOpen(2);
  receiver_.events().on_opened(Holding(store::Start()));
  EXPECT_EQ(receiver_.WaitForChunk(1).data, ReadFrame(outbox_.get(), 1, 1));
}

TEST_F(FreshDeliveryTest, TrapAFreshWagonDoesNotOvertakeTheOnesBeforeIt) {
  StoreAndStream(3, Fresh(3, "as it came"));  // of 1 and 2 the link was not told
  EXPECT_EQ(receiver_.WaitForChunk(3).data, "as it came");
  EXPECT_EQ(receiver_.sent(), 3u);
}

}  // namespace
}  // namespace srdf::shipper
