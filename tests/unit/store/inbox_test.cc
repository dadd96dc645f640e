#include "store/inbox.h"

#include <gtest/gtest.h>

#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class InboxTest : public ::testing::Test {
 protected:
  InboxTest() { Reopen(); }
  void Reopen() {
    inbox_.reset();
    inbox_ = Must(Inbox::Open(directory_ / "inbox.db"));
  }
  void Initialise() { Must(inbox_->AdoptCheckpoint(kFlow, Start())); }
  InboxFlow Flow() { return Must(inbox_->GetFlow(kFlow)); }

  TemporaryDirectory directory_;
  std::unique_ptr<Inbox> inbox_;
};

TEST_F(InboxTest, AcceptsNothingBeforeTheStartingPointIsKnown) {
  EXPECT_FALSE(Flow().tip_known);
  EXPECT_FALSE(Must(inbox_->NextToApply(kFlow, 0)).has_value());
  WagonHeader header = FakeHeader(1, ZeroHash());
  ASSERT_OK(inbox_->BeginWagon(kFlow, 1, header.uid, FakeHash(1)));
  ASSERT_OK(inbox_->AppendChunk(kFlow, 1, 0, "frame"));
  EXPECT_EQ(inbox_->Accept(header, FakeHash(1)).code(), StatusCode::kAborted);
  Initialise();
  EXPECT_OK(inbox_->Accept(header, FakeHash(1)));
}

TEST_F(InboxTest, AnAcceptedWagonIsGivenToTheApplierAfterReopening) {
  Initialise();
  const std::string frame = FakeFrame(1, 3 * kChunkBytes + 5);
  ASSERT_OK(Receive(inbox_.get(), frame));
  Reopen();
  const auto wagon = Must(inbox_->NextToApply(kFlow, 0));
  ASSERT_TRUE(wagon.has_value());
  EXPECT_EQ(wagon->status, InboxStatus::kAccepted);
  EXPECT_EQ(wagon->chunk_count, 4u);
  EXPECT_EQ(wagon->frame_bytes, frame.size());
  EXPECT_EQ(wagon->hash, FakeHash(1));
  EXPECT_EQ(wagon->header.last, FakeHeader(1, "").last);
  EXPECT_EQ(wagon->header.tables.size(), 2u);
  EXPECT_EQ(wagon->header.transactions, 2u);
  EXPECT_TRUE(ReadFrame(inbox_.get(), 1, 4) == frame);
  EXPECT_EQ(Flow().tip, TipOf(FakeHeader(1, ""), FakeHash(1)));
  EXPECT_EQ(Flow().unapplied_wagons, 1u);
  EXPECT_EQ(Flow().unapplied_bytes, frame.size());
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).sequence, 0u);
}

TEST_F(InboxTest, AWagonOfOneChunkIsStoredAndAcceptedAtOnceOrNotAtAll) {
  const WagonHeader first = FakeHeader(1, ZeroHash());
  EXPECT_EQ(inbox_->AcceptWhole(first, FakeHash(1), "frame").code(), StatusCode::kAborted) << "no start";
  Initialise();
  const WagonHeader other = FakeHeader(1, FakeHash(7));
  EXPECT_EQ(inbox_->AcceptWhole(other, FakeHash(1), "frame").code(), StatusCode::kAborted) << "chain";
  EXPECT_EQ(Flow().tip.sequence, 0u);
  // What was being received is another wagon, or a larger cut of this one.
  ASSERT_OK(inbox_->BeginWagon(kFlow, 1, first.uid, FakeHash(1)));
  ASSERT_OK(inbox_->AppendChunk(kFlow, 1, 0, "fr"));
  ASSERT_OK(inbox_->AcceptWhole(first, FakeHash(1), "frame"));
  EXPECT_EQ(inbox_->AcceptWhole(first, FakeHash(1), "frame").code(), StatusCode::kAborted) << "again";
  Reopen();
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).sequence, 0u);
  const auto wagon = Must(inbox_->NextToApply(kFlow, 0));
  ASSERT_TRUE(wagon.has_value());
  EXPECT_EQ(wagon->hash, FakeHash(1));
  EXPECT_EQ(wagon->frame_bytes, 5u);
  EXPECT_EQ(wagon->chunk_count, 1u);
  EXPECT_EQ(wagon->header.tables.size(), 2u);
  EXPECT_EQ(ReadFrame(inbox_.get(), 1, 1), "frame");
  EXPECT_EQ(Flow().tip, TipOf(first, FakeHash(1)));
  EXPECT_EQ(Flow().unapplied_bytes, 5u);
}

