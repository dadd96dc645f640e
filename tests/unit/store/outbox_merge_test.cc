// The end of the queue, of which nothing has left, is replaced by fewer wagons: wholly or not at all.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

std::vector<std::string> Hashes(uint64_t first, uint64_t last) {
  std::vector<std::string> hashes;
  for (uint64_t s = first; s <= last; ++s) hashes.push_back(FakeHash(s));
  return hashes;
}

// The wagon that holds first..last, in the place of `first`.
WagonHeader MergedHeader(uint64_t first, uint64_t last, const std::string& branch = "merged") {
  WagonHeader h = FakeHeader(first, first == 1 ? ZeroHash() : FakeHash(first - 1), branch);
  h.last = FakeHeader(last, "").last;
  h.transactions = h.rows_before = h.statements = h.source_bytes = h.bytes_before = 0;
  for (uint64_t s = first; s <= last; ++s) {
    const WagonHeader old = FakeHeader(s, "");
    h.transactions += old.transactions;
    h.rows_before += old.rows_before;
    h.statements += old.statements;
    h.source_bytes += old.source_bytes;
    h.bytes_before += old.bytes_before;
  }
  h.rows_after = 3;
  h.payload_raw_bytes = 90;
  h.payload_compressed_bytes = 60;
  h.seal_reason = SealReason::kMerged;
  return h;
}

class MergeTest : public ::testing::Test {
 protected:
  MergeTest() : outbox_(Must(Outbox::Open(Path()))) { Must(outbox_->Reconcile(kFlow, Start())); }
  std::string Path() const { return directory_ / "outbox.db"; }

  std::unique_ptr<TailReplacement> Begin(uint64_t first, uint64_t last) {
    auto replacement = Must(outbox_->ReplaceTail(kFlow, first, Hashes(first, last)));
    Must(replacement->Append("the merged frame"));
    Must(replacement->EndWagon(MergedHeader(first, last), FakeHash(first, "merged"), last - first + 1));
    return replacement;
  }
  size_t UnsentWagons() { return Must(outbox_->GetUnsentTail(kFlow, 1000)).wagons.size(); }
  ChainTip Tip() { return Must(outbox_->GetFlow(kFlow)).tip; }
  uint64_t Count(const std::string& status) {
    for (const StatusCount& count : Must(outbox_->Counts(kFlow))) {
      if (count.status == status) return count.wagons;
    }
    return 0;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(MergeTest, TrapAWagonThatWasSentBeforeItWasStoredIsNotMerged) {
  StoreWagons(outbox_.get(), 2);
  auto writer = Must(outbox_->NewWagon(kFlow));
  Must(writer->Append(FakeFrame(3, 103)));
  const AttemptStart begun{"10.0.0.2:7104"};
  Must(writer->Commit(FakeHeader(3, FakeHash(2), ""), FakeHash(3), &begun));
  EXPECT_EQ(StatusOf(outbox_.get(), 3), "sending");
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 3)).at(0).where_to, "10.0.0.2:7104");
  EXPECT_EQ(UnsentWagons(), 0u);
  EXPECT_EQ(Begin(2, 3)->Commit("srdf").status().code(), StatusCode::kAborted);
  outbox_.reset();
  outbox_ = Must(Outbox::Open(Path()));
  EXPECT_EQ(StatusOf(outbox_.get(), 3), "pending");
  EXPECT_EQ(UnsentWagons(), 0u);
}

TEST_F(MergeTest, TheUnsentWagonsAreThoseAfterTheLastOneThatWasBegun) {
  StoreWagons(outbox_.get(), 6);
  EXPECT_EQ(UnsentWagons(), 6u);
  Deliver(outbox_.get(), 1);
  Must(outbox_->BeginAttempt(kFlow, 2));
  Must(outbox_->MarkRetry(kFlow, 2, "network: gone"));
  const UnsentTail tail = Must(outbox_->GetUnsentTail(kFlow, 1000));
  ASSERT_EQ(tail.wagons.size(), 4u);
  EXPECT_EQ(tail.wagons.front().sequence, 3u);
  EXPECT_EQ(tail.wagons.back().hash, FakeHash(6));
  EXPECT_EQ(tail.before.sequence, 2u);
  EXPECT_EQ(tail.before.hash, FakeHash(2));
  EXPECT_EQ(tail.before.position, FakeHeader(3, "").first);
  EXPECT_EQ(Must(outbox_->GetUnsentTail(kFlow, 2)).wagons.front().sequence, 5u);
}

