// The test of the test: hand-written scenarios pass, and a pipeline that is spoiled on purpose is found out.
#include <gtest/gtest.h>

#include <algorithm>

#include "differential/differential_run.h"
#include "differential/listing.h"
#include "differential/shrinker.h"

namespace srdf::differential {
namespace {

Scenario Family() {
  Scenario scenario;
  scenario.seed = 1;
  scenario.setup = {
      "CREATE DATABASE d",
      "CREATE TABLE d.p (id INT PRIMARY KEY, v INT, UNIQUE KEY (v))",
      "CREATE TABLE d.c (id INT PRIMARY KEY, p INT, f FLOAT, "
      "CONSTRAINT c_p FOREIGN KEY (p) REFERENCES d.p (id) ON DELETE CASCADE)",
      "INSERT INTO d.p VALUES (1,1),(2,2)",
      "INSERT INTO d.c VALUES (10,1,0.1),(11,1,0.2),(20,2,0.3)",
  };
  const auto add = [&scenario](const std::string& sql, bool cut = false) {
    scenario.steps.push_back({0, sql, cut});
  };
  // The tables are met once, so that what the catalogue knows of them is certain later.
  add("UPDATE d.p SET v=100 WHERE id=1");
  add("UPDATE d.c SET f=0.5 WHERE id=10", true);
  // A child moves away, then its old parent goes: the order decides whether it lives.
  add("UPDATE d.c SET p=2 WHERE id=11");
  add("DELETE FROM d.p WHERE id=1", true);
  add("BEGIN");
  add("INSERT INTO d.p VALUES (3,3),(4,4)");
  add("UPDATE d.p SET v=-3 WHERE id=3");
  add("UPDATE d.p SET v=3 WHERE id=4");
  add("UPDATE d.p SET v=4 WHERE id=3");
  add("COMMIT", true);
  add("UPDATE d.p SET v=v+10 ORDER BY v DESC");
  add("INSERT INTO d.c VALUES (30,3,1e30)");
  add("THIS IS NOT SQL");
  add("ALTER TABLE d.p ADD COLUMN w INT DEFAULT 7");
  add("INSERT INTO d.p VALUES (5,50,5)", true);
  return scenario;
}

class DifferentialTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto servers = ServerSet::Start({"native"});
    ASSERT_TRUE(servers.ok()) << servers.status().ToString();
    servers_ = std::move(servers).value().release();
  }
  static void TearDownTestSuite() {
    delete servers_;
    servers_ = nullptr;
  }
  static Outcome Run(const Scenario& scenario, const RunOptions& options, const GroupHook& hook = nullptr) {
    return DifferentialRun(servers_, scenario, options, hook).Run();
  }

  static ServerSet* servers_;
};
ServerSet* DifferentialTest::servers_ = nullptr;

TEST_F(DifferentialTest, WhatTheProductDoesRightIsEqualInLockstepAndInBacklog) {
  for (const unsigned percent : {100u, 0u, 50u}) {
    RunOptions options;
    options.capture_percent = percent;
    options.primed = percent == 100;
    const Outcome outcome = Run(Family(), options);
    EXPECT_EQ(outcome.verdict, Verdict::kEqual) << outcome.kind << "\n" << outcome.text;
    EXPECT_EQ(outcome.stats.steps_failed, 1u);
    EXPECT_GE(outcome.stats.wagons, 5u);
    EXPECT_GT(outcome.stats.rows_after, 0u);
    EXPECT_GT(outcome.stats.comparisons, outcome.stats.wagons);
  }
}

// Leaves out the last row of the group's last run.
void LoseOneRow(batcher::Group* group) {
  if (group->part.changes.empty()) return;
  std::string rewritten;
  RowRunWriter writer(&rewritten);
  auto reader = RowRunReader::Open(group->part.changes.back().body()).value();
  writer.Begin(reader.header());
  Row row;
  for (uint32_t i = 0; i + 1 < reader.row_count() && reader.Next(&row).value(); ++i) writer.Add(row);
  writer.End();
  const auto buffer = std::make_shared<const std::string>(rewritten.substr(kRecordHeaderBytes));
  group->part.buffers.push_back(buffer);
  group->part.changes.back() = batcher::GroupChange(RecordType::kRowRun, *buffer);
}

