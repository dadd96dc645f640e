#include "store/outbox.h"

#include <gtest/gtest.h>

#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() { Reopen(); }
  void Reopen() {
    outbox_.reset();
    outbox_ = Must(Outbox::Open(directory_ / "outbox.db"));
  }
  void Initialise() { Must(outbox_->Reconcile(kFlow, Start())); }

  TemporaryDirectory directory_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxTest, AnUnknownFlowIsNotInitialisedAndTakesNoWagon) {
  EXPECT_FALSE(Must(outbox_->GetFlow(kFlow)).initialised);
  auto writer = Must(outbox_->NewWagon(kFlow));
  ASSERT_OK(writer->Append("frame"));
  EXPECT_EQ(writer->Commit(FakeHeader(1, ZeroHash()), FakeHash(1)).code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Must(outbox_->NextToSend(kFlow, 0)).has_value());
}

TEST_F(OutboxTest, AStoredWagonIsReadBackWholeAfterReopening) {
  Initialise();
  const std::string frame = FakeFrame(1, 12345);
  ASSERT_OK(Store(outbox_.get(), frame));
  Reopen();
  const auto wagon = Must(outbox_->NextToSend(kFlow, 0));
  ASSERT_TRUE(wagon.has_value());
  const WagonHeader expected = FakeHeader(1, ZeroHash());
  const WagonHeader& h = wagon->header;
  EXPECT_EQ(wagon->hash, FakeHash(1));
  EXPECT_EQ(wagon->frame_bytes, frame.size());
  EXPECT_EQ(wagon->chunk_count, 1u);
  EXPECT_EQ(wagon->status, DeliveryStatus::kSealed);
  EXPECT_TRUE(wagon->payload_present);
  EXPECT_GT(wagon->stored_at_ms, 0);
  EXPECT_EQ(ReadFrame(outbox_.get(), 1, 1), frame);
  EXPECT_EQ(h.uid, expected.uid);
  EXPECT_EQ(h.flow, expected.flow);
  EXPECT_EQ(h.first, expected.first);
  EXPECT_EQ(h.last, expected.last);
  EXPECT_EQ(h.commit_time_first_ms, expected.commit_time_first_ms);
  EXPECT_EQ(h.commit_time_last_ms, expected.commit_time_last_ms);
  EXPECT_EQ(h.opened_at_ms, expected.opened_at_ms);
  EXPECT_EQ(h.closed_at_ms, expected.closed_at_ms);
  EXPECT_EQ(h.transactions, expected.transactions);
  EXPECT_EQ(h.rows_before, expected.rows_before);
  EXPECT_EQ(h.rows_after, expected.rows_after);
  EXPECT_EQ(h.statements, expected.statements);
  EXPECT_EQ(h.source_bytes, expected.source_bytes);
  EXPECT_EQ(h.bytes_before, expected.bytes_before);
  EXPECT_EQ(h.payload_raw_bytes, expected.payload_raw_bytes);
  EXPECT_EQ(h.payload_compressed_bytes, expected.payload_compressed_bytes);
  EXPECT_EQ(h.seal_reason, expected.seal_reason);
  EXPECT_EQ(h.codec, expected.codec);
  EXPECT_EQ(h.encryption, expected.encryption);
  EXPECT_EQ(h.nonce, expected.nonce);
  EXPECT_EQ(h.schema_fingerprint, expected.schema_fingerprint);
  EXPECT_EQ(h.previous_hash, expected.previous_hash);
  EXPECT_EQ(h.first_gtid, expected.first_gtid);
  EXPECT_EQ(h.last_gtid, expected.last_gtid);
  ASSERT_EQ(h.tables.size(), 2u);
  EXPECT_EQ(h.tables[0].deletes_before, 3u);
  EXPECT_EQ(h.tables[1].table, "it's \"quoted\"");
  EXPECT_EQ(h.tables[1].bytes_after, 500u);
}