TEST_F(MergeTest, OneWagonTakesThePlaceOfManyAndTheChainGoesOn) {
  StoreWagons(outbox_.get(), 5);
  Deliver(outbox_.get(), 1);
  const FlowTotals before = Must(outbox_->Totals(kFlow));
  const ChainTip tip = Must(Begin(2, 5)->Commit("operator"));
  EXPECT_EQ(tip, Tip());
  EXPECT_EQ(tip.sequence, 2u);
  EXPECT_EQ(tip.hash, FakeHash(2, "merged"));
  EXPECT_EQ(tip.position, FakeHeader(5, "").last);  // capture resumes where it would have
  EXPECT_EQ(Count("merged"), 4u);
  EXPECT_EQ(Count("sealed"), 1u);
  EXPECT_EQ(ReadFrame(outbox_.get(), 2, 1), "the merged frame");

  const FlowTotals after = Must(outbox_->Totals(kFlow));
  EXPECT_EQ(after.wagons, 2u);
  EXPECT_EQ(after.transactions, before.transactions);  // counted once
  EXPECT_EQ(after.rows_before, before.rows_before);
  EXPECT_EQ(after.source_bytes, before.source_bytes);
  EXPECT_EQ(after.rows_after, 7u + 3u);
  EXPECT_EQ(after.payload_compressed_bytes, 200u + 60u);

  const OutboxWagon next = *Must(outbox_->NextToSend(kFlow, 1));
  EXPECT_EQ(next.header.seal_reason, SealReason::kMerged);
  Deliver(outbox_.get(), 2);
  EXPECT_OK(outbox_->MarkApplied(kFlow, 2));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).unapplied_wagons, 0u);
  StoreWagons(outbox_.get(), 1);  // follows the merged one
  EXPECT_EQ(Tip().sequence, 3u);
}

TEST_F(MergeTest, TheOriginalsStayAndTellWhereTheyWentAndTheAuditSaysHowMuchItSaved) {
  StoreWagons(outbox_.get(), 3);
  Must(Begin(1, 3)->Commit("operator anna"));
  const std::string merged = MergedHeader(1, 3).uid;
  for (uint64_t s = 1; s <= 3; ++s) {
    const OutboxWagon old = *Must(outbox_->Find(FakeHeader(s, "").uid));
    EXPECT_EQ(old.status, DeliveryStatus::kMerged);
    EXPECT_EQ(old.merged_into, merged);
    EXPECT_TRUE(old.payload_present);
    EXPECT_EQ(Must(outbox_->ReadChunkOf(old.header.uid, 0)), FakeFrame(s, 100 + s));
  }
  const AuditEntry entry = Must(outbox_->ListAudit(kFlow, 0, 10)).at(0);
  EXPECT_EQ(entry.action, "merge");
  EXPECT_EQ(entry.actor, "operator anna");
  EXPECT_EQ(entry.uid, merged);
  EXPECT_EQ(entry.detail, "3 wagons became 1, 306 bytes became 16, 21 rows became 3");
}

TEST_F(MergeTest, WhatWasMergedIsMergedAgainAndItsFrameIsNotKept) {
  StoreWagons(outbox_.get(), 3);
  Must(Begin(1, 3)->Commit("srdf"));
  StoreWagons(outbox_.get(), 1);  // number 2
  auto again = Must(outbox_->ReplaceTail(kFlow, 1, {FakeHash(1, "merged"), FakeHash(2)}));
  WagonHeader header = MergedHeader(1, 3, "again");
  const WagonHeader last = FakeHeader(2, "");
  header.last = last.last;
  header.transactions += last.transactions;
  header.rows_before += last.rows_before;
  header.statements += last.statements;
  header.source_bytes += last.source_bytes;
  header.bytes_before += last.bytes_before;
  Must(again->Append("smaller still"));
  Must(again->EndWagon(header, FakeHash(1, "again"), 2));
  ASSERT_OK(again->Commit("srdf").status());
  const OutboxWagon middle = *Must(outbox_->Find(MergedHeader(1, 3).uid));
  EXPECT_FALSE(middle.payload_present);
  EXPECT_EQ(middle.merged_into, header.uid);
  EXPECT_EQ(Must(outbox_->ReadChunkOf(FakeHeader(3, "").uid, 0)), FakeFrame(3, 103));
  EXPECT_EQ(Must(outbox_->Totals(kFlow)).wagons, 1u);
}

TEST_F(MergeTest, TrapAWagonThatIsSentMeanwhileIsNotReplaced) {
  StoreWagons(outbox_.get(), 4);
  const auto replacement = Begin(2, 4);
  Must(outbox_->BeginAttempt(kFlow, 3));
  const auto refused = replacement->Commit("srdf");
  EXPECT_EQ(refused.status().code(), StatusCode::kAborted);
  EXPECT_NE(refused.status().message().find("wagon 3 is being sent"), std::string::npos);
  EXPECT_EQ(Tip().sequence, 4u);
  EXPECT_EQ(Count("merged"), 0u);
  EXPECT_EQ(ReadFrame(outbox_.get(), 2, 1), FakeFrame(2, 102));
  EXPECT_TRUE(Must(outbox_->ListAudit(kFlow, 0, 10)).empty());
}

TEST_F(MergeTest, AQueueThatHasGrownOrWasAdoptedMeanwhileIsNotReplaced) {
  StoreWagons(outbox_.get(), 3);
  const auto replacement = Begin(1, 3);
  StoreWagons(outbox_.get(), 1);
  EXPECT_EQ(replacement->Commit("srdf").status().code(), StatusCode::kAborted);
  const auto other = Begin(2, 4);
  Must(outbox_->Reconcile(kFlow, TipOf(FakeHeader(9, "", "theirs"), FakeHash(9, "theirs"))));
  EXPECT_EQ(other->Commit("srdf").status().code(), StatusCode::kAborted);
  EXPECT_EQ(Tip().sequence, 9u);
}

