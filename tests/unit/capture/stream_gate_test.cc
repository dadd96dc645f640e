#include "capture/stream_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "unit/capture/fake_stream.h"

namespace srdf::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

std::string Transaction(int n) { return BeginOf(n) + EndOf(n); }
std::string MarkOf(const std::string& id) {
  std::string body, out;
  EncodeMark({id}, &body);
  AppendRecord(RecordType::kMark, body, &out);
  return out;
}
std::string SchemaOf(uint32_t ref, const std::string& table, bool keyed = true) {
  TableSchema schema;
  schema.key_kind = keyed ? KeyKind::kPrimary : KeyKind::kNone;
  schema.table_ref = ref;
  schema.database = "shop";
  schema.table = table;
  std::string body, out;
  EncodeTableSchema(schema, &body);
  AppendRecord(RecordType::kTableSchema, body, &out);
  return out;
}
std::string RunOf(uint32_t ref) {
  std::string out;
  RowRunWriter writer(&out);
  writer.Begin({ref, RowOp::kInsert, 0, {}, "\x01"});
  writer.Add({0, "k", {}, {}, "row"});
  writer.End();
  return out;
}

class StreamGateTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    auto gate = StreamGate::New(&source_, &session_);
    ASSERT_TRUE(gate.ok()) << gate.status().ToString();
    gate_ = *gate;
  }
  static CallLimits Soon() { return {steady_clock::now() + seconds(20), nullptr}; }
  StreamGate::PlacedSnapshot Snapshot(int at) {
    source_.SetSnapshots({at});
    auto opened = gate_->OpenSnapshot(Soon());
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return std::move(*opened);
  }

  FakeSnapshots source_;
  FakeFeedSession session_;
  std::shared_ptr<StreamGate> gate_;
};

TEST_F(StreamGateTest, WhatTheSnapshotShowsPassesFirstAndNothingBehindItPassesBeforeThePlace) {
  auto opened = Snapshot(9);
  // All in one buffer, as a reader that is behind hands it on.
  std::jthread reader(
      [&] { EXPECT_TRUE(gate_->Consume(Transaction(8) + Transaction(9) + Transaction(10), true).ok()); });
  ASSERT_TRUE(session_.WaitForSent("T9 | 9 "));
  std::this_thread::sleep_for(milliseconds(20));  // what must not pass had the time to
  EXPECT_EQ(session_.sent(), "T8 | 8 T9 | 9 ");
  ASSERT_TRUE(opened.place->Send(MarkOf("a"), nullptr, true, Soon()).ok());
  reader.join();
  EXPECT_EQ(session_.sent(), "T8 | 8 T9 | 9 [mark a | 9 T10 | 10 ");
}

TEST_F(StreamGateTest, AnIdleStreamGetsWhatBelongsWhereItStandsWithoutTheReader) {
  auto opened = Snapshot(7);
  ASSERT_TRUE(opened.place->Send(MarkOf("a"), nullptr, true, Soon()).ok());
  EXPECT_EQ(session_.sent(), "[mark a | 7 ");
}

TEST_F(StreamGateTest, ASnapshotBehindTheStreamIsTakenAgain) {
  source_.SetSnapshots({5, 6, 7});
  auto opened = gate_->OpenSnapshot(Soon());
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->snapshot->position().gtid, At(7).gtid);
}