TEST_F(OutboxTest, FramesOfEverySizeAroundAChunkComeBackUnchanged) {
  Initialise();
  uint64_t sequence = 0;
  for (const size_t bytes : {size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 4 * kChunkBytes,
                             4 * kChunkBytes + 1, 9 * kChunkBytes + 17}) {
    ++sequence;
    const std::string frame = FakeFrame(sequence, bytes);
    ASSERT_OK(Store(outbox_.get(), frame));
    const auto wagon = Must(outbox_->NextToSend(kFlow, sequence - 1));
    ASSERT_TRUE(wagon.has_value());
    EXPECT_EQ(wagon->chunk_count, (bytes + kChunkBytes - 1) / kChunkBytes);
    EXPECT_EQ(wagon->frame_bytes, bytes);
    EXPECT_TRUE(ReadFrame(outbox_.get(), sequence, wagon->chunk_count) == frame) << bytes << " bytes";
    EXPECT_EQ(outbox_->ReadChunk(kFlow, sequence, wagon->chunk_count).status().code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(outbox_->ReadChunk(kFlow, 99, 0).status().code(), StatusCode::kNotFound);
}

TEST_F(OutboxTest, AWagonThatDoesNotFollowTheTipIsRefusedAndLeavesNothing) {
  Initialise();
  StoreWagons(outbox_.get(), 2);
  const auto refused = [&](WagonHeader header) {
    auto writer = Must(outbox_->NewWagon(kFlow));
    Must(writer->Append(FakeFrame(9, 6 * kChunkBytes)));
    const StatusCode code = writer->Commit(header, FakeHash(9)).code();
    return code;
  };
  EXPECT_EQ(refused(FakeHeader(2, FakeHash(2))), StatusCode::kAborted);  // repeated
  EXPECT_EQ(refused(FakeHeader(4, FakeHash(2))), StatusCode::kAborted);  // gap
  EXPECT_EQ(refused(FakeHeader(3, FakeHash(1))), StatusCode::kAborted);  // other predecessor
  WagonHeader other_epoch = FakeHeader(3, FakeHash(2));
  other_epoch.epoch = 2;
  EXPECT_EQ(refused(other_epoch), StatusCode::kAborted);
  WagonHeader other_flow = FakeHeader(3, FakeHash(2));
  other_flow.flow = "invoices";
  EXPECT_EQ(refused(other_flow), StatusCode::kInvalidArgument);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).tip, TipOf(FakeHeader(2, FakeHash(1)), FakeHash(2)));
  EXPECT_EQ(Must(outbox_->List(kFlow, 0, 10)).size(), 2u);
  EXPECT_OK(Store(outbox_.get(), FakeFrame(3, 10)));
}

TEST_F(OutboxTest, OfTwoWritersOfOneSequenceTheSecondIsAborted) {
  Initialise();
  auto first = Must(outbox_->NewWagon(kFlow));
  auto second = Must(outbox_->NewWagon(kFlow));
  ASSERT_OK(first->Append(FakeFrame(1, 5 * kChunkBytes)));
  ASSERT_OK(second->Append(FakeFrame(2, 5 * kChunkBytes)));
  EXPECT_OK(first->Commit(FakeHeader(1, ZeroHash()), FakeHash(1)));
  EXPECT_EQ(second->Commit(FakeHeader(1, ZeroHash()), FakeHash(1)).code(), StatusCode::kAborted);
  second.reset();
  EXPECT_TRUE(ReadFrame(outbox_.get(), 1, 5) == FakeFrame(1, 5 * kChunkBytes));
}

