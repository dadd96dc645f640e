#include "batcher/window.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <thread>

#include "model/mark.h"
#include "model/prepared.h"
#include "model/statement.h"

namespace srdf::batcher {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Writes a feed: a table of one column, transactions of rows.
class Feed {
 public:
  std::string Schema(uint32_t ref = 1) {
    TableSchema schema;
    schema.table_ref = ref;
    schema.database = "shop";
    schema.table = "t" + std::to_string(ref);
    schema.columns.resize(1);
    std::string body, out;
    EncodeTableSchema(schema, &body);
    AppendRecord(RecordType::kTableSchema, body, &out);
    return out;
  }

  std::string Begin() {
    std::string body, out;
    EncodeTransactionBegin({"0-1-" + std::to_string(++sequence_), 1000}, &body);
    AppendRecord(RecordType::kTransactionBegin, body, &out);
    return out;
  }

  std::string Rows(size_t rows, size_t row_bytes, uint32_t ref = 1) {
    std::string out;
    RowRunWriter writer(&out);
    RowRunHeader header;
    header.table_ref = ref;
    header.op = RowOp::kInsert;
    const std::string bitmap = "\x01";
    header.bitmap_after = bitmap;
    writer.Begin(header);
    const std::string image(row_bytes, 'x');
    for (size_t i = 0; i < rows; ++i) writer.Add({0, "k", {}, {}, image});
    writer.End();
    return out;
  }

  std::string Ddl() {
    Statement statement;
    statement.sql = "ALTER TABLE t ADD c INT";
    std::string body, out;
    EncodeStatement(statement, &body);
    AppendRecord(RecordType::kStatement, body, &out);
    return out;
  }

  std::string Prepared(bool last) {
    PreparedPart part;
    part.xid = "x";
    part.number = 1;
    part.last = last;
    part.rows = 5;
    std::string body, out;
    EncodePreparedPartFront(part, &body);
    AppendRecord(RecordType::kPreparedPart, body + "packed rows", &out);
    return out;
  }
  std::string Outcome() {
    std::string body, out;
    EncodePreparedOutcome({"x", true}, &body);
    AppendRecord(RecordType::kPreparedOutcome, body, &out);
    return out;
  }

  std::string End() {
    std::string body, out;
    EncodeTransactionEnd({{"0-1-" + std::to_string(sequence_), "bin.000001", 100}, 500}, &body);
    AppendRecord(RecordType::kTransactionEnd, body, &out);
    return out;
  }

  // What capture puts between transactions: a begin without a GTID, and an end that stands where the stream
  // does.
  std::string BeginBetween() {
    std::string body, out;
    EncodeTransactionBegin({"", 1000}, &body);
    AppendRecord(RecordType::kTransactionBegin, body, &out);
    return out;
  }
  std::string EndBetween(const std::optional<std::string>& copy = {}) {
    TransactionEnd end{{"0-1-" + std::to_string(sequence_), "bin.000001", 100}, 0, copy.has_value()};
    end.position.copy = copy.value_or("");
    std::string body, out;
    EncodeTransactionEnd(end, &body);
    AppendRecord(RecordType::kTransactionEnd, body, &out);
    return out;
  }
  std::string MarkRecord(const std::string& id) {
    std::string body, out;
    EncodeMark({id}, &body);
    AppendRecord(RecordType::kMark, body, &out);
    return out;
  }
  std::string Range(uint32_t ref = 1) {
    std::string body, out;
    EncodeRangeCopy({ref, RangeCopyKind::kRange, "a", "z", 0}, &body);
    AppendRecord(RecordType::kRangeCopy, body, &out);
    return out;
  }

  // Begin counts, so it must come before End: one statement each.
  std::string Transaction(size_t rows = 1, size_t row_bytes = 10) {
    std::string out = Begin();
    out += Rows(rows, row_bytes);
    out += End();
    return out;
  }
  std::string DdlTransaction() {
    std::string out = Begin();
    out += Ddl();
    out += End();
    return out;
  }