TEST_F(StreamGateTest, ASnapshotThatNeverReachesTheStreamEndsAtTheDeadlineAndTheStreamGoesOn) {
  source_.SetSnapshots({6});
  auto opened = gate_->OpenSnapshot({steady_clock::now() + milliseconds(30), nullptr});
  EXPECT_EQ(opened.status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(gate_->Consume(Transaction(8), true).ok());
}

TEST_F(StreamGateTest, AnOpenTransactionPassesWholeBeforeTheGateIsTaken) {
  ASSERT_TRUE(gate_->Consume(BeginOf(8), false).ok());
  EXPECT_EQ(gate_->OpenSnapshot({steady_clock::now() + milliseconds(30), nullptr}).status().code(),
            StatusCode::kDeadlineExceeded);
  source_.SetSnapshots({8});
  std::jthread taker([&] {
    auto opened = gate_->OpenSnapshot(Soon());
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE(opened->place->Send(MarkOf("a"), nullptr, true, Soon()).ok());
  });
  ASSERT_TRUE(gate_->Consume(EndOf(8), true).ok());
  taker.join();
  EXPECT_EQ(session_.sent(), "T8 | 8 [mark a | 8 ");
}

TEST_F(StreamGateTest, PlacesComeInTheirOrderAndOneThatIsLetGoOfHoldsNothingUp) {
  auto first = Snapshot(8);
  auto second = Snapshot(8);
  auto third = Snapshot(9);
  std::jthread reader(
      [&] { EXPECT_TRUE(gate_->Consume(Transaction(8) + Transaction(9) + Transaction(10), true).ok()); });
  std::jthread later([&] { EXPECT_TRUE(third.place->Send(MarkOf("c"), nullptr, true, Soon()).ok()); });
  ASSERT_TRUE(session_.WaitForSent("T8 | 8 "));
  EXPECT_EQ(second.place->Send(MarkOf("b"), nullptr, true, {steady_clock::now() + milliseconds(20), nullptr})
                .code(),
            StatusCode::kDeadlineExceeded);
  first.place.reset();
  EXPECT_TRUE(second.place->Send(MarkOf("b"), nullptr, true, Soon()).ok());
  later.join();
  reader.join();
  EXPECT_EQ(session_.sent(), "T8 | 8 [mark b | 8 T9 | 9 [mark c | 9 T10 | 10 ");
}

TEST_F(StreamGateTest, SeveralPiecesAtOnePlaceStandTogether) {
  auto opened = Snapshot(8);
  std::jthread reader([&] { EXPECT_TRUE(gate_->Consume(Transaction(8) + Transaction(9), true).ok()); });
  ASSERT_TRUE(opened.place->Send(RunOf(100), nullptr, false, Soon()).ok());
  ASSERT_TRUE(opened.place->Send(RunOf(101), nullptr, true, Soon()).ok());
  reader.join();
  EXPECT_EQ(session_.sent(), "T8 | 8 [rows 100x1 | 8 [rows 101x1 | 8 T9 | 9 ");
}

TEST_F(StreamGateTest, TheEndOfTheSessionEndsEveryWait) {
  auto opened = Snapshot(8);
  std::jthread owner([&] {
    const Status sent = opened.place->Send(MarkOf("a"), nullptr, true, Soon());
    EXPECT_TRUE(sent.ok() || sent.code() == StatusCode::kUnavailable) << sent.ToString();
  });
  auto due = Snapshot(8);
  std::jthread reader([&] {
    EXPECT_EQ(gate_->Consume(Transaction(8) + Transaction(9), true).code(), StatusCode::kUnavailable);
  });
  // The first place is sent or waits; the second is never filled, so the reader waits for it.
  ASSERT_TRUE(session_.WaitForSent("T8 | 8 "));
  gate_->Interrupt({StatusCode::kUnavailable, "the feed has ended"});
  owner.join();
  reader.join();
  EXPECT_EQ(gate_->OpenSnapshot(Soon()).status().code(), StatusCode::kUnavailable);
  gate_->Close();
}

TEST_F(StreamGateTest, CloseWaitsForWhoeverStillSends) {
  auto opened = Snapshot(7);
  session_.SetFull();
  std::jthread owner([&] { (void)opened.place->Send(MarkOf("a"), nullptr, true, Soon()); });
  ASSERT_TRUE(session_.WaitForSent("mark a"));
  std::atomic<bool> closed = false;
  std::jthread closer([&] {
    gate_->Close();
    closed = true;
  });
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_FALSE(closed) << "the session would be gone while it sends";
  session_.Cancel();
  closer.join();
}

CopyState CopyOf(const std::string& table, CopyPhase phase) {
  CopyState copy;
  copy.plan = "p";
  copy.schema_done = true;
  copy.tables = {{"shop", table, phase, "", "", 0, 0, 0, 0}};
  return copy;
}

TEST_F(StreamGateTest, ChangesOfTablesThatWaitAreLeftOutUntilTheirCopyBegins) {
  // The schemas were sent before there was a copy.
  ASSERT_TRUE(gate_->Consume(BeginOf(8) + SchemaOf(1, "a") + SchemaOf(2, "b") + EndOf(8), true).ok());
  ASSERT_TRUE(gate_
                  ->Change(
                      [](std::optional<CopyState>* copy) {
                        *copy = CopyOf("a", CopyPhase::kWaiting);
                        return Status();
                      },
                      Soon())
                  .ok());
  ASSERT_TRUE(gate_->Consume(BeginOf(9) + RunOf(1) + RunOf(2) + EndOf(9), true).ok());
  EXPECT_EQ(session_.sent(), "T8 | 8 [| 8 state T9 rows 2x1 | 9 ");
  auto opened = Snapshot(9);
  ASSERT_TRUE(opened.place
                  ->Send(
                      RunOf(100),
                      [](std::optional<CopyState>* copy) {
                        (*copy)->tables[0].phase = CopyPhase::kCopying;
                        return Status();
                      },
                      true, Soon())
                  .ok());
  ASSERT_TRUE(gate_->Consume(BeginOf(10) + RunOf(1) + EndOf(10), true).ok());
  EXPECT_EQ(session_.sent(), "T8 | 8 [| 8 state T9 rows 2x1 | 9 [rows 100x1 | 9 state T10 rows 1x1 | 10 ");
}

TEST_F(StreamGateTest, ATableThatIsRenamedWhileItIsCopiedKeepsItsPlaceInTheCopy) {
  CopyState copy = CopyOf("a", CopyPhase::kCopying);
  copy.tables[0].cursor = "k";
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  Statement rename;
  rename.sql = "RENAME a TO b";
  std::string body, statement;
  EncodeStatement(rename, &body);
  AppendRecord(RecordType::kStatement, body, &statement);
  ASSERT_TRUE(gate_->Consume(BeginOf(8) + statement + EndOf(8) + Transaction(9), true).ok());
  EXPECT_EQ(session_.sent(), "T8 statement | 8 state T9 | 9 ");
  ASSERT_EQ(gate_->copy()->tables.size(), 1u);
  EXPECT_EQ(gate_->copy()->tables[0].table, "b");
  EXPECT_EQ(gate_->copy()->tables[0].cursor, "k");
}

TEST_F(StreamGateTest, TablesThatExchangeRowsWhileOneIsCopiedAreCopiedAnew) {
  CopyState copy = CopyOf("a", CopyPhase::kCopying);
  copy.tables[0].cursor = "k";
  copy.tables[0].rows = 5;
  copy.rows = 12;
  copy.tables_total = 3;
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  ASSERT_TRUE(gate_->Consume(StatementOf(8, "EXCHANGE a, b") + Transaction(9), true).ok());
  EXPECT_EQ(session_.sent(), "T8 statement | 8 state T9 | 9 ");
  const CopyState followed = *gate_->copy();
  ASSERT_EQ(followed.tables.size(), 2u);
  EXPECT_EQ(followed.tables[0].table, "a");
  EXPECT_EQ(followed.tables[0].phase, CopyPhase::kWaiting);
  EXPECT_EQ(followed.tables[0].cursor, "");
  EXPECT_EQ(followed.tables[1].table, "b");
  EXPECT_EQ(followed.tables[1].phase, CopyPhase::kWaiting);
  EXPECT_EQ(followed.rows, 7u);
  EXPECT_EQ(followed.tables_total, 4u);
  // Again, when both are listed; and not at all, when none is.
  ASSERT_TRUE(gate_->Consume(StatementOf(10, "EXCHANGE a, b"), true).ok());
  EXPECT_EQ(gate_->copy()->tables, followed.tables);
  session_.resume_.copy = *EncodeCopyState(CopyOf("other", CopyPhase::kCopying));
  Open();
  ASSERT_TRUE(gate_->Consume(StatementOf(8, "EXCHANGE a, b"), true).ok());
  EXPECT_EQ(gate_->copy()->tables.size(), 1u);
}

TEST_F(StreamGateTest, ATableThatIsDroppedLeavesTheCopyAndItsNameIsAnotherTables) {
  CopyState copy = CopyOf("a", CopyPhase::kCopying);
  copy.tables[0].cursor = "k";
  copy.tables.push_back(CopyOf("b", CopyPhase::kWaiting).tables[0]);
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  // Its name is taken over by a rename, also when no statement said that it is gone.
  ASSERT_TRUE(gate_->Consume(StatementOf(8, "RENAME a TO b"), true).ok());
  ASSERT_EQ(gate_->copy()->tables.size(), 1u);
  EXPECT_EQ(gate_->copy()->tables[0].table, "b");
  EXPECT_EQ(gate_->copy()->tables[0].cursor, "k");
  ASSERT_TRUE(gate_->Consume(StatementOf(9, "DROP a"), true).ok());
  ASSERT_TRUE(gate_->Consume(StatementOf(9, "RENAME b TO b"), true).ok());
  EXPECT_EQ(gate_->copy()->tables.size(), 1u);
  // The last one is the end of the copy, also when the transaction comes in two parts.
  const std::string last = StatementOf(10, "DROP shop");
  const size_t end = last.size() - EndOf(10).size();
  ASSERT_TRUE(gate_->Consume(last.substr(0, end), false).ok());
  EXPECT_FALSE(gate_->copy().has_value());
  ASSERT_TRUE(gate_->Consume(last.substr(end), true).ok());
  ASSERT_TRUE(gate_->Consume(Transaction(11), true).ok());
  EXPECT_EQ(session_.sent(),
            "T8 statement | 8 state T9 statement | 9 T9 statement | 9 T10 statement | 10 no copy T11 | 11 ");
}

TEST_F(StreamGateTest, ARenameThatMayHaveDoneNothingTakesNothingFromTheCopy) {
  CopyState copy = CopyOf("b", CopyPhase::kCopying);
  copy.tables[0].cursor = "k";
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  ASSERT_TRUE(gate_->Consume(StatementOf(8, "RENAME IF EXISTS x TO b"), true).ok());
  ASSERT_EQ(gate_->copy()->tables.size(), 1u);
  EXPECT_EQ(gate_->copy()->tables[0].phase, CopyPhase::kWaiting);
  EXPECT_EQ(gate_->copy()->tables[0].cursor, "");
}

// A copy without a table would be one that is not planned, and hold everything back.
TEST_F(StreamGateTest, ACopyWhoseTablesAreAllDroppedBeforeTheirDefinitionsEnds) {
  CopyState copy = CopyOf("a", CopyPhase::kWaiting);
  copy.schema_done = false;
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  ASSERT_TRUE(gate_->Consume(StatementOf(8, "DROP a") + Transaction(9), true).ok());
  EXPECT_FALSE(gate_->copy().has_value());
  EXPECT_EQ(session_.sent(), "T8 statement | 8 no copy T9 | 9 ");
  // Of all tables: their definitions are still to come, and with them the list.
  copy.all_tables = true;
  copy.started_at_ms = 1;
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  ASSERT_TRUE(gate_->Consume(StatementOf(8, "DROP a"), true).ok());
  EXPECT_EQ(*gate_->copy(), copy);
}

TEST_F(StreamGateTest, ATableThatHasNoKeyAnyMoreIsCopiedAnew) {
  CopyState copy = CopyOf("a", CopyPhase::kCopying);
  copy.tables[0].cursor = "k";
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  ASSERT_TRUE(gate_->Consume(BeginOf(8) + SchemaOf(1, "a") + RunOf(1) + EndOf(8), true).ok());
  EXPECT_EQ(gate_->copy()->tables[0].cursor, "k");
  ASSERT_TRUE(gate_->Consume(BeginOf(9) + SchemaOf(2, "a", false) + RunOf(2) + EndOf(9), true).ok());
  EXPECT_EQ(gate_->copy()->tables[0].phase, CopyPhase::kWaiting);
  EXPECT_EQ(gate_->copy()->tables[0].cursor, "");
  EXPECT_EQ(session_.sent(), "T8 rows 1x1 | 8 T9 | 9 state ");
}

TEST_F(StreamGateTest, StatementsAreLeftOutUntilTheTablesAreCreated) {
  CopyState copy = CopyOf("a", CopyPhase::kWaiting);
  copy.schema_done = false;
  copy.all_tables = true;
  session_.resume_.copy = *EncodeCopyState(copy);
  Open();
  std::string body, statement;
  EncodeStatement({}, &body);
  AppendRecord(RecordType::kStatement, body, &statement);
  ASSERT_TRUE(gate_->Consume(BeginOf(8) + statement + EndOf(8), true).ok());
  ASSERT_TRUE(gate_
                  ->Change(
                      [](std::optional<CopyState>* state) {
                        (*state)->schema_done = true;
                        return Status();
                      },
                      Soon())
                  .ok());
  ASSERT_TRUE(gate_->Consume(BeginOf(9) + statement + EndOf(9), true).ok());
  EXPECT_EQ(session_.sent(), "T8 | 8 [| 8 state T9 statement | 9 ");
}

TEST_F(StreamGateTest, OfACopyThatIsNotPlannedYetNoRowPasses) {
  session_.resume_.copy = *EncodeCopyState(NewCopy("p"));
  Open();
  ASSERT_TRUE(gate_->Consume(BeginOf(8) + SchemaOf(1, "a") + RunOf(1) + EndOf(8), true).ok());
  EXPECT_EQ(session_.sent(), "T8 | 8 ");
}

TEST_F(StreamGateTest, AChangeThatIsRefusedLeavesStreamAndStateAsTheyWere) {
  const Status refused = gate_->Change(
      [](std::optional<CopyState>* copy) {
        *copy = CopyState();
        return Status(StatusCode::kAborted, "no");
      },
      Soon());
  EXPECT_EQ(refused.code(), StatusCode::kAborted);
  EXPECT_FALSE(gate_->copy().has_value());
  EXPECT_EQ(session_.sent(), "");
}

}  // namespace
}  // namespace srdf::capture
