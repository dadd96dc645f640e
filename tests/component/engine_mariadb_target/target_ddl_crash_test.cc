// DDL at a real target, whose applier, session or server ends in the middle: neither twice nor not at all.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "ddl_fixture.h"

namespace srdf::test {
namespace {

TEST(TargetDdl, RefusedMendedAndThenKilledItRunsExactlyOnce) {
  for (const char* failpoint : {"applier.after_ddl_intent", "applier.after_ddl", "applier.before_ddl_done"}) {
    SCOPED_TRACE(failpoint);
    Target t;
    t.Execute({"CREATE DATABASE d", "CREATE TABLE d.u(clash INT)"});
    const Statement statement = OrdinaryStatement("d", "CREATE TABLE u(x INT)");
    EXPECT_FALSE(ApplyDdl(t, statement).ok());
    t.Execute({"DROP TABLE d.u"});
    ASSERT_NO_FATAL_FAILURE(KillAt(&t, failpoint, statement));
    EXPECT_EQ("failed", t.Value("SELECT state FROM srdf.ddl_intent"));
    auto again = ApplyDdl(t, statement);  // a second run would be refused: u is there
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ("x", t.Value("SELECT GROUP_CONCAT(column_name) FROM information_schema.columns WHERE "
                           "table_schema='d' AND table_name='u'"));
    EXPECT_EQ("done", t.Value("SELECT state FROM srdf.ddl_intent"));
  }
}

struct CrashCase {
  const char* sql;
  std::vector<std::string> before;
  const char* check;
  const char* wanted;
};

// Statements that must run exactly once: each, killed at each step, and then applied again.
TEST(TargetDdl, KilledAtAnyStepItRunsExactlyOnce) {
  const std::vector<std::string> table = {"CREATE DATABASE d",
                                          "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(20))",
                                          "INSERT INTO d.item VALUES(1,'one')"};
  const std::vector<std::string> partitions = {"CREATE DATABASE d",
                                               "CREATE TABLE d.p(x INT) PARTITION BY RANGE(x) (PARTITION p0 "
                                               "VALUES LESS THAN (10), PARTITION p1 VALUES LESS "
                                               "THAN (20))",
                                               "CREATE TABLE d.q(x INT)", "INSERT INTO d.p VALUES(1),(11)",
                                               "INSERT INTO d.q VALUES(2),(3)"};
  const std::vector<std::string> two = {"CREATE DATABASE d", "CREATE TABLE d.a(x INT)",
                                        "CREATE TABLE d.b(y INT)"};
  const char* columns =
      "SELECT GROUP_CONCAT(table_name,'.',column_name ORDER BY table_name, ordinal_position) FROM "
      "information_schema.columns WHERE "
      "table_schema='d'";
  const CrashCase cases[] = {
      {"ALTER TABLE item ADD c2 INT", table, columns, "item.c0,item.c1,item.c2"},
      {"ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE q", partitions,
       "SELECT CONCAT((SELECT GROUP_CONCAT(x ORDER BY x) FROM d.p),'|',(SELECT GROUP_CONCAT(x) FROM d.q))",
       "2,3,11|1"},
      {"RENAME TABLE a TO c, b TO a, c TO b", two, columns, "a.y,b.x"},
      {"DROP TABLE a, b", two, columns, "NULL"},
      {"TRUNCATE TABLE item", table, "SELECT COUNT(*) FROM d.item", "0"},
      {"CREATE VIEW v AS SELECT 1 AS one", table, "SELECT one FROM d.v", "1"},
      {"DROP DATABASE d", table, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='d'",
       "0"},
      {"CREATE DATABASE e", table, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='e'",
       "1"},
      {"DROP INDEX k ON item",
       {table[0], "CREATE TABLE d.item(c0 INT, KEY k(c0))"},
       "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema='d'",
       "0"},
  };
  for (const CrashCase& c : cases) {
    for (const char* failpoint : {"applier.after_ddl_intent", "applier.after_ddl", "applier.before_ddl_done",
                                  "applier.before_commit"}) {
      SCOPED_TRACE(std::string(c.sql) + " killed at " + failpoint);
      Target t;
      t.Execute(c.before);
      ASSERT_NO_FATAL_FAILURE(KillAt(&t, failpoint, OrdinaryStatement("d", c.sql)));
      EXPECT_EQ(0u, t.Checkpoint().sequence);
      EXPECT_EQ("begun", t.Value("SELECT state FROM srdf.ddl_intent"));
      auto again = ApplyDdl(t, OrdinaryStatement("d", c.sql));
      ASSERT_TRUE(again.ok()) << again.status().ToString();
      EXPECT_EQ(c.wanted, t.Value(c.check));
      EXPECT_EQ(1u, t.Checkpoint().sequence);
      EXPECT_EQ("done", t.Value("SELECT state FROM srdf.ddl_intent"));
    }
  }
}

// TRAP 24: the objects have changed, and it was not the statement.
TEST(TargetDdl, ARefusalThatACrashKeptOffTheRecordIsNotTakenForSuccessOnceTheTargetIsMended) {
  for (const bool refused_before : {false, true}) {
    SCOPED_TRACE(refused_before);
    Target t(MariaDbServerOptions{});
    t.Execute({"CREATE DATABASE d", "CREATE TABLE d.u(clash INT)", kUntilNoDoubtOfARestart});
    const Statement statement = OrdinaryStatement("d", "CREATE TABLE u(x INT)");
    if (refused_before) {
      EXPECT_FALSE(ApplyDdl(t, statement).ok());
    }
    ASSERT_NO_FATAL_FAILURE(KillAt(&t, "applier.before_ddl_failed", statement));
    EXPECT_EQ(refused_before ? "failed" : "begun", t.Value("SELECT state FROM srdf.ddl_intent"));
    if (refused_before) {
      t.CloseSession();
      t.server().Kill();  // takes nothing of what is on record
      ASSERT_TRUE(t.server().Restart().ok());
    }
    t.Execute({"DROP TABLE d.u"});
    auto again = ApplyDdl(t, statement);
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ("x", t.Value("SELECT GROUP_CONCAT(column_name) FROM information_schema.columns WHERE "
                           "table_schema='d' AND table_name='u'"));
    EXPECT_EQ("done", t.Value("SELECT state FROM srdf.ddl_intent"));
  }
}

// … or a part of it.
TEST(TargetDdl, AReplaceThatDroppedTheOldAndWasRefusedTheNewRunsAgain) {
  Target t(MariaDbServerOptions{});
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.u(old INT)", kUntilNoDoubtOfARestart});
  const Statement statement = OrdinaryStatement(
      "d", "CREATE OR REPLACE TABLE u(x INT PRIMARY KEY, FOREIGN KEY (x) REFERENCES parent (id))");
  ASSERT_NO_FATAL_FAILURE(KillAt(&t, "applier.before_ddl_failed", statement));
  t.Execute({"CREATE TABLE d.parent(id INT PRIMARY KEY)"});
  auto again = ApplyDdl(t, statement);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ("x", t.Value("SELECT GROUP_CONCAT(column_name) FROM information_schema.columns WHERE "
                         "table_schema='d' AND table_name='u'"));
}

// Twice would be as if never; and no fingerprint tells the two tables apart.
TEST(TargetDdl, ASwapThatLeavesNoTraceInTheCatalogueIsNotRepeated) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.a(x INT) ENGINE=Aria",
             "CREATE TABLE d.b(x INT) ENGINE=Aria", "INSERT INTO d.a VALUES(1)",
             "INSERT INTO d.b VALUES(2)"});
  const Statement swap = OrdinaryStatement("d", "RENAME TABLE a TO c, b TO a, c TO b");
  ASSERT_NO_FATAL_FAILURE(KillAt(&t, "applier.after_ddl", swap));
  auto again = ApplyDdl(t, swap);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ("2,1", t.Value("SELECT CONCAT((SELECT x FROM d.a), ',', (SELECT x FROM d.b))"));
}