TEST_F(OutboxTest, ADeliveryGoesThroughItsStatusesAndKeepsItsAttempts) {
  Initialise();
  StoreWagons(outbox_.get(), 1);
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "sending");
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, "network: connection reset"));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "retry");
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 0))->last_error, "network: connection reset");
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1));
  ASSERT_OK(outbox_->MarkSent(kFlow, 1));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "sent");
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).unacked_wagons, 1u);
  ASSERT_OK(outbox_->MarkAcked(kFlow, 1, "accepted"));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "acked");
  EXPECT_FALSE(Must(outbox_->NextToSend(kFlow, 0)).has_value());
  OutboxFlow flow = Must(outbox_->GetFlow(kFlow));
  EXPECT_EQ(flow.unacked_wagons, 0u);
  EXPECT_EQ(flow.unapplied_wagons, 1u);
  EXPECT_EQ(flow.acked_sequence, 1u);
  EXPECT_EQ(flow.oldest_unapplied_commit_ms, FakeHeader(1, "").commit_time_first_ms);
  ASSERT_OK(outbox_->MarkApplied(kFlow, 1));
  flow = Must(outbox_->GetFlow(kFlow));
  EXPECT_EQ(flow.unapplied_wagons, 0u);
  EXPECT_EQ(flow.unapplied_bytes, 0u);
  EXPECT_EQ(flow.applied_sequence, 1u);
  EXPECT_EQ(flow.oldest_unapplied_commit_ms, 0);
  const auto attempts = Must(outbox_->Attempts(kFlow, 1));
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].outcome, "network: connection reset");
  EXPECT_GT(attempts[0].ended_at_ms, 0);
  EXPECT_EQ(attempts[1].attempt, 2u);
  EXPECT_EQ(attempts[1].outcome, "accepted");
}

TEST_F(OutboxTest, AppliedIsCumulativeAndMayBeRepeatedOrRunAhead) {
  Initialise();
  StoreWagons(outbox_.get(), 5);
  Deliver(outbox_.get(), 1);
  ASSERT_OK(outbox_->MarkApplied(kFlow, 3));  // receipts of 2 and 3 were lost
  ASSERT_OK(outbox_->MarkApplied(kFlow, 3));
  ASSERT_OK(outbox_->MarkApplied(kFlow, 1));
  EXPECT_EQ(StatusOf(outbox_.get(), 3), "applied");
  EXPECT_EQ(StatusOf(outbox_.get(), 4), "sealed");
  const OutboxFlow flow = Must(outbox_->GetFlow(kFlow));
  EXPECT_EQ(flow.unapplied_wagons, 2u);
  EXPECT_EQ(flow.unacked_wagons, 2u);
  EXPECT_EQ(flow.acked_sequence, 3u);
  ASSERT_OK(outbox_->MarkApplied(kFlow, 1000));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).applied_sequence, 5u);
}

TEST_F(OutboxTest, ALateReceiptDoesNotTakeAppliedBack) {
  Initialise();
  StoreWagons(outbox_.get(), 1);
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 1));
  ASSERT_OK(outbox_->MarkApplied(kFlow, 1));
  ASSERT_OK(outbox_->MarkAcked(kFlow, 1, "duplicate"));
  ASSERT_OK(outbox_->MarkRetry(kFlow, 1, "network: late"));
  ASSERT_OK(outbox_->MarkFailed(kFlow, 1, "late"));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).at(0).outcome, "duplicate");
}

TEST_F(OutboxTest, OnlyAReceiptMovesToAcked) {
  Initialise();
  StoreWagons(outbox_.get(), 1);
  EXPECT_EQ(outbox_->MarkAcked(kFlow, 1, "rejected").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(outbox_->MarkAcked(kFlow, 7, "accepted").code(), StatusCode::kNotFound);
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "sealed");
}

TEST_F(OutboxTest, ADeadLetterStandsBeforeWhatFollowsUntilItIsRequeued) {
  Initialise();
  StoreWagons(outbox_.get(), 3);
  Deliver(outbox_.get(), 1);
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 2));
  ASSERT_OK(outbox_->MarkDeadLetter(kFlow, 2, "invalid_payload: hash wrong"));
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 0))->status, DeliveryStatus::kDeadLetter);
  Reopen();
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "dead_letter");
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 1))->status, DeliveryStatus::kDeadLetter);
  ASSERT_OK(outbox_->Requeue(kFlow));
  const auto next = Must(outbox_->NextToSend(kFlow, 1));
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->header.sequence, 2u);
  EXPECT_EQ(next->last_error, "invalid_payload: hash wrong");
}

