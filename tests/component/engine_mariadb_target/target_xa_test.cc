// XA (trap 21) at a real target: what is prepared is held until its outcome, over sessions and wagons.
#include <gtest/gtest.h>

#include "failpoint/failpoint.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

const SimpleTable kItem{"d", "item", {"i", "v400"}};
const SimpleTable kOther{"d", "other", {"v400", "i"}};
constexpr char kXid[] = "X'61',X'',1";

class TargetXa : public testing::Test {
 protected:
  void SetUp() override {
    t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(100))",
               "CREATE TABLE d.other(c0 VARCHAR(100) NOT NULL PRIMARY KEY, c1 INT)"});
  }
  void ApplyOk(PayloadBuilder p) {
    const auto stats = t.Apply(&p);
    ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  }
  static PayloadBuilder Rows(int first, int last, size_t bytes = 1) {
    PayloadBuilder p;
    std::vector<Cells> rows;
    for (int i = first; i <= last; ++i) rows.push_back({std::to_string(i), std::string(bytes, 'x')});
    p.Insert(p.Table(kItem), rows);
    return p;
  }
  std::string Items() { return t.Value("SELECT COUNT(*) FROM d.item"); }
  std::string Held() { return t.Value("SELECT COUNT(*) FROM srdf.xa_prepared"); }

  Target t;
};

TEST_F(TargetXa, WhatIsPreparedCountsFromItsCommitOn) {
  PayloadBuilder prepare;
  prepare.Prepared(kXid, 1, false, Rows(1, 2));
  prepare.Prepared(kXid, 2, true, Rows(3, 3));
  ApplyOk(prepare);
  EXPECT_EQ("0", Items());
  EXPECT_EQ("2", Held());
  t.CloseSession();  // the applier is another one from here on
  PayloadBuilder commit;
  commit.Outcome(kXid, true);
  const auto stats = t.Apply(&commit);
  ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  EXPECT_EQ(3u, stats->rows);
  EXPECT_EQ("3", Items());
  EXPECT_EQ("0", Held());
}

TEST_F(TargetXa, ARollbackDropsWhatIsHeldAndOneOfNothingIsRight) {
  PayloadBuilder p;
  p.Prepared(kXid, 1, true, Rows(1, 2));
  p.Prepared("X'62',X'',1", 1, true, Rows(5, 5));
  p.Outcome(kXid, false);
  p.Outcome("X'7a',X'',1", false);
  ApplyOk(p);
  EXPECT_EQ("0", Items());
  EXPECT_EQ("1", Held());
}

TEST_F(TargetXa, ACommitOfNothingHeldStopsWithTheRemedyAndChangesNothing) {
  PayloadBuilder p = Rows(1, 1);
  p.Outcome(kXid, true);
  const auto stats = t.Apply(&p);
  EXPECT_EQ(StatusCode::kFailedPrecondition, stats.status().code()) << stats.status().ToString();
  EXPECT_NE(std::string::npos, stats.status().message().find(kXid));
  EXPECT_NE(std::string::npos, stats.status().remedy().find("XA RECOVER"));
  EXPECT_EQ("0", Items());
}

TEST_F(TargetXa, TheOutcomeKeepsItsPlaceAmongOtherRowsAndTheirSchemas) {
  // The held part gives table_ref 1 to item, the wagon to other.
  PayloadBuilder prepare;
  prepare.Prepared(kXid, 1, true, Rows(1, 2));
  ApplyOk(prepare);
  PayloadBuilder p;
  const uint32_t other = p.Table(kOther);
  p.Insert(other, {{"before", "1"}});
  p.Outcome(kXid, true);
  p.Insert(other, {{"after", "2"}});
  const uint32_t item = p.Table(kItem);
  p.Delete(item, {{"1", "x"}}, false);
  ApplyOk(p);
  EXPECT_EQ("1", Items());
  EXPECT_EQ("2", t.Value("SELECT COUNT(*) FROM d.other"));
}

TEST_F(TargetXa, APartLargerThanAPacketIsStoredInPieces) {
  PayloadBuilder p;
  PayloadBuilder large = Rows(1, 30000, 90);
  p.Prepared(kXid, 1, true, large);
  ApplyOk(p);
  EXPECT_GT(std::stoi(Held()), 2);
  PayloadBuilder commit;
  commit.Outcome(kXid, true);
  ApplyOk(commit);
  EXPECT_EQ("30000", Items());
}

TEST_F(TargetXa, AnXidUsedAgainMeansTheOneBeforeIsGone) {
  PayloadBuilder p;
  p.Prepared(kXid, 1, false, Rows(1, 2));
  p.Prepared(kXid, 2, true, Rows(3, 4));
  ApplyOk(p);
  PayloadBuilder again;
  again.Prepared(kXid, 1, true, Rows(9, 9));
  again.Outcome(kXid, true);
  ApplyOk(again);
  EXPECT_EQ("1", Items());
  EXPECT_EQ("0", Held());
}

TEST_F(TargetXa, AMissingPieceStopsTheFlow) {
  PayloadBuilder p;
  p.Prepared(kXid, 1, false, Rows(1, 2));
  p.Prepared(kXid, 2, true, Rows(3, 4));
  ApplyOk(p);
  for (const char* where : {"part=2", "part=1"}) {
    t.Execute({std::string("CREATE TABLE d.kept AS SELECT * FROM srdf.xa_prepared WHERE ") + where,
               std::string("DELETE FROM srdf.xa_prepared WHERE ") + where});
    PayloadBuilder commit;
    commit.Outcome(kXid, true);
    const auto stats = t.Apply(&commit);
    EXPECT_EQ(StatusCode::kDataLoss, stats.status().code()) << stats.status().ToString();
    EXPECT_EQ("0", Items());
    t.Execute({"INSERT INTO srdf.xa_prepared SELECT * FROM d.kept", "DROP TABLE d.kept"});
  }
}

TEST_F(TargetXa, TheErrorOfAHeldRowNamesTheRowAndTheTransaction) {
  PayloadBuilder prepare;
  prepare.Prepared(kXid, 1, true, Rows(1, 2));
  ApplyOk(prepare);
  t.Execute({"INSERT INTO d.item VALUES(2,'other')"});
  PayloadBuilder commit;
  commit.Outcome(kXid, true);
  const auto stats = t.Apply(&commit);
  EXPECT_EQ(StatusCode::kDivergence, stats.status().code()) << stats.status().ToString();
  EXPECT_NE(std::string::npos, stats.status().message().find("\"c0\":2"));
  EXPECT_NE(std::string::npos, stats.status().message().find("0-1-77"));
  EXPECT_EQ("1", Held());
  t.Execute({"DELETE FROM d.item"});
  commit.Rewind();
  ApplyOk(commit);
  EXPECT_EQ("2", Items());
}

TEST_F(TargetXa, ASchemaMadeByAnEarlierVersionIsUpgraded) {
  t.CloseSession();
  t.Execute({"DROP TABLE srdf.xa_prepared"});
  PayloadBuilder p;
  p.Prepared(kXid, 1, true, Rows(1, 2));
  ApplyOk(p);
  EXPECT_EQ("1", Held());
}

}  // namespace
}  // namespace srdf::test
