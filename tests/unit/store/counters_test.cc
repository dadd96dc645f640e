// The counters that make GetFlow and Counts cheap, in both stores, must equal a recount after any history.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class Recount {
 public:
  explicit Recount(const std::string& path) : db_(path, SQLite::OPEN_READONLY) {}

  int64_t One(const std::string& sql) {
    SQLite::Statement statement(db_, sql);
    return statement.executeStep() ? statement.getColumn(0).getInt64() : 0;
  }
  std::map<std::string, std::pair<int64_t, int64_t>> ByStatus() {
    std::map<std::string, std::pair<int64_t, int64_t>> counts;
    SQLite::Statement statement(db_,
                                "SELECT d.status, count(*), sum(w.frame_bytes) FROM delivery d"
                                " JOIN wagon w USING (wagon_id) WHERE w.flow = 'orders' GROUP BY 1");
    while (statement.executeStep()) {
      counts[statement.getColumn(0).getString()] = {statement.getColumn(1).getInt64(),
                                                    statement.getColumn(2).getInt64()};
    }
    return counts;
  }

 private:
  SQLite::Database db_;
};

void ExpectCountersEqualRecount(Outbox* outbox, Recount* recount) {
  const OutboxFlow flow = Must(outbox->GetFlow(kFlow));
  const auto truth = recount->ByStatus();
  std::map<std::string, std::pair<int64_t, int64_t>> told;
  for (const StatusCount& count : Must(outbox->Counts(kFlow))) {
    told[count.status] = {static_cast<int64_t>(count.wagons), static_cast<int64_t>(count.bytes)};
  }
  EXPECT_EQ(told, truth);
  int64_t unapplied = 0, bytes = 0, unacked = 0;
  for (const auto& [status, count] : truth) {
    if (status == "applied" || status == "superseded") continue;
    unapplied += count.first;
    bytes += count.second;
    if (status != "acked" && status != "failed") unacked += count.first;
  }
  EXPECT_EQ(static_cast<int64_t>(flow.unapplied_wagons), unapplied);
  EXPECT_EQ(static_cast<int64_t>(flow.unapplied_bytes), bytes);
  EXPECT_EQ(static_cast<int64_t>(flow.unacked_wagons), unacked);
  // Rows that must not outlive, or lack, each other.
  EXPECT_EQ(
      recount->One("SELECT count(*) FROM wagon_chunk WHERE wagon_id NOT IN (SELECT wagon_id FROM wagon)"), 0);
  EXPECT_EQ(recount->One("SELECT count(*) FROM wagon w WHERE chunk_count <>"
                         " (SELECT count(*) FROM wagon_chunk c WHERE c.wagon_id = w.wagon_id)"),
            0);
  EXPECT_EQ(recount->One("SELECT count(*) FROM delivery WHERE wagon_id NOT IN (SELECT wagon_id FROM wagon)"),
            0);
  EXPECT_EQ(recount->One("SELECT count(*) FROM delivery d JOIN wagon w USING (wagon_id)"
                         " WHERE (d.status = 'superseded') <> (w.superseded <> 0)"),
            0);
  EXPECT_EQ(
      recount->One("SELECT count(*) FROM dead_letter l WHERE resolved_at_ms = 0 AND NOT EXISTS (SELECT 1"
                   " FROM delivery d JOIN wagon w USING (wagon_id) WHERE w.uid = l.uid"
                   " AND d.status = 'dead_letter')"),
      0);
}

TEST(OutboxCounters, EqualARecountAfterRandomOperations) {
  const uint64_t seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return n == 0 ? 0 : random() % n; };

  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  Recount recount(directory / "outbox.db");
  uint64_t stored = 0, stored_rows = 0;
  int branch = 0;
  for (int step = 0; step < 3000 && !::testing::Test::HasFailure(); ++step) {
    const OutboxFlow flow = Must(outbox->GetFlow(kFlow));
    const uint64_t some = 1 + below(flow.tip.sequence + 1);
    // Unknown sequences give kNotFound, reconciliations may be refused: both must change nothing.
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        ASSERT_OK(Store(outbox.get(), FakeFrame(random(), 1 + below(3000)), "b" + std::to_string(branch)));
        ++stored;
        stored_rows += 10;
        break;
      case 4:
        (void)outbox->BeginAttempt(kFlow, some);
        break;
      case 5:
        (void)outbox->MarkSent(kFlow, some);
        break;
      case 6:
        (void)outbox->MarkAcked(kFlow, some, below(2) == 0 ? "accepted" : "duplicate");
        break;
      case 7:
        (void)outbox->MarkRetry(kFlow, some, "network: gone");
        break;
      case 8:
        (void)outbox->MarkDeadLetter(kFlow, some, "format: broken");
        break;
      case 9:
        (void)outbox->MarkFailed(kFlow, some, "constraint");
        break;
      case 10:
        (void)outbox->MarkApplied(kFlow, below(some));
        break;
      case 11:
        (void)outbox->Requeue(kFlow);
        break;
      case 12:
        (void)outbox->Purge(kFlow, below(2) == 0 ? INT64_MAX : 0);
        break;
      case 13: {
        if (below(3) == 0) {
          (void)outbox->Reconcile(kFlow, Start("0-1-" + std::to_string(random() % 1000000)));
          break;
        }
        ++branch;
        const uint64_t sequence = 1 + below(flow.tip.sequence + 3);
        const std::string other = "b" + std::to_string(branch);
        const auto held = Must(outbox->List(kFlow, sequence + 1, 1));
        if (below(2) == 0 && !held.empty()) {
          (void)outbox->Reconcile(kFlow, TipOf(held[0].header, held[0].hash));
        } else {
          (void)outbox->Reconcile(kFlow, TipOf(FakeHeader(sequence, "", other), FakeHash(sequence, other)));
        }
        break;
      }
    }
    if (below(200) == 0) {
      outbox.reset();
      outbox = Must(Outbox::Open(directory / "outbox.db"));
    }
    if (step % 5 == 0) ExpectCountersEqualRecount(outbox.get(), &recount);
  }
  EXPECT_EQ(Must(outbox->Totals(kFlow)).wagons, stored);
  EXPECT_EQ(Must(outbox->Totals(kFlow)).rows_before, stored_rows);
}

