// Skipped wagons in the inbox: in sequence, chained, and settled by the target's word.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "store/inbox.h"
#include "unit/store/inbox_format_1.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

const SkipDecision kDecision{"mended by hand", "alice", 1700000000123};

class InboxSkip : public ::testing::Test {
 protected:
  InboxSkip() { Reopen(); }
  void Reopen() {
    inbox_.reset();
    inbox_ = Must(Inbox::Open(directory_ / "inbox.db"));
  }
  // Wagons 1..count are here, the first `applied` of them applied.
  void Begin(int count, uint64_t applied) {
    Must(inbox_->AdoptCheckpoint(kFlow, Start()));
    ReceiveWagons(inbox_.get(), count);
    if (applied != 0) Must(inbox_->MarkApplied(kFlow, applied));
  }
  static WagonHeader Header(uint64_t sequence) {
    return FakeHeader(sequence, sequence == 1 ? ZeroHash() : FakeHash(sequence - 1));
  }
  static ChainTip Tip(uint64_t sequence) { return TipOf(Header(sequence), FakeHash(sequence)); }
  Result<SkipOutcome> Skip(uint64_t sequence) {
    return inbox_->Skip(Header(sequence), FakeHash(sequence), kDecision);
  }
  InboxFlow Flow() { return Must(inbox_->GetFlow(kFlow)); }
  InboxWagon Wagon(uint64_t sequence) { return Must(inbox_->List(kFlow, sequence + 1, 1)).front(); }

  TemporaryDirectory directory_;
  std::unique_ptr<Inbox> inbox_;
};

TEST_F(InboxSkip, AWagonThatNeverCameIsSkippedInItsTurnAndTheChainGoesOn) {
  Begin(2, 2);
  EXPECT_EQ(Skip(4).status().code(), StatusCode::kAborted);
  EXPECT_EQ(inbox_->Skip(Header(3), FakeHash(3), {"", "alice", 1}).status().code(),
            StatusCode::kInvalidArgument);
  ASSERT_OK(inbox_->BeginWagon(kFlow, 3, Header(3).uid, FakeHash(3)));
  ASSERT_OK(inbox_->AppendChunk(kFlow, 3, 0, "half of it"));
  EXPECT_EQ(Must(Skip(3)), SkipOutcome::kSkipped);
  EXPECT_EQ(Must(inbox_->GetPartial(kFlow)).sequence, 0u);
  EXPECT_EQ(Flow().tip, Tip(3));
  Reopen();
  EXPECT_EQ(Must(Skip(3)), SkipOutcome::kSkipped);
  const auto next = Must(inbox_->NextToApply(kFlow, 2));
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->status, InboxStatus::kSkipped);
  EXPECT_EQ(next->header.last, Header(3).last);
  EXPECT_FALSE(next->payload_present);
  ASSERT_TRUE(next->skip.has_value());
  EXPECT_EQ(next->skip->reason, kDecision.reason);
  EXPECT_EQ(next->skip->actor, kDecision.actor);
  EXPECT_EQ(next->skip->decided_at_ms, kDecision.decided_at_ms);
  ASSERT_OK(Receive(inbox_.get(), FakeFrame(4, 100)));
  ASSERT_OK(inbox_->MarkApplied(kFlow, 3, true));
  EXPECT_EQ(Wagon(3).status, InboxStatus::kSkipped);
  EXPECT_NE(Wagon(3).applied_at_ms, 0);
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 3))->header.sequence, 4u);
  EXPECT_EQ(Must(inbox_->Skipped(kFlow, 10)), std::vector<uint64_t>{3});
}

TEST_F(InboxSkip, AFailedWagonThatIsHereBecomesSkipped) {
  Begin(3, 1);
  ASSERT_OK(inbox_->MarkFailed(kFlow, 2, "a row is missing"));
  EXPECT_EQ(Must(Skip(2)), SkipOutcome::kSkipped);
  EXPECT_EQ(Flow().failed_sequence, 0u);
  EXPECT_EQ(Flow().tip, Tip(3));
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 1))->status, InboxStatus::kSkipped);
  // The applier's last word about its last try comes late.
  ASSERT_OK(inbox_->MarkFailed(kFlow, 2, "a row is missing"));
  EXPECT_EQ(Wagon(2).status, InboxStatus::kSkipped);
  EXPECT_EQ(Flow().failed_sequence, 0u);
}

TEST_F(InboxSkip, AnAppliedWagonIsNotSkippedAndAnotherWagonOfTheNumberIsRefused) {
  Begin(2, 2);
  EXPECT_EQ(Must(Skip(2)), SkipOutcome::kWasApplied);
  EXPECT_EQ(Wagon(2).status, InboxStatus::kApplied);
  EXPECT_EQ(inbox_->Skip(Header(2), FakeHash(2, "other"), kDecision).status().code(), StatusCode::kAborted);
  Must(inbox_->AdoptCheckpoint(kFlow, Tip(7), {}));
  EXPECT_EQ(Must(Skip(6)), SkipOutcome::kPassed);
}