TEST(TargetDdl, ASessionKilledDuringAnAlterLeavesNoDoubt) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(200)) ENGINE=InnoDB",
             "USE d", "INSERT INTO item SELECT seq, REPEAT('x',200) FROM seq_1_to_60000"});
  std::jthread killer([&] {
    const std::string id = WaitForValue(
        &t,
        "SELECT IFNULL((SELECT MAX(id) FROM information_schema.processlist WHERE info LIKE 'ALTER "
        "TABLE item%'), '')",
        "");
    if (!id.empty()) t.Execute({"KILL CONNECTION " + id});
  });
  const Statement statement = OrdinaryStatement("d", "ALTER TABLE item ADD INDEX (c1), ALGORITHM=COPY");
  const auto lost = ApplyDdl(t, statement);
  killer.join();
  EXPECT_EQ(lost.status().code(), StatusCode::kUnavailable) << lost.status().ToString();
  t.CloseSession();
  auto again = ApplyDdl(t, statement);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema='d' AND "
                         "column_name='c1'"));
}

TEST(TargetDdl, AHalfDoneDropIsFinished) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.a(x INT)", "CREATE TABLE d.b(y INT)"});
  ASSERT_NO_FATAL_FAILURE(
      KillAt(&t, "applier.after_ddl_intent", OrdinaryStatement("d", "/* from the app */ DROP TABLE a, b")));
  t.Execute({"DROP TABLE d.a"});  // as a server that died between the two
  ASSERT_DDL(t, "d", "/* from the app */ DROP TABLE a, b");
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='d'"));
}