TEST_F(InboxTest, ABrokenReceiveGoesOnWhereItStopped) {
  Initialise();
  const std::string frame = FakeFrame(1, 5 * kChunkBytes);
  const WagonHeader header = FakeHeader(1, ZeroHash());
  ASSERT_OK(inbox_->BeginWagon(kFlow, 1, header.uid, FakeHash(1)));
  for (uint32_t i = 0; i < 3; ++i) {
    ASSERT_OK(inbox_->AppendChunk(kFlow, 1, i, frame.substr(i * kChunkBytes, kChunkBytes)));
  }
  Reopen();
  const PartialWagon partial = Must(inbox_->GetPartial(kFlow));
  EXPECT_EQ(partial.sequence, 1u);
  EXPECT_EQ(partial.uid, header.uid);
  EXPECT_EQ(partial.hash, FakeHash(1));
  EXPECT_EQ(partial.chunks, 3u);
  EXPECT_EQ(Flow().unapplied_wagons, 0u);
  EXPECT_FALSE(Must(inbox_->NextToApply(kFlow, 0)).has_value());
  ASSERT_OK(inbox_->BeginWagon(kFlow, 1, header.uid, FakeHash(1)));
  for (uint32_t i = 2; i < 5; ++i) {  // chunk 2 comes a second time
    ASSERT_OK(inbox_->AppendChunk(kFlow, 1, i, frame.substr(i * kChunkBytes, kChunkBytes)));
  }
  ASSERT_OK(inbox_->Accept(header, FakeHash(1)));
  EXPECT_TRUE(ReadFrame(inbox_.get(), 1, 5) == frame);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 0))->frame_bytes, frame.size());
}

TEST_F(InboxTest, ARepeatedChunkIsIgnoredAndAGapIsRefused) {
  Initialise();
  ASSERT_OK(inbox_->BeginWagon(kFlow, 1, FakeHeader(1, "").uid, FakeHash(1)));
  ASSERT_OK(inbox_->AppendChunk(kFlow, 1, 0, "first"));
  ASSERT_OK(inbox_->AppendChunk(kFlow, 1, 0, "other bytes under the same number"));
  EXPECT_EQ(inbox_->AppendChunk(kFlow, 1, 2, "third").code(), StatusCode::kAborted);
  EXPECT_EQ(inbox_->AppendChunk(kFlow, 2, 0, "of no wagon").code(), StatusCode::kAborted);
  ASSERT_OK(inbox_->AppendChunk(kFlow, 1, 1, "second"));
  ASSERT_OK(inbox_->Accept(FakeHeader(1, ZeroHash()), FakeHash(1)));
  EXPECT_EQ(ReadFrame(inbox_.get(), 1, 2), "firstsecond");
}

TEST_F(InboxTest, AnotherWagonReplacesThePartialOne) {
  Initialise();
  ASSERT_OK(inbox_->BeginWagon(kFlow, 1, "aa", FakeHash(1, "a")));
  ASSERT_OK(inbox_->AppendChunk(kFlow, 1, 0, FakeFrame(1, kChunkBytes)));
  ASSERT_OK(inbox_->BeginWagon(kFlow, 1, "bb", FakeHash(1, "b")));
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).chunks, 0u);
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).uid, "bb");
  ASSERT_OK(inbox_->DropPartial(kFlow));
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).sequence, 0u);
  EXPECT_EQ(inbox_->AppendChunk(kFlow, 1, 0, "x").code(), StatusCode::kAborted);
  EXPECT_OK(Receive(inbox_.get(), "frame"));
}

TEST_F(InboxTest, OnlyTheWagonAfterTheTipIsAccepted) {
  Initialise();
  ReceiveWagons(inbox_.get(), 2);
  const auto accept = [&](WagonHeader header) {
    Must(inbox_->BeginWagon(kFlow, header.sequence, header.uid, FakeHash(9)));
    Must(inbox_->AppendChunk(kFlow, header.sequence, 0, "frame"));
    return inbox_->Accept(header, FakeHash(9)).code();
  };
  EXPECT_EQ(accept(FakeHeader(4, FakeHash(2))), StatusCode::kAborted);
  EXPECT_EQ(accept(FakeHeader(3, FakeHash(1))), StatusCode::kAborted);
  WagonHeader other_epoch = FakeHeader(3, FakeHash(2));
  other_epoch.epoch = 0;
  EXPECT_EQ(accept(other_epoch), StatusCode::kAborted);
  EXPECT_EQ(inbox_->BeginWagon(kFlow, 2, "aa", FakeHash(2)).code(), StatusCode::kAlreadyExists);
  Must(inbox_->BeginWagon(kFlow, 3, FakeHeader(3, "").uid, FakeHash(9)));
  EXPECT_EQ(inbox_->Accept(FakeHeader(3, FakeHash(2)), FakeHash(8)).code(),
            StatusCode::kAborted);  // other hash
  EXPECT_EQ(accept(FakeHeader(3, FakeHash(2))), StatusCode::kOk);
  EXPECT_EQ(Flow().tip.sequence, 3u);
}