TEST_F(OutboxTest, AFailedWagonIsShownNotSentAndClearedByApplied) {
  Initialise();
  StoreWagons(outbox_.get(), 2);
  Deliver(outbox_.get(), 1);
  ASSERT_OK(outbox_->MarkFailed(kFlow, 1, "duplicate key 7 in shop.orders"));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "failed");
  EXPECT_EQ(Must(outbox_->NextToSend(kFlow, 0))->header.sequence, 2u);
  EXPECT_EQ(Must(outbox_->Find(FakeHeader(1, "").uid))->last_error, "duplicate key 7 in shop.orders");
  ASSERT_OK(outbox_->Requeue(kFlow));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "acked") << "it is at the destination: nothing is to be sent again";
  ASSERT_OK(outbox_->MarkFailed(kFlow, 1, "again"));
  ASSERT_OK(outbox_->MarkApplied(kFlow, 1));
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
  EXPECT_EQ(Must(outbox_->Find(FakeHeader(1, "").uid))->last_error, "");
}

TEST_F(OutboxTest, WhatWasOnItsWayIsPendingAgainAfterARestart) {
  Initialise();
  StoreWagons(outbox_.get(), 3);
  Deliver(outbox_.get(), 1);
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 2));
  ASSERT_OK(outbox_->MarkSent(kFlow, 2));
  ASSERT_OK(outbox_->BeginAttempt(kFlow, 3));
  Reopen();
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "acked");
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "pending");
  EXPECT_EQ(StatusOf(outbox_.get(), 3), "pending");
  const auto attempts = Must(outbox_->Attempts(kFlow, 2));
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].outcome, "interrupted: the shipper was restarted");
}

TEST_F(OutboxTest, AnAuditedDecisionIsKeptAndListedNewestFirst) {
  ASSERT_OK(outbox_->Audit({0, 0, "ana", "delivery.retry", kFlow, 1, 7, "u-7", "", "due now"}));
  ASSERT_OK(outbox_->Audit({0, 0, "ben", "deadletter.skip", kFlow, 1, 8, "u-8", "row was test data", ""}));
  ASSERT_OK(outbox_->Audit({0, 0, "ben", "delivery.retry", "other", 0, 0, "", "", ""}));
  Reopen();
  const auto entries = Must(outbox_->ListAudit(kFlow, 0, 10));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].actor, "ben");
  EXPECT_EQ(entries[0].reason, "row was test data");
  EXPECT_EQ(entries[0].sequence, 8u);
  EXPECT_GT(entries[0].at_ms, 0);
  EXPECT_EQ(entries[1].uid, "u-7");
  EXPECT_EQ(Must(outbox_->ListAudit(kFlow, entries[0].audit_id, 10)).size(), 1u);
  EXPECT_EQ(Must(outbox_->ListAudit("", 0, 10)).size(), 3u);
  EXPECT_EQ(Must(outbox_->ListAudit("", 0, 1)).at(0).flow, "other");
}

TEST_F(OutboxTest, APauseIsDurable) {
  ASSERT_OK(outbox_->SetPaused(kFlow, true));
  Reopen();
  EXPECT_TRUE(Must(outbox_->GetFlow(kFlow)).paused);
  EXPECT_FALSE(Must(outbox_->GetFlow(kFlow)).initialised);
  Initialise();
  EXPECT_TRUE(Must(outbox_->GetFlow(kFlow)).paused);
  ASSERT_OK(outbox_->SetPaused(kFlow, false));
  EXPECT_FALSE(Must(outbox_->GetFlow(kFlow)).paused);
}