TEST_F(DifferentialTest, OneRowOfAWagonThatIsLostIsFound) {
  bool lost = false;
  const Outcome outcome = Run(Family(), {}, [&lost](batcher::Group* group) {
    if (lost || group->counts.rows < 5) return;
    LoseOneRow(group);
    lost = true;
  });
  EXPECT_TRUE(lost);
  EXPECT_EQ(outcome.verdict, Verdict::kDifferent);
  EXPECT_EQ(outcome.kind, "target native: rows differ");
  EXPECT_NE(outcome.text.find("`d`.`p`: 3 rows"), std::string::npos) << outcome.text;
}

TEST_F(DifferentialTest, ACascadeThatLeavesItsPlaceIsFound) {
  // The parent's deletion before the child's move: the child is cascaded away at the target alone.
  const Outcome outcome = Run(Family(), {}, [](batcher::Group* group) {
    std::reverse(group->part.changes.begin(), group->part.changes.end());
  });
  EXPECT_EQ(outcome.verdict, Verdict::kDifferent) << outcome.text;
}

TEST_F(DifferentialTest, AFailureShrinksToTheStepsThatMakeItAndIsReplayedFromItsListing) {
  const GroupHook lose_deletes = [](batcher::Group* group) {
    auto& runs = group->part.changes;
    runs.erase(std::remove_if(runs.begin(), runs.end(),
                              [](const batcher::GroupChange& change) {
                                const auto run = RowRunReader::Open(change.body());
                                return run.ok() && run->header().op == RowOp::kDelete;
                              }),
               runs.end());
  };
  Listing listing{Family(), {}};
  const Outcome first = Run(listing.scenario, listing.options, lose_deletes);
  ASSERT_EQ(first.verdict, Verdict::kDifferent);
  const auto still_fails = [&](const Listing& candidate) {
    const Outcome outcome = Run(candidate.scenario, candidate.options, lose_deletes);
    return outcome.verdict == Verdict::kDifferent && outcome.kind == first.kind;
  };
  const ShrinkResult shrunk = Shrink(listing, still_fails, std::chrono::seconds(60));
  EXPECT_TRUE(shrunk.minimal);
  ASSERT_EQ(shrunk.listing.scenario.steps.size(), 1u);
  EXPECT_EQ(shrunk.listing.scenario.steps[0].sql, "DELETE FROM d.p WHERE id=1");
  EXPECT_EQ(shrunk.listing.scenario.setup.size(), 3u);  // database, table, rows

  const auto read = ParseListing(ToText(shrunk.listing, first.text));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE(still_fails(*read));
}

TEST(Listing, IsReadAsItWasWritten) {
  Listing listing;
  listing.scenario.seed = 18446744073709551615u;
  listing.scenario.setup = {"CREATE TABLE t (a INT)\n-- @step is a comment here"};
  listing.scenario.steps = {{3, "CREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND", true},
                            {0, "SELECT 2", false}};
  listing.options = OptionsOf(7);
  const auto read = ParseListing(ToText(listing, "several\n-- @setup lines of remark"));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->scenario.seed, listing.scenario.seed);
  EXPECT_EQ(read->scenario.setup, listing.scenario.setup);
  ASSERT_EQ(read->scenario.steps.size(), 2u);
  EXPECT_EQ(read->scenario.steps[0].sql, listing.scenario.steps[0].sql);
  EXPECT_EQ(read->scenario.steps[0].session, 3u);
  EXPECT_TRUE(read->scenario.steps[0].cut);
  EXPECT_FALSE(read->scenario.steps[1].cut);
  EXPECT_EQ(read->options, listing.options);
}

TEST(Listing, WhatIsNotOneIsRefusedWithItsLine) {
  for (const char* text : {"-- @step session=9\nSELECT 1\n$$\n", "-- @nonsense\n", "-- @setup\nSELECT 1\n",
                           "-- @options compaction=2\n", "-- @step session=x\nSELECT 1\n$$\n"}) {
    EXPECT_EQ(ParseListing(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace srdf::differential