 private:
  int sequence_ = 0;
};

class WindowTest : public ::testing::Test {
 protected:
  // The parts are made from left to right: the feed counts its transactions.
  void Append(Window* window, std::initializer_list<std::string> parts) {
    std::string records;
    for (const std::string& part : parts) records += part;
    const Status s = window->Append(std::move(records), stop_.get_token());
    ASSERT_TRUE(s.ok()) << s.ToString();
  }
  // A group that is due at once; fails the test when there is none within the deadline.
  Group Take(Window* window) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    std::optional<Group> group;
    while (!group.has_value() && !stop_.stop_requested() && window->WaitUntil(deadline, stop_.get_token())) {
      group = window->TakeNow();
      if (!group.has_value() && window->IsDrained()) break;
    }
    if (!group.has_value()) {
      ADD_FAILURE() << "no group became due";
      return {};
    }
    window->Done();
    return std::move(*group);
  }

  Feed feed_;
  std::stop_source stop_;
};

TEST_F(WindowTest, QuietFlowWithAReadyDestinationSealsEachCommitAtOnce) {
  Window window({});
  window.SetDestinationReady(true);
  Append(&window, {feed_.Schema(), feed_.Transaction()});
  const Group first = Take(&window);
  EXPECT_EQ(first.reason, SealReason::kAdaptive);
  EXPECT_EQ(first.counts.transactions, 1u);
  EXPECT_EQ(first.end.last.gtid, "0-1-1");
  Append(&window, {feed_.Transaction()});
  EXPECT_EQ(Take(&window).end.last.gtid, "0-1-2");
}

TEST_F(WindowTest, BusyDestinationLetsTransactionsGatherIntoOneGroup) {
  Window window({});
  Append(&window, {feed_.Schema()});
  for (int i = 0; i < 100; ++i) Append(&window, {feed_.Transaction(2)});
  EXPECT_EQ(window.GetStatus().open.transactions, 100u);
  window.SetDestinationReady(true);
  const Group group = Take(&window);
  EXPECT_EQ(group.counts.transactions, 100u);
  EXPECT_EQ(group.counts.rows, 200u);
  EXPECT_EQ(group.first_gtid, "0-1-1");
  EXPECT_EQ(group.end.last_gtid, "0-1-100");
  EXPECT_EQ(group.part.schemas.size(), 1u);
}

TEST_F(WindowTest, ABusyFeedIsGatheredForAWhileEvenThoughTheDestinationWaits) {
  Window window({});
  window.TellOfAppends(false);
  window.SetDestinationReady(true);
  Append(&window, {feed_.Schema()});
  uint64_t transactions = 0, groups = 0, gathered = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  for (auto now = end - std::chrono::milliseconds(300); now < end; now = std::chrono::steady_clock::now()) {
    Append(&window, {feed_.Transaction()});
    ++transactions;
    if (const auto group = window.TakeSmall(1u << 30)) {
      ++groups;
      gathered += group->counts.transactions;
      window.Done();
    }
  }
  EXPECT_LT(groups * 3, transactions * 2) << "a third of the time it was busy, and gathered";
  // What is left becomes due by itself.
  while (gathered < transactions) gathered += Take(&window).counts.transactions;
  EXPECT_EQ(gathered, transactions);
}

TEST_F(WindowTest, AFullWindowIsTakenAlthoughTheFeedThatWaitsForRoomHasNotReturned) {
  WindowLimits limits;
  limits.adaptive = false;
  limits.bytes_max = 4096;
  Window window(limits);
  window.TellOfAppends(false);
  std::string records = feed_.Schema();
  for (int i = 0; i < 500; ++i) records += feed_.Transaction(2);
  auto fed = std::async(std::launch::async, [&] {
    const bool all = window.Append(std::move(records), stop_.get_token()).ok();
    window.EndFeed();
    return all;
  });
  uint64_t transactions = 0;
  while (!window.IsDrained()) {
    if (!window.WaitUntil(std::chrono::steady_clock::now() + seconds(10), stop_.get_token())) {
      ADD_FAILURE() << "nobody was told of a full window";
      stop_.request_stop();
      break;
    }
    while (const auto group = window.TakeNow()) {
      transactions += group->counts.transactions;
      window.Done();
    }
  }
  EXPECT_TRUE(fed.get());
  EXPECT_EQ(transactions, 500u);
}

