// Skipping a wagon at a real target: the checkpoint moves past it in one transaction, the decision stays.
#include <gtest/gtest.h>

#include "failpoint/failpoint.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

const SimpleTable kItem{"d", "item", {"i", "v400"}};
const SkipDecision kDecision{"the row was mended by hand", "alice", 1700000000123};
constexpr char kXid[] = "X'61',X'',1";

class TargetSkip : public testing::Test {
 protected:
  void SetUp() override {
    t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(100))"});
  }
  static PayloadBuilder Row(int id) {
    PayloadBuilder p;
    p.Insert(p.Table(kItem), {{std::to_string(id), "x"}});
    return p;
  }
  void ApplyOk(PayloadBuilder p) {
    const auto stats = t.Apply(&p);
    ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  }
  void SkipOk() {
    const WagonHeader header = t.NextHeader();
    const Status skipped = t.session().Skip(header, Target::HashOf(header), kDecision);
    ASSERT_TRUE(skipped.ok()) << skipped.ToString();
    t.Advance(header);
  }
  Status Commit(const std::string& xid) {
    PayloadBuilder p;
    p.Outcome(xid, true);
    return t.Apply(&p).status();
  }

  Target t;
};

TEST_F(TargetSkip, TheCheckpointMovesTheChainHoldsAndTheDecisionStays) {
  ApplyOk(Row(1));
  WagonHeader header = t.NextHeader();
  header.tables.push_back({"d", "item", 3, 0, 0, 30, 2, 1, 0, 20});
  ASSERT_TRUE(t.session().Skip(header, Target::HashOf(header), kDecision).ok());
  t.Advance(header);
  EXPECT_EQ(2u, t.Checkpoint().sequence);
  EXPECT_EQ(header.uid, t.Checkpoint().wagon_uid);
  EXPECT_EQ("2|alice|the row was mended by hand|1700000000123|d.item: 2 inserts, 1 updates, 0 deletes\n",
            t.Value("SELECT CONCAT_WS('|', sequence, actor, reason, decided_at_ms, changes) FROM "
                    "srdf.skipped_wagon"));
  EXPECT_EQ("2", t.Value("SELECT COUNT(*) FROM srdf.apply_log"));
  ApplyOk(Row(3));
  EXPECT_EQ("1,3", t.Value("SELECT GROUP_CONCAT(c0 ORDER BY c0) FROM d.item"));
  EXPECT_EQ(std::vector<uint64_t>{2}, t.session().SkippedWagons(Target::kFlow, 1).value());
  EXPECT_TRUE(t.session().SkippedWagons(Target::kFlow, 2).value().empty());
}

TEST_F(TargetSkip, AWagonThatDoesNotFollowOrIsAppliedIsNotSkipped) {
  const WagonHeader first = t.NextHeader();
  ApplyOk(Row(1));
  EXPECT_EQ(StatusCode::kAborted, t.session().Skip(first, Target::HashOf(first), kDecision).code());
  WagonHeader gap = t.NextHeader();
  gap.sequence += 1;
  EXPECT_EQ(StatusCode::kDataLoss, t.session().Skip(gap, Target::HashOf(gap), kDecision).code());
  WagonHeader other_chain = t.NextHeader();
  other_chain.previous_hash = std::string(32, 'h');
  EXPECT_EQ(StatusCode::kDataLoss,
            t.session().Skip(other_chain, Target::HashOf(other_chain), kDecision).code());
  const WagonHeader next = t.NextHeader();
  EXPECT_EQ(StatusCode::kInvalidArgument,
            t.session().Skip(next, Target::HashOf(next), {"", "alice", 1}).code());
  EXPECT_EQ(1u, t.Checkpoint().sequence);
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM srdf.skipped_wagon"));
  ApplyOk(Row(2));
}

TEST_F(TargetSkip, AWagonThatFailedBeforeIsSkippedInTheSameSession) {
  ApplyOk(Row(1));
  auto clash = Row(1);
  ASSERT_FALSE(t.Apply(&clash).ok());
  SkipOk();
  ApplyOk(Row(2));
  EXPECT_EQ("2", t.Value("SELECT COUNT(*) FROM d.item"));
}

TEST_F(TargetSkip, AnOpenDdlIntentIsClosedAndKeptAsText) {
  PayloadBuilder p;
  p.Ddl(OrdinaryStatement("d", "CREATE TABLE item (id INT)"));
  ASSERT_FALSE(t.Apply(&p).ok());
  ASSERT_EQ("failed", t.Value("SELECT state FROM srdf.ddl_intent"));
  SkipOk();
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM srdf.ddl_intent"));
  EXPECT_EQ("failed: CREATE TABLE item (id INT)\n", t.Value("SELECT ddl FROM srdf.skipped_wagon"));
}

// TRAP 21: an outcome whose prepared rows were skipped is an error that names the skipped wagon.
TEST_F(TargetSkip, AnXaCommitOfWhatWasSkippedStopsAndNamesTheWagon) {
  SkipOk();
  const Status status = Commit(kXid);
  EXPECT_EQ(StatusCode::kFailedPrecondition, status.code()) << status.ToString();
  EXPECT_NE(std::string::npos, status.message().find("skipped: 1")) << status.ToString();
  SkipOk();  // and that wagon can be skipped too
  ApplyOk(Row(1));
}

// TRAP 21: the skipped wagon may have had the outcome of what is held, and a later transaction of its xid.
TEST_F(TargetSkip, AnXaTransactionHeldWhileAWagonWasSkippedIsInDoubtUntilAnOperatorSaysSo) {
  PayloadBuilder prepare;
  prepare.Prepared(kXid, 1, true, Row(1));
  ApplyOk(prepare);
  SkipOk();
  const Status doubt = Commit(kXid);
  EXPECT_EQ(StatusCode::kFailedPrecondition, doubt.code()) << doubt.ToString();
  EXPECT_NE(std::string::npos, doubt.message().find("before wagon 2")) << doubt.ToString();
  const size_t update = doubt.remedy().find("UPDATE srdf.xa_prepared");
  ASSERT_NE(std::string::npos, update) << doubt.ToString();
  t.Execute({doubt.remedy().substr(update, doubt.remedy().find("; then") - update)});
  const Status committed = Commit(kXid);
  EXPECT_TRUE(committed.ok()) << committed.ToString();
  EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM d.item"));
}

TEST_F(TargetSkip, ATargetOfAnEarlierProgramGetsWhatIsMissing) {
  ApplyOk(Row(1));
  t.CloseSession();
  t.Execute({"DROP TABLE srdf.skipped_wagon", "ALTER TABLE srdf.xa_prepared DROP COLUMN skipped_after"});
  SkipOk();
  EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM srdf.skipped_wagon"));
}

}  // namespace
}  // namespace srdf::test
