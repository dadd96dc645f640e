#include "capture/copy_runner.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "capture/copy_plan.h"
#include "unit/capture/fake_stream.h"

namespace srdf::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

FakeTable Rows(int count, bool keyed = true) {
  FakeTable table;
  table.keyed = keyed;
  for (int i = 0; i < count; ++i) {
    const std::string key(1, static_cast<char>('a' + i));
    table.rows.emplace_back(keyed ? key : std::string(), "image " + key);
  }
  return table;
}

class CopyRunnerTest : public ::testing::Test {
 protected:
  ~CopyRunnerTest() override {
    if (gate_ == nullptr) return;
    session_.Cancel();
    gate_->Close();
    runner_.reset();
  }

  void Plan(bool schema_done = true) {
    auto tables = (*source_.OpenSnapshot())->ListTables();
    copy_ = *PlanCopy("p", *tables, {}, source_.keys_);
    copy_.schema_done = schema_done;
  }
  void Begin(size_t readers = 1, uint64_t chunk_bytes = 14) {
    session_.resume_.copy = *EncodeCopyState(copy_);
    gate_ = *StreamGate::New(&source_, &session_);
    runner_ = std::make_unique<CopyRunner>("shop", &source_, &session_, gate_);
    runner_->Begin({readers, chunk_bytes});
  }
  bool WaitUntil(const std::function<bool()>& done) {
    const auto deadline = steady_clock::now() + seconds(20);
    while (!done()) {
      if (steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }
  bool WaitForEnd() {
    return WaitUntil([&] { return !gate_->copy().has_value(); });
  }

  FakeSnapshots source_;
  FakeFeedSession session_;
  CopyState copy_;
  std::shared_ptr<StreamGate> gate_;
  std::unique_ptr<CopyRunner> runner_;
};

TEST_F(CopyRunnerTest, ATableIsCopiedRangeByRangeAndLeavesTheListWithTheLast) {
  source_.SetTable("t", Rows(5));
  Plan();
  Begin();
  ASSERT_TRUE(WaitForEnd());
  EXPECT_EQ(
      session_.sent(),
      "[copy (..b] rows tx2 | 7 state [copy (b..d] rows tx2 | 7 state [copy (d..] rows tx1 | 7 no copy ");
}

TEST_F(CopyRunnerTest, ACopyGoesOnBehindItsCursor) {
  source_.SetTable("t", Rows(5));
  Plan();
  FakeFeedSession first;
  {
    CopyTableRefs refs;
    first.resume_.copy = *EncodeCopyState(copy_);
    auto gate = *StreamGate::New(&source_, &first);
    CopyContext context{&source_, gate, &refs, 14, {steady_clock::now() + seconds(20), nullptr}};
    ASSERT_TRUE(CopyNextRange(context, copy_.tables[0]).ok());
    copy_ = *gate->copy();
    gate->Close();
  }
  EXPECT_EQ(copy_.tables[0].cursor, "b");
  EXPECT_EQ(copy_.tables[0].phase, CopyPhase::kCopying);
  Begin(1, 1000);
  ASSERT_TRUE(WaitForEnd());
  EXPECT_EQ(session_.sent(), "[copy (b..] rows tx3 | 7 no copy ");
}

TEST_F(CopyRunnerTest, AnEmptyTableIsClearedAtTheTarget) {
  source_.SetTable("t", Rows(0));
  Plan();
  Begin();
  ASSERT_TRUE(WaitForEnd());
  EXPECT_EQ(session_.sent(), "[copy (..] | 7 no copy ");
}

TEST_F(CopyRunnerTest, ATableWithoutAKeyGoesOutInPiecesAtOnePlaceWhileTheStreamWaits) {
  source_.SetTable("log", Rows(3, false));
  Plan();
  source_.SetSnapshots({8});
  Begin(1, 1);
  const std::string transaction = [] {
    std::string body, out;
    EncodeTransactionBegin({At(8).gtid, 0}, &body);
    AppendRecord(RecordType::kTransactionBegin, body, &out);
    body.clear();
    EncodeTransactionEnd({At(8), 0}, &body);
    AppendRecord(RecordType::kTransactionEnd, body, &out);
    return out;
  }();
  ASSERT_TRUE(gate_->Consume(transaction, true).ok());
  ASSERT_TRUE(WaitForEnd());
  const std::string sent = session_.sent();
  EXPECT_EQ(sent.substr(sent.find("| 8 ")),
            "| 8 [copy (..] rows logx1 | 8 [more rows logx1 | 8 [more rows logx1 | 8 [more | 8 no copy ");
}

// Its rows may be at the source under another name: nobody but a statement takes it from the list.
TEST_F(CopyRunnerTest, ATableThatIsGoneWithoutAStatementIsAProblem) {
  source_.SetTable("a", Rows(1));
  source_.SetTable("t", Rows(1));
  Plan();
  source_.DropTable("a");
  Begin();
  ASSERT_TRUE(WaitUntil([&] {
    const auto problems = runner_->GetStatus().problems;
    return problems.size() == 1 && problems[0].code() == StatusCode::kNotFound &&
           problems[0].message().find("shop.a is not at the source") != std::string::npos;
  }));
  ASSERT_TRUE(WaitUntil([&] { return gate_->copy()->tables.size() == 1; }));
  EXPECT_EQ(gate_->copy()->tables[0].table, "a");
  // The statement comes after all.
  ASSERT_TRUE(gate_->Consume(StatementOf(8, "DROP a"), true).ok());
  ASSERT_TRUE(WaitForEnd());
  EXPECT_EQ(session_.sent(), "[copy (..] rows tx1 | 7 state T8 statement | 8 no copy ");
  EXPECT_TRUE(runner_->GetStatus().problems.empty());
}

TEST_F(CopyRunnerTest, AChildIsNotBegunBeforeItsParentIsDone) {
  source_.SetTable("a_child", Rows(1));
  source_.SetTable("parent", Rows(5));
  source_.keys_ = {{{"shop", "parent"}, {"shop", "a_child"}}};
  Plan();
  Begin(3);
  ASSERT_TRUE(WaitForEnd());
  EXPECT_EQ(session_.sent(),
            "[copy (..b] rows parentx2 | 7 state [copy (b..d] rows parentx2 | 7 state "
            "[copy (d..] rows parentx1 | 7 state [copy (..] rows a_childx1 | 7 no copy ");
}

TEST_F(CopyRunnerTest, NothingIsReadWhileTheTargetLagsOrTheCopyIsPausedAndTheReasonIsTold) {
  source_.SetTable("t", Rows(1));
  Plan();
  copy_.paused = true;
  session_.SetDelivery({100, 100u << 20, false});
  Begin();
  ASSERT_TRUE(WaitUntil([&] { return runner_->GetStatus().waits_for == "the copy is paused"; }));
  ASSERT_TRUE(gate_
                  ->Change(
                      [](std::optional<CopyState>* copy) {
                        (*copy)->paused = false;
                        return Status();
                      },
                      {steady_clock::now() + seconds(20), nullptr})
                  .ok());
  ASSERT_TRUE(WaitUntil(
      [&] { return runner_->GetStatus().waits_for == "the target lags: 100 MiB are not applied"; }));
  EXPECT_EQ(session_.sent(), "[| 7 state ");
  session_.SetDelivery({});
  EXPECT_TRUE(WaitForEnd());
}

TEST_F(CopyRunnerTest, RowsAreRepairedByTheirKeysThoseThatAreGoneFirst) {
  source_.SetTable("t", Rows(3));
  gate_ = *StreamGate::New(&source_, &session_);
  CopyTableRefs refs;
  const CopyContext context{&source_, gate_, &refs, 0, {steady_clock::now() + seconds(20), nullptr}};
  auto copied = CopyRows(context, {"shop", "t"}, {"a", "A", "c"}, {});
  ASSERT_TRUE(copied.ok()) << copied.status().ToString();
  EXPECT_EQ(copied->found, 2u);
  EXPECT_EQ(session_.sent(), "[key A key a rows tx1 key c rows tx1 | 7 ");
}

TEST_F(CopyRunnerTest, RowsWithoutAKeyAreRepairedByTheirNumberThoseThatAreGoneFirst) {
  FakeTable log = Rows(2, false);
  log.rows.push_back(log.rows[0]);
  source_.SetTable("log", log);
  gate_ = *StreamGate::New(&source_, &session_);
  CopyTableRefs refs;
  const CopyContext context{&source_, gate_, &refs, 0, {steady_clock::now() + seconds(20), nullptr}};
  auto copied = CopyRows(context, {"shop", "log"}, {}, {"image a", "image x"});
  ASSERT_TRUE(copied.ok()) << copied.status().ToString();
  EXPECT_EQ(session_.sent(), "[copies image x=0 copies image a=2 | 7 ");
}

TEST_F(CopyRunnerTest, RowsOfATableThatIsBeingCopiedAreNotRepaired) {
  source_.SetTable("t", Rows(1));
  Plan();
  copy_.paused = true;
  Begin();
  CopyTableRefs refs;
  const CopyContext context{&source_, gate_, &refs, 0, {steady_clock::now() + seconds(20), nullptr}};
  EXPECT_EQ(CopyRows(context, {"shop", "t"}, {"a"}, {}).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace srdf::capture