TEST_F(WindowTest, TransactionIsNeverSplitOverGroups) {
  Window window({});
  window.SetDestinationReady(true);
  Append(&window, {feed_.Schema(), feed_.Transaction(), feed_.Begin(), feed_.Rows(3, 10)});
  const Group first = Take(&window);
  EXPECT_EQ(first.counts.rows, 1u);
  EXPECT_EQ(window.GetStatus().open.transactions, 0u);
  Append(&window, {feed_.Rows(2, 10), feed_.End()});
  const Group second = Take(&window);
  EXPECT_EQ(second.counts.rows, 5u);
  EXPECT_EQ(second.part.schemas.size(), 1u);
}

TEST_F(WindowTest, DdlIsAGroupOfItsOwnBetweenWhatCameBeforeAndAfter) {
  Window window({});
  Append(&window, {feed_.Schema(), feed_.Transaction(), feed_.DdlTransaction(), feed_.Transaction()});
  const Group before = Take(&window);
  EXPECT_EQ(before.reason, SealReason::kStatement);
  EXPECT_EQ(before.counts.rows, 1u);
  const Group ddl = Take(&window);
  EXPECT_EQ(ddl.reason, SealReason::kStatement);
  EXPECT_EQ(ddl.counts.statements, 1u);
  EXPECT_EQ(ddl.counts.transactions, 1u);
  EXPECT_EQ(ddl.part.statements.size(), 1u);
  window.SetDestinationReady(true);
  EXPECT_EQ(Take(&window).end.last.gtid, "0-1-3");
}

TEST_F(WindowTest, EventLimitClosesTheGroupWithoutADestination) {
  WindowLimits limits;
  limits.events_max = 10;
  Window window(limits);
  Append(&window, {feed_.Schema()});
  for (int i = 0; i < 4; ++i) Append(&window, {feed_.Transaction(5)});
  EXPECT_EQ(Take(&window).reason, SealReason::kMaxEvents);
  EXPECT_EQ(Take(&window).counts.rows, 10u);
}

TEST_F(WindowTest, TransactionOfManyTinyRowsIsHugeToo) {
  WindowLimits limits;
  limits.events_max = 100;
  Window window(limits);
  auto fed = std::async(std::launch::async, [&] {
    Append(&window, {feed_.Schema(), feed_.Begin()});
    for (int i = 0; i < 100; ++i) Append(&window, {feed_.Rows(50, 1)});
    Append(&window, {feed_.End()});
  });
  const Group huge = Take(&window);
  EXPECT_EQ(huge.reason, SealReason::kHugeTransaction);
  ASSERT_NE(huge.huge, nullptr);
  for (;;) {
    auto part = huge.huge->Pop(stop_.get_token());
    ASSERT_TRUE(part.has_value());
    if (part->end == nullptr) continue;
    EXPECT_EQ(part->end->rows, 5000u);
    break;
  }
  fed.get();
}

TEST_F(WindowTest, ByteLimitClosesBeforeTheTransactionThatWouldPassIt) {
  WindowLimits limits;
  limits.bytes_max = 10000;
  Window window(limits);
  Append(&window, {feed_.Schema(), feed_.Transaction(1, 6000)});
  Append(&window, {feed_.Transaction(1, 6000)});
  const Group group = Take(&window);
  EXPECT_EQ(group.reason, SealReason::kMaxBytes);
  EXPECT_EQ(group.counts.transactions, 1u);
}

TEST_F(WindowTest, AgeLimitSealsWhenTheDestinationStaysAway) {
  WindowLimits limits;
  limits.age_max = milliseconds(50);
  Window window(limits);
  Append(&window, {feed_.Schema(), feed_.Transaction()});
  EXPECT_EQ(Take(&window).reason, SealReason::kMaxAge);
}

TEST_F(WindowTest, OnCommitModeMakesAGroupOfEveryTransaction) {
  WindowLimits limits;
  limits.adaptive = false;
  limits.on_commit = true;
  Window window(limits);
  Append(&window, {feed_.Schema(), feed_.Transaction(), feed_.Transaction()});
  EXPECT_EQ(Take(&window).counts.transactions, 1u);
  EXPECT_EQ(Take(&window).reason, SealReason::kOnCommit);
}