TEST_F(InboxTest, AppliedIsCumulativeAndNextToApplyFollows) {
  Initialise();
  ReceiveWagons(inbox_.get(), 4);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 0))->header.sequence, 1u);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 2))->header.sequence, 3u);
  ASSERT_OK(inbox_->MarkApplied(kFlow, 2));
  ASSERT_OK(inbox_->MarkApplied(kFlow, 1));
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 0))->header.sequence, 3u);
  EXPECT_EQ(Flow().applied_sequence, 2u);
  EXPECT_EQ(Flow().applied_epoch, 1u);
  EXPECT_EQ(Flow().unapplied_wagons, 2u);
  ASSERT_OK(inbox_->MarkApplied(kFlow, 4));
  EXPECT_FALSE(Must(inbox_->NextToApply(kFlow, 0)).has_value());
  EXPECT_EQ(Flow().unapplied_bytes, 0u);
  EXPECT_EQ(inbox_->MarkApplied("invoices", 4).code(), StatusCode::kNotFound);
}

TEST_F(InboxTest, AFailedWagonIsNamedAndGivenOutAgainUntilItIsApplied) {
  Initialise();
  ReceiveWagons(inbox_.get(), 2);
  ASSERT_OK(inbox_->MarkFailed(kFlow, 1, "row 7 of shop.orders not found"));
  Reopen();
  EXPECT_EQ(Flow().failed_sequence, 1u);
  EXPECT_EQ(Flow().failed_error, "row 7 of shop.orders not found");
  EXPECT_EQ(Flow().unapplied_wagons, 2u);
  const auto next = Must(inbox_->NextToApply(kFlow, 0));
  EXPECT_EQ(next->header.sequence, 1u);
  EXPECT_EQ(next->status, InboxStatus::kFailed);
  EXPECT_EQ(next->error, "row 7 of shop.orders not found");
  ASSERT_OK(inbox_->MarkApplied(kFlow, 1));
  EXPECT_EQ(Flow().failed_sequence, 0u);
  EXPECT_EQ(Flow().failed_error, "");
  EXPECT_EQ(inbox_->MarkFailed(kFlow, 9, "x").code(), StatusCode::kNotFound);
}

TEST_F(InboxTest, PurgeKeepsTheNewestAppliedWagonAndAllUnapplied) {
  Initialise();
  ReceiveWagons(inbox_.get(), 100);
  ASSERT_OK(inbox_->MarkApplied(kFlow, 90));
  EXPECT_EQ(Must(inbox_->Purge(kFlow, 1000)), 0u);
  EXPECT_EQ(Must(inbox_->Purge(kFlow, INT64_MAX)), 89u);
  const auto left = Must(inbox_->List(kFlow, 0, 1000));
  ASSERT_EQ(left.size(), 11u);
  EXPECT_EQ(left.front().header.sequence, 100u);
  EXPECT_EQ(left.back().header.sequence, 90u);
  EXPECT_EQ(left.back().status, InboxStatus::kApplied);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 0))->header.sequence, 91u);
  EXPECT_EQ(ReadFrame(inbox_.get(), 91, 1), FakeFrame(91, 191));
  EXPECT_EQ(inbox_->ReadChunk(kFlow, 5, 0).status().code(), StatusCode::kNotFound);
}

TEST_F(InboxTest, ListShowsTheWagonBeingReceivedAndFindFindsByPrefix) {
  Initialise();
  ReceiveWagons(inbox_.get(), 2);
  ASSERT_OK(inbox_->BeginWagon(kFlow, 3, "feedbeef", FakeHash(3)));
  const auto list = Must(inbox_->List(kFlow, 0, 10));
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].status, InboxStatus::kReceiving);
  EXPECT_EQ(Must(inbox_->Find("feed"))->header.sequence, 3u);
  EXPECT_FALSE(Must(inbox_->Find("feedc")).has_value());
  EXPECT_EQ(Must(inbox_->List(kFlow, 2, 10)).size(), 1u);
}

}  // namespace
}  // namespace srdf::store