// TRAP 24: of statements that are not atomic, the server dead in the middle leaves a half. The select holds
// the replace between its drop of the old table and the new one.
TEST(TargetDdl, TrapAReplaceWhoseServerOrSessionDiedAfterItsDropRunsAgain) {
  for (const bool server_dies : {true, false}) {
    SCOPED_TRACE(server_dies ? "server dies" : "session dies");
    Target t(MariaDbServerOptions{});
    t.Execute({"CREATE DATABASE d", "CREATE TABLE d.u(old INT)", "CREATE TABLE d.pause(seconds INT)",
               "INSERT INTO d.pause VALUES(60)"});
    std::jthread killer([&] {
      const std::string id = WaitForValue(
          &t,
          "SELECT IFNULL((SELECT MAX(id) FROM information_schema.processlist WHERE state='User sleep'), '')",
          "");
      if (server_dies) {
        kill(t.server().pid(), SIGKILL);
      } else if (!id.empty()) {
        t.Execute({"KILL CONNECTION " + id});
      }
    });
    const Statement statement =
        OrdinaryStatement("d", "CREATE OR REPLACE TABLE u AS SELECT SLEEP(seconds) AS x FROM pause");
    const auto lost = ApplyDdl(t, statement);
    killer.join();
    ASSERT_EQ(lost.status().code(), StatusCode::kUnavailable) << lost.status().ToString();
    t.CloseSession();
    if (server_dies) {
      t.server().Kill();
      ASSERT_TRUE(t.server().Restart().ok());
    }
    ASSERT_EQ("0", t.Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='d' AND "
                           "table_name='u'"));
    t.Execute({"DELETE FROM d.pause"});
    auto again = ApplyDdl(t, statement);
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ("x", t.Value("SELECT GROUP_CONCAT(column_name) FROM information_schema.columns WHERE "
                           "table_schema='d' AND table_name='u'"));
  }
}

TEST(TargetDdl, TrapAHalfThatADeadServerLeftIsMadeWhole) {
  const std::string partitions =
      "CREATE TABLE d.p(x INT) PARTITION BY RANGE(x) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 "
      "VALUES "
      "LESS THAN (20))";
  struct {
    const char* sql;
    std::vector<std::string> before;
    const char* half;
    const char* check;
    const char* wanted;
  } const cases[] = {
      {"CREATE OR REPLACE TABLE a(x INT);",  // nothing can be put behind it
       {"CREATE TABLE d.a(old INT)"},
       "DROP TABLE d.a",
       "SELECT GROUP_CONCAT(column_name) FROM information_schema.columns WHERE table_schema='d'",
       "x"},
      {"CREATE OR REPLACE DATABASE e",
       {"CREATE DATABASE e"},
       "DROP DATABASE e",
       "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='e'",
       "1"},
      {"CREATE OR REPLACE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 2",
       {"CREATE FUNCTION d.f() RETURNS INT DETERMINISTIC RETURN 1"},
       "DROP FUNCTION d.f",
       "SELECT d.f()",
       "2"},
      {"TRUNCATE TABLE p",
       {partitions, "INSERT INTO d.p VALUES(1),(11)"},
       "ALTER TABLE d.p TRUNCATE PARTITION p0",
       "SELECT COUNT(*) FROM d.p",
       "0"},
      {"ALTER TABLE p TRUNCATE PARTITION p0, p1",
       {partitions, "INSERT INTO d.p VALUES(1),(11)"},
       "ALTER TABLE d.p TRUNCATE PARTITION p0",
       "SELECT COUNT(*) FROM d.p",
       "0"},
      {"SET STATEMENT lock_wait_timeout=10 FOR DROP TABLE a, b",
       {"CREATE TABLE d.a(x INT)", "CREATE TABLE d.b(x INT)"},
       "DROP TABLE d.a",
       "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='d'",
       "0"},
  };
  Target t(MariaDbServerOptions{});
  for (const auto& c : cases) {
    SCOPED_TRACE(c.sql);
    t.Execute({"CREATE OR REPLACE DATABASE d"});
    t.Execute(c.before);
    const Statement statement = OrdinaryStatement("d", c.sql);
    ASSERT_NO_FATAL_FAILURE(KillAt(&t, "applier.after_ddl_intent", statement));
    t.Execute({c.half});
    t.server().Kill();
    ASSERT_TRUE(t.server().Restart().ok());
    auto again = ApplyDdl(t, statement);
    EXPECT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ(c.wanted, t.Value(c.check));
  }
}

