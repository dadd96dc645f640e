// Wagons that wait are merged while the link is about to send them.
#include "unit/shipper/link_fixture.h"

namespace srdf::shipper {
namespace {

class DeliveryMergeTest : public DeliveryLinkTest {
 protected:
  // Wagons first..last become one, with this frame, in the place of `first`.
  Result<ChainTip> Merge(uint64_t first, uint64_t last, const std::string& frame) {
    WagonHeader header = FakeHeader(first, first == 1 ? ZeroHash() : FakeHash(first - 1), "merged");
    header.last = FakeHeader(last, "").last;
    std::vector<std::string> hashes{FakeHash(first)};
    for (uint64_t s = first + 1; s <= last; ++s) {
      const WagonHeader old = FakeHeader(s, "");
      header.transactions += old.transactions;
      header.rows_before += old.rows_before;
      header.statements += old.statements;
      header.source_bytes += old.source_bytes;
      header.bytes_before += old.bytes_before;
      hashes.push_back(FakeHash(s));
    }
    header.seal_reason = SealReason::kMerged;
    auto replacement = Must(outbox_->ReplaceTail(kFlow, first, hashes));
    Must(replacement->Append(frame));
    Must(replacement->EndWagon(header, FakeHash(first, "merged"), hashes.size()));
    return replacement->Commit("test");
  }
};

TEST_F(DeliveryMergeTest, TrapAWagonThatIsMergedAfterItWasLookedUpIsNotSentUnderItsOldName) {
  StoreWagons(outbox_.get(), 3);
  receiver_.BeforeAttempt([this] { EXPECT_TRUE(Merge(1, 3, "merged").ok()); });
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  const ChunkToSend chunk = receiver_.WaitForChunk(1);
  EXPECT_EQ(chunk.data, "merged");
  EXPECT_EQ(chunk.wagon_hash, FakeHash(1, "merged"));
  EXPECT_EQ(chunk.wagon_uid, FakeHeader(1, "", "merged").uid);
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  EXPECT_TRUE(Eventually([&] { return StatusOf(outbox_.get(), 1) == "acked"; }));
  EXPECT_EQ(receiver_.opens(), 1) << "the stream went on";
}

TEST_F(DeliveryMergeTest, WagonsOfWhichAnAttemptHasBegunAreNotMerged) {
  StoreWagons(outbox_.get(), 3);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(3);
  for (uint64_t s = 1; s <= 3; ++s) receiver_.events().on_receipt(Said(s, ReceiptKind::kAccepted));

  EXPECT_EQ(Merge(2, 3, "merged").status().code(), StatusCode::kAborted);
}

TEST_F(DeliveryMergeTest, AfterAnOutageTheMergedWagonsGoAndNothingElse) {
  StoreWagons(outbox_.get(), 6);
  ASSERT_TRUE(Merge(2, 6, "all of the others").ok());
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  EXPECT_EQ(receiver_.WaitForChunk(2).data, "all of the others");
  receiver_.events().on_receipt(Said(1, ReceiptKind::kAccepted));
  receiver_.events().on_receipt(Said(2, ReceiptKind::kAccepted));
  receiver_.events().on_applied(2);
  EXPECT_EQ(receiver_.sent(), 2u);
  EXPECT_TRUE(Becomes(2, "applied"));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).unapplied_wagons, 0u);
}

}  // namespace
}  // namespace srdf::shipper