TEST_F(OutboxTest, ListPagesFromTheNewest) {
  Initialise();
  StoreWagons(outbox_.get(), 5);
  const auto sequences = [&](uint64_t before, uint32_t limit) {
    std::vector<uint64_t> out;
    for (const auto& wagon : Must(outbox_->List(kFlow, before, limit))) out.push_back(wagon.header.sequence);
    return out;
  };
  EXPECT_EQ(sequences(0, 2), (std::vector<uint64_t>{5, 4}));
  EXPECT_EQ(sequences(4, 2), (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(sequences(2, 2), (std::vector<uint64_t>{1}));
  EXPECT_TRUE(Must(outbox_->List("invoices", 0, 10)).empty());
}

TEST_F(OutboxTest, AWagonIsFoundByAnUnambiguousPrefixOfItsUid) {
  Initialise();
  StoreWagons(outbox_.get(), 3);
  const std::string uid = FakeHeader(2, "").uid;
  EXPECT_EQ(Must(outbox_->Find(uid))->header.sequence, 2u);
  EXPECT_EQ(outbox_->Find(uid.substr(0, 20)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(Must(outbox_->Find("zz")).has_value());
  EXPECT_EQ(outbox_->Find("").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(OutboxTest, FlowsAreKeptApart) {
  Initialise();
  Must(outbox_->Reconcile("invoices", Start("5-1-1")));
  StoreWagons(outbox_.get(), 2);
  ASSERT_OK(Store(outbox_.get(), FakeFrame(77, 50), "", "invoices"));
  ASSERT_OK(outbox_->MarkApplied(kFlow, 2));
  EXPECT_EQ(Must(outbox_->GetFlow("invoices")).unapplied_wagons, 1u);
  EXPECT_EQ(Must(outbox_->NextToSend("invoices", 0))->header.sequence, 1u);
  EXPECT_EQ(ReadFrame(outbox_.get(), 1, 1, "invoices"), FakeFrame(77, 50));
}

TEST_F(OutboxTest, ManyFlowsAreStoredWithoutMixingTheirChunks) {
  std::vector<std::unique_ptr<WagonWriter>> writers;
  for (int i = 0; i < 4; ++i) {
    const std::string flow = "flow" + std::to_string(i);
    Must(outbox_->Reconcile(flow, Start()));
    writers.push_back(Must(outbox_->NewWagon(flow)));
  }
  const size_t bytes = 6 * kChunkBytes;
  for (size_t at = 0; at < bytes; at += kChunkBytes) {
    for (uint64_t i = 0; i < 4; ++i) Must(writers[i]->Append(FakeFrame(i, bytes).substr(at, kChunkBytes)));
  }
  for (uint64_t i = 0; i < 4; ++i) {
    WagonHeader header = FakeHeader(1, ZeroHash());
    header.flow = "flow" + std::to_string(i);
    ASSERT_OK(writers[i]->Commit(header, FakeHash(1)));
    EXPECT_TRUE(ReadFrame(outbox_.get(), 1, 6, header.flow) == FakeFrame(i, bytes));
  }
}

TEST_F(OutboxTest, NotesAreTakenTogetherAndNameTheArrivalsThatNobodyKnows) {
  Must(outbox_->Reconcile(kFlow, Start()));
  StoreWagons(outbox_.get(), 4);
  for (uint64_t sequence = 1; sequence <= 4; ++sequence) ASSERT_OK(outbox_->BeginAttempt(kFlow, sequence));
  DeliveryNotes notes;
  notes.sent = {{4, 40}, {9, 90}};
  notes.arrived = {{1, "accepted", 10}, {2, "duplicate", 20}, {3, "accepted", 30}, {9, "accepted", 90}};
  notes.applied = 2;
  EXPECT_EQ(Must(outbox_->Note(kFlow, notes)), std::vector<uint64_t>{9});
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "applied");
  EXPECT_EQ(StatusOf(outbox_.get(), 3), "acked");
  EXPECT_EQ(StatusOf(outbox_.get(), 4), "sent");
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 2)).at(0).outcome, "duplicate");
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 2)).at(0).bytes_sent, 20u);
  const UnappliedWagons unapplied = Must(outbox_->Unapplied(kFlow, 10));
  ASSERT_EQ(unapplied.wagons.size(), 2u);
  EXPECT_EQ(unapplied.wagons.at(0).sequence, 3u);
  EXPECT_EQ(unapplied.tip_sequence, 4u);
  EXPECT_FALSE(Must(outbox_->Unapplied(kFlow, 1)).all);
  notes.arrived = {{3, "rejected", 0}};
  EXPECT_EQ(outbox_->Note(kFlow, notes).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace srdf::store