TEST(TargetDdl, AStatementStillRunningFromALostConnectionIsWaitedFor) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY)"});
  auto other = t.server().ConnectOrDie();
  ASSERT_EQ("1", other->QueryValue("SELECT GET_LOCK('srdf.ddl.shop', 0)").value());
  std::jthread release([&] {
    // Until the applier waits for the lock.
    WaitForValue(&t, "SELECT COUNT(*) FROM information_schema.processlist WHERE state='User lock'", "0");
    EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='d'"));
    ASSERT_TRUE(other->Execute("SELECT RELEASE_LOCK('srdf.ddl.shop')").ok());
  });
  ASSERT_DDL(t, "d", "ALTER TABLE item ADD c1 INT");
  release.join();
}

TEST(TargetDdl, TheServerKilledDuringALongAlterIsResolved) {
  Target t(MariaDbServerOptions{});
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(200)) ENGINE=InnoDB",
             "USE d", "INSERT INTO item SELECT seq, REPEAT('x',200) FROM seq_1_to_60000"});
  std::jthread killer([&] {
    WaitForValue(
        &t, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'ALTER TABLE item%'", "0");
    kill(t.server().pid(), SIGKILL);
  });
  auto lost =
      ApplyDdl(t, OrdinaryStatement("d", "ALTER TABLE item MODIFY c1 CHAR(220), ADD c2 INT, ALGORITHM=COPY"));
  killer.join();
  ASSERT_FALSE(lost.ok());
  t.CloseSession();
  t.server().Kill();
  ASSERT_TRUE(t.server().Restart().ok());
  ASSERT_DDL(t, "d", "ALTER TABLE item MODIFY c1 CHAR(220), ADD c2 INT, ALGORITHM=COPY");
  EXPECT_EQ("60000", t.Value("SELECT COUNT(*) FROM d.item WHERE c2 IS NULL"));
}

// What others do at the target between intent and statement must not be taken for the statement's own doing.
TEST(TargetDdl, AnotherSessionsDdlDoesNotMakeItBeSkipped) {
  struct {
    const char* sql;
    const char* check;
    const char* wanted;
  } const cases[] = {
      {"TRUNCATE TABLE item", "SELECT COUNT(*) FROM d.item", "0"},
      {"ALTER TABLE item ADD c2 INT",
       "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='d' AND table_name='item'", "3"},
      {"CREATE TABLE other LIKE item",
       "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='d' AND table_name='other'", "2"},
      {"CREATE DATABASE e", "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='e'", "1"},
      {"CREATE INDEX k ON item (c1)",
       "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema='d' AND index_name='k'", "1"},
      {"CREATE TRIGGER tr BEFORE INSERT ON item FOR EACH ROW SET NEW.c1='t'",
       "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema='d'", "1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.sql);
    Target t;
    t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(20))",
               "CREATE TABLE d.items(x INT)", "INSERT INTO d.item VALUES(1,'one')"});
    ASSERT_NO_FATAL_FAILURE(KillAt(&t, "applier.after_ddl_intent", OrdinaryStatement("d", c.sql)));
    t.Execute({"CREATE DATABASE unrelated", "CREATE TABLE unrelated.item(x INT)", "CREATE DATABASE tem",
               "ALTER TABLE d.items ADD y INT", "TRUNCATE TABLE d.items", "CREATE TABLE d.more(x INT)",
               "CREATE VIEW d.v AS SELECT 1"});
    auto again = ApplyDdl(t, OrdinaryStatement("d", c.sql));
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ(c.wanted, t.Value(c.check));
  }
}

}  // namespace
}  // namespace srdf::test