TEST_F(MergeTest, MergedWagonsThatLackATransactionOrAreNoChainAreRefused) {
  StoreWagons(outbox_.get(), 3);
  const auto refused = [&](const WagonHeader& header, size_t covers) {
    auto replacement = Must(outbox_->ReplaceTail(kFlow, 1, Hashes(1, 3)));
    Must(replacement->Append("frame"));
    Must(replacement->EndWagon(header, FakeHash(1, "merged"), covers));
    return replacement->Commit("srdf").status().code() == StatusCode::kInvalidArgument;
  };
  WagonHeader header = MergedHeader(1, 3);
  --header.transactions;
  EXPECT_TRUE(refused(header, 3));
  header = MergedHeader(1, 3);
  header.previous_hash = FakeHash(7);
  EXPECT_TRUE(refused(header, 3));
  header = MergedHeader(1, 3);
  header.last = FakeHeader(2, "").last;
  EXPECT_TRUE(refused(header, 3));
  EXPECT_TRUE(refused(MergedHeader(1, 3), 2));
  EXPECT_FALSE(refused(MergedHeader(1, 3), 3));
}

TEST_F(MergeTest, AReplacementThatIsGivenUpLeavesNothing) {
  StoreWagons(outbox_.get(), 3);
  const size_t size = SizeOfFile(Path());
  {
    auto replacement = Must(outbox_->ReplaceTail(kFlow, 1, Hashes(1, 3)));
    for (int i = 0; i < 12; ++i) Must(replacement->Append(std::string(kChunkBytes, 'x')));
  }
  EXPECT_EQ(UnsentWagons(), 3u);
  outbox_.reset();
  EXPECT_LT(SizeOfFile(Path()), size + 20 * kChunkBytes);
  outbox_ = Must(Outbox::Open(Path()));
  EXPECT_EQ(ReadFrame(outbox_.get(), 1, 1), FakeFrame(1, 101));
}

// A restored or torn file may have forgotten that a wagon was sent.
TEST_F(MergeTest, TrapWhatAnEarlierProcessStoredIsUnsentOnlyOnceTheDestinationHasAgreed) {
  StoreWagons(outbox_.get(), 3);
  outbox_.reset();
  outbox_ = Must(Outbox::Open(Path()));
  EXPECT_EQ(UnsentWagons(), 0u);
  StoreWagons(outbox_.get(), 2);
  EXPECT_EQ(UnsentWagons(), 2u);  // of these it knows itself
  Must(outbox_->Reconcile(kFlow, TipOf(FakeHeader(1, ""), FakeHash(1))));
  EXPECT_EQ(UnsentWagons(), 4u);
}

TEST_F(MergeTest, AKilledOwnerLeavesAllOldOrAllNew) {
  for (unsigned delay_us = 0; delay_us < 6000; delay_us += 250) {
    const std::string path = directory_ / ("killed-" + std::to_string(delay_us) + ".db");
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(fds[0]);
      const auto outbox = Must(Outbox::Open(path));
      Must(outbox->Reconcile(kFlow, Start()));
      StoreWagons(outbox.get(), 20);
      if (write(fds[1], "g", 1) != 1) _exit(1);
      auto replacement = Must(outbox->ReplaceTail(kFlow, 1, Hashes(1, 20)));
      for (int i = 0; i < 5; ++i) Must(replacement->Append(std::string(kChunkBytes, 'm')));
      Must(replacement->EndWagon(MergedHeader(1, 20), FakeHash(1, "merged"), 20));
      Must(replacement->Commit("srdf").status());
      pause();
    }
    close(fds[1]);
    char go = 0;
    ASSERT_EQ(read(fds[0], &go, 1), 1);
    close(fds[0]);
    usleep(delay_us);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);

    const auto outbox = Must(Outbox::Open(path));
    const ChainTip tip = Must(outbox->GetFlow(kFlow)).tip;
    const bool merged = tip.sequence == 1;
    EXPECT_EQ(tip.position, FakeHeader(20, "").last);
    EXPECT_EQ(tip.hash, merged ? FakeHash(1, "merged") : FakeHash(20));
    EXPECT_EQ(Must(outbox->GetFlow(kFlow)).unapplied_wagons, merged ? 1u : 20u);
    EXPECT_EQ(Must(outbox->Totals(kFlow)).transactions, 40u);
    EXPECT_EQ(ReadFrame(outbox.get(), 1, merged ? 5 : 1),
              merged ? std::string(5 * kChunkBytes, 'm') : FakeFrame(1, 101));
    EXPECT_EQ(Must(outbox->ListAudit(kFlow, 0, 10)).size(), merged ? 1u : 0u);
  }
}

}  // namespace
}  // namespace srdf::store