TEST_F(WindowTest, ManualSealClosesWhatIsThereAndLeavesAnEmptyWindowAlone) {
  Window window({});
  EXPECT_FALSE(window.CloseNow(SealReason::kManual));
  Append(&window, {feed_.Schema(), feed_.Transaction()});
  EXPECT_TRUE(window.CloseNow(SealReason::kManual));
  EXPECT_EQ(Take(&window).reason, SealReason::kManual);
}

TEST_F(WindowTest, HugeTransactionArrivesInPartsWithBoundedMemory) {
  WindowLimits limits;
  limits.bytes_max = 4u << 20;
  Window window(limits);
  Append(&window, {feed_.Schema(), feed_.Transaction()});
  // 64 MiB in one transaction through a window of 4 MiB: the feed must wait for the sealer on the way.
  auto fed = std::async(std::launch::async, [&] {
    Append(&window, {feed_.Begin()});
    for (int i = 0; i < 64; ++i) Append(&window, {feed_.Rows(16, 65536)});
    Append(&window, {feed_.End()});
  });
  EXPECT_EQ(Take(&window).counts.transactions, 1u);
  const Group huge = Take(&window);
  ASSERT_NE(huge.huge, nullptr);
  EXPECT_EQ(huge.reason, SealReason::kHugeTransaction);
  uint64_t rows = 0;
  size_t most = 0;
  for (;;) {
    most = std::max(most, huge.huge->bytes());
    auto part = huge.huge->Pop(stop_.get_token());
    ASSERT_TRUE(part.has_value());
    for (const auto& run : part->part.changes) rows += RowRunReader::Open(run.body())->row_count();
    if (part->end != nullptr) {
      EXPECT_EQ(part->end->rows, 1024u);
      EXPECT_EQ(part->end->last.gtid, "0-1-2");
      break;
    }
  }
  EXPECT_EQ(rows, 1024u);
  EXPECT_LE(most, 12u << 20);
  fed.get();
}

TEST_F(WindowTest, WhatIsPreparedAndItsOutcomeKeepTheirPlaceAmongRows) {
  Window window({});
  // In lines of their own: the feed counts its transactions.
  const std::string before = feed_.Transaction();
  const std::string prepare = feed_.Begin() + feed_.Prepared(true);
  const std::string prepare_end = feed_.End();
  const std::string between = feed_.Transaction();
  const std::string outcome = feed_.Begin() + feed_.Outcome();
  Append(&window, {feed_.Schema(), before, prepare, prepare_end, between, outcome, feed_.End()});
  EXPECT_TRUE(window.CloseNow(SealReason::kManual));
  const Group group = Take(&window);
  std::vector<RecordType> types;
  for (const auto& change : group.part.changes) types.push_back(change.type());
  EXPECT_EQ(types, (std::vector<RecordType>{RecordType::kRowRun, RecordType::kPreparedPart,
                                            RecordType::kRowRun, RecordType::kPreparedOutcome}));
  EXPECT_EQ(group.counts.rows, 7u);
  EXPECT_EQ(group.counts.transactions, 4u);
  Window outside({});
  EXPECT_EQ(outside.Append(feed_.Outcome(), stop_.get_token()).code(), StatusCode::kDataLoss);
  EXPECT_EQ(outside.Append(feed_.Prepared(true), stop_.get_token()).code(), StatusCode::kDataLoss);
}

// A busy feed's buffers are kept as they came; of many small ones only the rows.
TEST_F(WindowTest, RowsOfSmallBuffersMoveTogetherAndThoseOfLargeOnesStay) {
  Window window({});
  Append(&window, {feed_.Schema()});
  std::vector<std::string> sent;
  for (size_t i = 0; i < 3000; ++i) {
    const std::string rows = feed_.Rows(1, 100 + i % 50);
    sent.push_back(rows.substr(kRecordHeaderBytes));
    Append(&window, {feed_.Begin() + rows + feed_.End()});
  }
  const std::string large = feed_.Rows(1000, 100);
  sent.push_back(large.substr(kRecordHeaderBytes));
  Append(&window, {feed_.Begin() + large + feed_.End()});
  window.SetDestinationReady(true);
  const Group group = Take(&window);
  ASSERT_EQ(sent.size(), group.part.changes.size());
  for (size_t i = 0; i < sent.size(); ++i) ASSERT_EQ(sent[i], group.part.changes[i].body()) << i;
  EXPECT_LE(group.part.buffers.size(), 4u);  // some blocks and the large one
}