TEST_F(InboxSkip, TheTargetsWordSettlesADecisionThatCameWhileTheWagonWasBeingApplied) {
  Begin(4, 1);
  Must(Skip(2));
  ASSERT_OK(inbox_->MarkApplied(kFlow, 2));  // it was applied, said on the stream
  EXPECT_EQ(Wagon(2).status, InboxStatus::kApplied);
  Must(Skip(3));
  Must(Skip(4));
  Must(inbox_->AdoptCheckpoint(kFlow, Tip(4), {4}));  // said with the checkpoint: 4 was skipped, 3 applied
  EXPECT_EQ(Wagon(3).status, InboxStatus::kApplied);
  EXPECT_EQ(Wagon(4).status, InboxStatus::kSkipped);
  EXPECT_NE(Wagon(4).applied_at_ms, 0);
  EXPECT_EQ(Must(inbox_->Skipped(kFlow, 10)), std::vector<uint64_t>{4});
}

TEST_F(InboxSkip, TheTargetsWordForSeveralWagonsSettlesTheDecisionsAmongThem) {
  Begin(5, 1);
  Must(Skip(3));
  Must(Skip(5));
  ASSERT_OK(inbox_->MarkEachApplied(kFlow, 2, 4));  // each of them was said to be applied
  EXPECT_EQ(Wagon(3).status, InboxStatus::kApplied);
  EXPECT_EQ(Wagon(4).status, InboxStatus::kApplied);
  EXPECT_EQ(Flow().applied_sequence, 4u);
  EXPECT_EQ(Wagon(5).status, InboxStatus::kSkipped);
  EXPECT_EQ(Must(inbox_->Skipped(kFlow, 10)), std::vector<uint64_t>());
}

TEST_F(InboxSkip, ATargetThatLostItsLastCommitsIsToldToSkipAgain) {
  Begin(2, 2);
  Must(Skip(3));
  ASSERT_OK(inbox_->MarkApplied(kFlow, 3, true));
  ASSERT_OK(Receive(inbox_.get(), FakeFrame(4, 100)));
  ASSERT_OK(inbox_->AdoptCheckpoint(kFlow, Tip(2), {}));
  EXPECT_EQ(Must(inbox_->NextToApply(kFlow, 2))->status, InboxStatus::kSkipped);
  EXPECT_EQ(Wagon(3).applied_at_ms, 0);
}

TEST_F(InboxSkip, ASkippedWagonStaysWhenTheOthersArePurged) {
  Begin(1, 1);
  Must(Skip(2));
  ASSERT_OK(inbox_->MarkApplied(kFlow, 2, true));
  ASSERT_OK(Receive(inbox_.get(), FakeFrame(3, 100)));
  ASSERT_OK(inbox_->MarkApplied(kFlow, 3));
  EXPECT_EQ(Must(inbox_->Purge(kFlow, INT64_MAX)), 1u);
  EXPECT_EQ(Must(inbox_->Skipped(kFlow, 10)), std::vector<uint64_t>{2});
  EXPECT_EQ(Must(Skip(2)), SkipOutcome::kSkipped);
}

TEST_F(InboxSkip, AFileOfFormat1KeepsItsWagonsAndCanSkip) {
  const std::string path = directory_ / "old.db";
  {
    SQLite::Database db(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec(kInboxFormat1);
  }
  Begin(2, 1);
  inbox_.reset();
  {
    SQLite::Database db(path, SQLite::OPEN_READWRITE);
    db.exec("ATTACH '" + (directory_ / "inbox.db") + "' AS now");
    for (const std::string table : {"flow", "wagon"}) {
      SQLite::Statement columns(db,
                                "SELECT group_concat(name, ', ') FROM pragma_table_info('" + table + "')");
      ASSERT_TRUE(columns.executeStep());
      const std::string names = columns.getColumn(0).getString();
      db.exec("INSERT INTO " + table + " (" + names + ") SELECT " + names + " FROM now." + table);
    }
    db.exec("INSERT INTO wagon_table SELECT * FROM now.wagon_table");
    db.exec("INSERT INTO wagon_chunk SELECT * FROM now.wagon_chunk");
    db.exec("INSERT INTO ack SELECT * FROM now.ack");
  }
  inbox_ = Must(Inbox::Open(path));
  EXPECT_EQ(Wagon(2).header.last, Header(2).last);
  EXPECT_EQ(Wagon(2).header.tables.size(), 2u);
  EXPECT_EQ(Flow().unapplied_wagons, 1u);
  EXPECT_EQ(Must(Skip(2)), SkipOutcome::kSkipped);
  EXPECT_EQ(Flow().unapplied_wagons, 0u);
  inbox_.reset();
  const auto shape = [](const std::string& file) {
    SQLite::Database db(file, SQLite::OPEN_READONLY);
    SQLite::Statement q(
        db,
        "SELECT group_concat(s, ';') FROM (SELECT s.type || s.name || "
        "ifnull(group_concat(c.name || c.type || ifnull(c.dflt_value, '') || c.pk), '') AS s "
        "FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c GROUP BY s.type, s.name)");
    return q.executeStep() ? q.getColumn(0).getString() : "";
  };
  EXPECT_EQ(shape(path), shape(directory_ / "inbox.db"));
  SQLite::Database db(path, SQLite::OPEN_READONLY);
  EXPECT_EQ(db.execAndGet("PRAGMA user_version").getInt(), 4);
  EXPECT_EQ(db.execAndGet("PRAGMA integrity_check").getString(), "ok");
}

}  // namespace
}  // namespace srdf::store
