// XA (trap 21): rows are logged when a transaction is prepared, its outcome later. What is prepared comes as
// parts, the outcome as a record of its own, whatever happens to the source in between.
#include "source_fixture.h"

namespace srdf::test {
namespace {

class XaTest : public SourceTest {
 protected:
  void Prepare(const std::string& xid, const std::vector<std::string>& statements) {
    Sql("XA START " + xid);
    for (const auto& statement : statements) Sql(statement);
    Sql("XA END " + xid);
    Sql("XA PREPARE " + xid);
  }
};

TEST_F(XaTest, WhatIsPreparedIsHeldAndItsOutcomeComesAlone) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, v INT)");
  Prepare("'one','b',7", {"INSERT INTO a VALUES (1, 1), (2, 2)", "UPDATE a SET v = 3 WHERE id = 1"});
  Sql("XA COMMIT 'one','b',7");
  Prepare("X'00ff27'", {"DELETE FROM a WHERE id = 2"});
  Sql("XA ROLLBACK X'00ff27'");
  const auto all = ReadAll();
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[2].xid, "X'6f6e65',X'62',7");
  EXPECT_EQ(all[2].rows.size(), 3u);
  EXPECT_EQ(all[2].parts, 1u);
  EXPECT_TRUE(all[2].last_part);
  EXPECT_EQ(all[3].xid, all[2].xid);
  EXPECT_EQ(all[3].outcome, "commit");
  EXPECT_TRUE(all[3].rows.empty());
  EXPECT_EQ(all[4].xid, "X'00ff27',X'',1");
  EXPECT_EQ(all[4].rows.size(), 1u);
  EXPECT_EQ(all[5].outcome, "rollback");
  EXPECT_EQ(all[5].end.gtid, LogEnd());
}

TEST_F(XaTest, OnePhaseCommitIsAnOrdinaryTransaction) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("XA START 'x'");
  Sql("INSERT INTO a VALUES (1)");
  Sql("XA END 'x'");
  Sql("XA COMMIT 'x' ONE PHASE");
  const auto all = ReadAll();
  EXPECT_EQ(all.back().xid, "");
  EXPECT_EQ(all.back().rows.size(), 1u);
}

TEST_F(XaTest, NoRowsLeaveNothingAndSavepointsAreHonoured) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const std::string from = LogEnd();
  Prepare("'empty'", {"DELETE FROM a"});
  Sql("XA COMMIT 'empty'");
  EXPECT_EQ(LogEnd(), from);
  Prepare("'s'", {"INSERT INTO a VALUES (1)", "SAVEPOINT s", "INSERT INTO a VALUES (2)", "ROLLBACK TO s",
                  "INSERT INTO a VALUES (3)"});
  Sql("XA COMMIT 's'");
  const auto all = ReadAll(from);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].rows.size(), 2u);
  EXPECT_EQ(all[0].rows[1].after, R"({"id":3})");
}

TEST_F(XaTest, RowsOfTemporaryTablesRolledBackInsideAreLeftOut) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("CREATE TEMPORARY TABLE tmp (id INT) ENGINE=MyISAM");
  const std::string from = LogEnd();
  // Makes the server log the part that was rolled back, and the ROLLBACK TO.
  Prepare("'s'", {"INSERT INTO a VALUES (1)", "SAVEPOINT s", "INSERT INTO tmp VALUES (2)",
                  "INSERT INTO a VALUES (2)", "ROLLBACK TO s", "INSERT INTO a VALUES (3)"});
  Sql("XA COMMIT 's'");
  const auto all = ReadAll(from);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].rows.size(), 2u);
}

TEST_F(XaTest, AHugePreparedTransactionComesInPartsOfWhichEachHasItsSchemas) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(1000))");
  Sql("CREATE TABLE b (id INT PRIMARY KEY)");
  const std::string from = LogEnd();
  Prepare("'huge'", {"INSERT INTO a SELECT seq, REPEAT('x', 900) FROM seq_1_to_3000",
                     "INSERT INTO b VALUES (1)", "SAVEPOINT s", "UPDATE a SET v = REPEAT('y', 900)"});
  const auto other = server().ConnectOrDie();
  ASSERT_TRUE(other->Execute("INSERT INTO t.b VALUES (2)").ok());  // with its schema again, outside
  Sql("XA COMMIT 'huge'");
  const auto all = ReadAll(from);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].rows.size(), 6001u);
  EXPECT_GT(all[0].parts, 5u);
  EXPECT_TRUE(all[0].last_part);
  EXPECT_EQ(all[1].rows.size(), 1u);
  EXPECT_EQ(all[2].outcome, "commit");
}

TEST_F(XaTest, AnOutcomeAfterARestartOfTheSourceIsRead) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Prepare("'p'", {"INSERT INTO a VALUES (1)"});
  const auto before = ReadAll();
  server().Kill();
  ASSERT_TRUE(server().Restart().ok());
  session_ = server().ConnectOrDie();
  ASSERT_EQ(session_->Query("XA RECOVER")->size(), 1u);
  Sql("XA COMMIT 'p'");
  const auto after = ReadAll(before.back().end.gtid);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].xid, before.back().xid);
  EXPECT_EQ(after[0].outcome, "commit");
}

TEST_F(XaTest, StatementsInsideStopTheFlow) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("SET SESSION binlog_format = STATEMENT");
  Prepare("'k'", {"INSERT INTO a VALUES (1)"});
  Sql("XA ROLLBACK 'k'");
  const Status status = ReadUntilError();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("INSERT INTO a"), std::string::npos);
}

}  // namespace
}  // namespace srdf::test