TEST_F(WindowTest, DrainSealsWhatIsWholeAndDropsTheRest) {
  Window window({});
  Append(&window, {feed_.Schema(), feed_.Transaction(), feed_.Begin(), feed_.Rows(1, 10)});
  window.Drain();
  EXPECT_EQ(Take(&window).reason, SealReason::kDrain);
  EXPECT_FALSE(window.TakeNow().has_value());
  EXPECT_TRUE(window.IsDrained());
}

TEST_F(WindowTest, FeedWaitsWhileClosedGroupsFillTheLimit) {
  WindowLimits limits;
  limits.bytes_max = 10000;
  Window window(limits);
  Append(&window, {feed_.Schema()});
  auto fed = std::async(std::launch::async, [&] {
    for (int i = 0; i < 100; ++i) Append(&window, {feed_.Transaction(1, 6000)});
  });
  uint64_t taken = 0;
  while (taken < 99) {
    EXPECT_LE(window.GetStatus().closed_groups, 3u);
    taken += Take(&window).counts.transactions;
  }
  fed.get();
}

TEST_F(WindowTest, MalformedFeedIsAnErrorThatSaysWhat) {
  Window window({});
  EXPECT_EQ(window.Append(feed_.Rows(1, 10), stop_.get_token()).code(), StatusCode::kDataLoss);
  Window unknown_table({});
  EXPECT_EQ(unknown_table.Append(feed_.Begin() + feed_.Rows(1, 10, 7), stop_.get_token()).code(),
            StatusCode::kDataLoss);
  Window torn({});
  std::string records = feed_.Schema() + feed_.Transaction();
  records.pop_back();
  EXPECT_EQ(torn.Append(records, stop_.get_token()).code(), StatusCode::kDataLoss);
  Window late_statement({});
  EXPECT_EQ(late_statement
                .Append(feed_.Schema() + feed_.Begin() + feed_.Rows(1, 1) + feed_.Ddl(), stop_.get_token())
                .code(),
            StatusCode::kDataLoss);
}

// Whatever the destination does, and in every mode.
TEST_F(WindowTest, AMarkIsAGroupOfItsOwnAtOnceBetweenWhatWasBeforeAndWhatComesAfter) {
  Window window({});
  Append(&window, {feed_.Schema(), feed_.Transaction(), feed_.Transaction()});
  Append(&window, {feed_.BeginBetween(), feed_.MarkRecord("m1"), feed_.EndBetween(), feed_.Transaction()});
  const Group before = Take(&window);
  EXPECT_EQ(before.counts.transactions, 2u);
  EXPECT_EQ(before.reason, SealReason::kBarrier);
  const Group mark = Take(&window);
  EXPECT_EQ(mark.reason, SealReason::kMark);
  EXPECT_EQ(mark.counts.transactions, 0u);
  EXPECT_EQ(mark.counts.ends, 1u);
  EXPECT_EQ(mark.end.last.gtid, "0-1-2");
  EXPECT_EQ(mark.first_gtid, "");
  ASSERT_EQ(mark.part.changes.size(), 1u);
  EXPECT_EQ(mark.part.changes[0].type(), RecordType::kMark);
  EXPECT_EQ(DecodeMark(mark.part.changes[0].body())->id, "m1");
  EXPECT_EQ(window.GetStatus().open.transactions, 1u);
}

TEST_F(WindowTest, RowsOfACopyKeepTheirOrderAndTheirSchemaAlsoWithoutRows) {
  WindowLimits limits;
  limits.on_commit = true;
  Window window(limits);
  Append(&window, {feed_.BeginBetween(), feed_.Schema(1), feed_.Schema(2), feed_.Range(1),
                   feed_.Rows(3, 10, 1), feed_.Range(2), feed_.EndBetween("state 1")});
  const Group copy = Take(&window);
  EXPECT_EQ(copy.reason, SealReason::kCopy);
  EXPECT_EQ(copy.counts.rows, 3u);
  EXPECT_EQ(copy.end.last.copy, "state 1");
  ASSERT_EQ(copy.part.changes.size(), 3u);
  EXPECT_EQ(copy.part.changes[0].type(), RecordType::kRangeCopy);
  EXPECT_EQ(copy.part.changes[1].type(), RecordType::kRowRun);
  EXPECT_EQ(copy.part.changes[2].type(), RecordType::kRangeCopy);
  EXPECT_EQ(copy.part.schemas.size(), 2u);
}