TEST(InboxCounters, EqualARecountAfterRandomOperations) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return n == 0 ? 0 : random() % n; };

  TemporaryDirectory directory;
  auto inbox = Must(Inbox::Open(directory / "inbox.db"));
  Must(inbox->AdoptCheckpoint(kFlow, Start()));
  Recount recount(directory / "inbox.db");
  for (int step = 0; step < 1500 && !::testing::Test::HasFailure(); ++step) {
    const InboxFlow before = Must(inbox->GetFlow(kFlow));
    const uint64_t some = 1 + below(before.tip.sequence + 1);
    switch (below(11)) {
      case 0:
      case 1:
      case 2:
        ASSERT_OK(Receive(inbox.get(), FakeFrame(random(), 1 + below(3000))));
        break;
      case 3:
        ASSERT_OK(inbox->MarkApplied(kFlow, below(some)));
        break;
      case 4:
        (void)inbox->MarkFailed(kFlow, some, "constraint");
        break;
      case 5:
        ASSERT_OK(inbox->Purge(kFlow, below(2) == 0 ? INT64_MAX : 0).status());
        break;
      case 6:
        ASSERT_OK(
            inbox->BeginWagon(kFlow, before.tip.sequence + 1, "p" + std::to_string(step), FakeHash(step)));
        ASSERT_OK(inbox->AppendChunk(kFlow, before.tip.sequence + 1, 0, FakeFrame(step, below(2000))));
        break;
      case 7:
        ASSERT_OK(inbox->DropPartial(kFlow));
        break;
      case 8: {  // at times older than what was applied, at times ahead of the tip
        const uint64_t at = below(8) == 0 ? before.tip.sequence + below(3) : some;
        (void)inbox->AdoptCheckpoint(kFlow, TipOf(FakeHeader(at, ""), FakeHash(at)));
        break;
      }
      case 9:
        ASSERT_OK(inbox->AcceptWhole(FakeHeader(before.tip.sequence + 1, before.tip.hash),
                                     FakeHash(before.tip.sequence + 1),
                                     FakeFrame(random(), 1 + below(3000))));
        break;
      case 10:
        ASSERT_OK(inbox->MarkEachApplied(kFlow, 1 + below(some), below(some)));
        break;
    }
    if (below(100) == 0) {
      inbox.reset();
      inbox = Must(Inbox::Open(directory / "inbox.db"));
    }
    const InboxFlow recent = Must(inbox->RecentFlow(kFlow));
    const InboxFlow flow = Must(inbox->GetFlow(kFlow));
    EXPECT_EQ(recent.tip, flow.tip);
    EXPECT_EQ(recent.applied_sequence, flow.applied_sequence);
    EXPECT_EQ(recent.failed_sequence, flow.failed_sequence);
    EXPECT_EQ(recent.unapplied_wagons, flow.unapplied_wagons);
    EXPECT_EQ(recent.unapplied_bytes, flow.unapplied_bytes);
    const std::string unapplied = " FROM wagon WHERE flow = 'orders' AND status IN ('accepted', 'failed')";
    EXPECT_EQ(static_cast<int64_t>(flow.unapplied_wagons), recount.One("SELECT count(*)" + unapplied));
    EXPECT_EQ(static_cast<int64_t>(flow.unapplied_bytes),
              recount.One("SELECT ifnull(sum(frame_bytes), 0)" + unapplied));
    EXPECT_EQ(
        recount.One("SELECT count(*) FROM wagon_chunk WHERE wagon_id NOT IN (SELECT wagon_id FROM wagon)"),
        0);
    EXPECT_EQ(
        recount.One("SELECT count(*) FROM wagon w WHERE frame_bytes <> (SELECT ifnull(sum(length(data)), 0)"
                    " FROM wagon_chunk c WHERE c.wagon_id = w.wagon_id)"),
        0);
    // What is not applied is exactly what follows the applied ones, without a gap.
    const auto next = inbox->NextToApply(kFlow, 0);
    ASSERT_OK(next.status());
    EXPECT_EQ(next.value().has_value(), flow.unapplied_wagons > 0);
    EXPECT_EQ(flow.tip.sequence - flow.applied_sequence, flow.unapplied_wagons);
  }
}

}  // namespace
}  // namespace srdf::store