TEST_F(WindowTest, TheStateOfACopyHoldsUntilAnEndSetsAnother) {
  Window window({});
  window.BeginWithCopy("at the start");
  Append(&window, {feed_.Schema(), feed_.Transaction(), feed_.Transaction()});
  Append(&window, {feed_.BeginBetween(), feed_.EndBetween("later"), feed_.Transaction()});
  Append(&window, {feed_.BeginBetween(), feed_.EndBetween(""), feed_.Transaction()});
  window.SetDestinationReady(true);
  EXPECT_EQ(Take(&window).end.last.copy, "at the start");
  const Group later = Take(&window);
  EXPECT_EQ(later.end.last.copy, "later");
  EXPECT_EQ(later.reason, SealReason::kCopy);
  EXPECT_EQ(Take(&window).end.last.copy, "later");
  EXPECT_EQ(Take(&window).end.last.copy, "");
  EXPECT_EQ(Take(&window).end.last.copy, "");
}

TEST_F(WindowTest, AStatementBetweenTransactionsIsAGroupAsAnyOther) {
  Window window({});
  Append(&window, {feed_.Schema(), feed_.Transaction()});
  Append(&window, {feed_.BeginBetween(), feed_.Ddl(), feed_.EndBetween()});
  EXPECT_EQ(Take(&window).counts.transactions, 1u);
  const Group statement = Take(&window);
  EXPECT_EQ(statement.reason, SealReason::kStatement);
  EXPECT_EQ(statement.counts.statements, 1u);
  EXPECT_EQ(statement.counts.transactions, 0u);
}

TEST_F(WindowTest, ARangeThatIsLargerThanTheWindowIsOneGroupInParts) {
  WindowLimits limits;
  limits.bytes_max = 1u << 20;
  Window window(limits);
  auto fed = std::async(std::launch::async, [&] {
    Append(&window, {feed_.Schema(), feed_.BeginBetween(), feed_.Range()});
    for (int i = 0; i < 8; ++i) Append(&window, {feed_.Rows(16, 65536)});
    Append(&window, {feed_.EndBetween("state"), feed_.Transaction()});
  });
  const Group copy = Take(&window);
  ASSERT_NE(copy.huge, nullptr);
  EXPECT_EQ(copy.reason, SealReason::kCopy);
  EXPECT_EQ(copy.counts.ends, 1u);
  size_t ranges = 0, runs = 0;
  for (;;) {
    auto part = copy.huge->Pop(stop_.get_token());
    ASSERT_TRUE(part.has_value());
    for (const auto& change : part->part.changes) {
      (change.type() == RecordType::kRangeCopy ? ranges : runs)++;
      EXPECT_FALSE(part->part.schemas.empty());
    }
    if (part->end == nullptr) continue;
    EXPECT_EQ(part->end->last.copy, "state");
    EXPECT_EQ(part->end->transactions, 0u);
    break;
  }
  EXPECT_EQ(ranges, 1u);
  EXPECT_EQ(runs, 8u);
  fed.get();
  EXPECT_TRUE(window.CloseNow(SealReason::kManual));
  EXPECT_EQ(Take(&window).end.last.copy, "state");
}

TEST_F(WindowTest, MarksAndRangesInsideATransactionAreMalformed) {
  for (const std::string& record : {feed_.MarkRecord("m"), feed_.Range()}) {
    Window window({});
    Append(&window, {feed_.Schema()});
    EXPECT_EQ(window.Append(feed_.Begin() + record, stop_.get_token()).code(), StatusCode::kDataLoss);
  }
  Window window({});
  EXPECT_EQ(window.Append(feed_.MarkRecord("m"), stop_.get_token()).code(), StatusCode::kDataLoss);
  Window other({});
  const Status unknown = other.Append(feed_.BeginBetween() + feed_.Range(7), stop_.get_token());
  EXPECT_EQ(unknown.code(), StatusCode::kDataLoss) << "a range of a table whose schema was not sent";
}

}  // namespace
}  // namespace srdf::batcher
