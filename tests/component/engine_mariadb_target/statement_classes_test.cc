// Trap 28: every kind of statement that MariaDB can log is replicated, left out by a rule, or stops the flow,
// as docs/operations/statements.md says. Each is run at a real source and sent through to a real target,
// which has to equal the source afterwards.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "applying_sink.h"

namespace srdf::test {
namespace {

enum Treatment {
  kReplicated,  // at least one statement is handed on
  kSkipped,     // what is in the log is left out by a rule
  kRows,        // its rows alone are handed on
  kNothing,     // the server does not log it
};

struct Case {
  Treatment treatment;
  std::vector<std::string> sql;  // in one session
};

const char* Name(Treatment treatment) {
  static constexpr const char* kNames[] = {"replicated", "skipped", "rows", "nothing"};
  return kNames[treatment];
}

std::vector<Case> Cases() {
  return {
      // databases
      {kReplicated, {"CREATE DATABASE e CHARACTER SET latin1"}},
      {kReplicated, {"ALTER DATABASE e COLLATE latin1_bin"}},
      {kReplicated, {"DROP DATABASE e"}},
      {kReplicated, {"CREATE OR REPLACE DATABASE e"}},
      // tables
      {kReplicated, {"CREATE TABLE a(id INT PRIMARY KEY, v INT)"}},
      {kReplicated, {"CREATE TABLE like_a LIKE a"}},
      {kReplicated, {"CREATE TABLE IF NOT EXISTS fresh(id INT)"}},
      {kNothing, {"CREATE TABLE IF NOT EXISTS fresh(id INT)"}},
      {kRows, {"INSERT INTO a VALUES(1,1),(2,2)"}},
      {kReplicated, {"CREATE TABLE sel SELECT * FROM a"}},
      {kReplicated, {"CREATE OR REPLACE TABLE sel SELECT id, v+1 AS w FROM a"}},
      {kReplicated, {"ALTER TABLE a ADD w INT DEFAULT 3, COMMENT 'x'"}},
      {kReplicated, {"ALTER ONLINE TABLE a WAIT 5 ADD x INT"}},
      {kReplicated, {"SET STATEMENT lock_wait_timeout=3 FOR ALTER TABLE a DROP x"}},
      {kReplicated, {"/*!40000 ALTER TABLE a DISABLE KEYS */"}},
      {kReplicated, {"ALTER TABLE a RENAME TO e.a"}},
      {kReplicated, {"ALTER TABLE e.a RENAME d.a"}},
      {kReplicated, {"RENAME TABLE a TO b, b TO a"}},
      {kNothing, {"ALTER TABLE IF EXISTS nosuch ADD x INT"}},
      {kReplicated, {"CREATE UNIQUE INDEX i ON a(v)"}},
      {kReplicated, {"ALTER TABLE a ALTER INDEX i IGNORED"}},
      {kReplicated, {"DROP INDEX i ON a"}},
      {kReplicated,
       {"CREATE TABLE p(id INT PRIMARY KEY, v INT) PARTITION BY RANGE(id)(PARTITION p0 VALUES LESS "
        "THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)"}},
      {kRows, {"INSERT INTO p VALUES(1,1),(11,11),(30,30)"}},
      {kReplicated, {"CREATE TABLE ex(id INT PRIMARY KEY, v INT)"}},
      {kRows, {"INSERT INTO ex VALUES(3,3)"}},
      {kReplicated, {"ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE ex"}},
      {kReplicated, {"ALTER TABLE p ANALYZE PARTITION p0"}},
      {kReplicated, {"ALTER TABLE p OPTIMIZE PARTITION p0"}},
      {kReplicated, {"ALTER TABLE p REPAIR PARTITION p0"}},
      {kReplicated, {"ALTER TABLE p REBUILD PARTITION p0"}},
      {kReplicated,
       {"ALTER TABLE p REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN (20), PARTITION p2 "
        "VALUES LESS THAN MAXVALUE)"}},
      {kReplicated, {"ALTER TABLE p CONVERT PARTITION p2 TO TABLE conv"}},
      {kReplicated, {"ALTER TABLE p CONVERT TABLE conv TO PARTITION p2 VALUES LESS THAN MAXVALUE"}},
      {kReplicated, {"ALTER TABLE p TRUNCATE PARTITION p1"}},
      {kReplicated, {"ALTER TABLE p DROP PARTITION p2"}},
      {kReplicated, {"ALTER TABLE p REMOVE PARTITIONING"}},
      {kReplicated, {"CREATE TABLE space(id INT)"}},
      {kReplicated, {"ALTER TABLE space DISCARD TABLESPACE"}},
      {kReplicated, {"DROP TABLE space"}},
      {kReplicated, {"TRUNCATE TABLE sel"}},
      {kReplicated, {"DROP TABLE IF EXISTS nosuch, nosuch2"}},
      {kReplicated, {"CREATE TABLE memory_one(id INT PRIMARY KEY) ENGINE=MEMORY"}},
      {kReplicated, {"CREATE TABLE myisam_one(id INT PRIMARY KEY) ENGINE=MyISAM"}},
      {kReplicated, {"CREATE TABLE aria_one(id INT) ENGINE=Aria TRANSACTIONAL=1"}},
      // ANSI quotes: a name is a name in either
      {kReplicated, {"SET sql_mode=ANSI_QUOTES", "CREATE TABLE \"quoted\"(\"id\" INT)"}},
      {kReplicated, {"SET sql_mode=ANSI_QUOTES", "DROP TABLE \"d\".\"quoted\""}},
      {kSkipped, {"SET sql_mode=ANSI_QUOTES", "CREATE TABLE \"mysql\".\"quoted\"(\"id\" INT)"}},
      {kSkipped, {"SET sql_mode=ANSI_QUOTES", "DROP TABLE \"mysql\".\"quoted\""}},
      // temporary tables
      {kNothing,
       {"CREATE TEMPORARY TABLE tm(id INT)", "INSERT INTO tm VALUES(1)", "ALTER TABLE tm ADD x INT",
        "CREATE INDEX i ON tm(id)", "TRUNCATE tm", "ALTER TABLE tm RENAME tm2", "DROP TABLE tm2"}},
      {kNothing, {"CREATE TEMPORARY TABLE a(id INT)", "ALTER TABLE a ADD y INT", "DROP TEMPORARY TABLE a"}},
      {kReplicated,
       {"CREATE TEMPORARY TABLE tm(id INT)", "CREATE TABLE beside(id INT)", "DROP TABLE tm, beside"}},
      {kReplicated, {"CREATE TEMPORARY TABLE tm(id INT)", "CREATE TABLE like_tm LIKE tm"}},
      {kReplicated,
       {"CREATE TEMPORARY TABLE tm(id INT)", "INSERT INTO tm VALUES(3)",
        "CREATE TABLE sel_tm SELECT * FROM tm"}},
      {kRows,
       {"CREATE TEMPORARY TABLE tm(id INT)", "INSERT INTO tm VALUES(7)",
        "INSERT INTO a(id,v) SELECT id,id FROM tm"}},
      {kSkipped, {"CREATE TEMPORARY SEQUENCE ts", "SELECT NEXTVAL(ts)", "DROP SEQUENCE ts"}},
      // sequences
      {kReplicated, {"CREATE SEQUENCE sq CACHE 5"}},
      {kRows, {"SELECT NEXTVAL(sq)"}},
      {kRows, {"SELECT SETVAL(sq, 100)"}},
      {kReplicated, {"ALTER SEQUENCE sq RESTART 500"}},
      {kReplicated, {"RENAME TABLE sq TO sq2"}},
      // routines, views, triggers, events, packages
      {kReplicated,
       {"CREATE PROCEDURE pr() BEGIN CREATE TABLE in_proc(id INT); INSERT INTO in_proc VALUES(1); END"}},
      {kReplicated, {"CALL pr()"}},
      {kReplicated, {"ALTER PROCEDURE pr COMMENT 'c'"}},
      {kReplicated, {"CREATE OR REPLACE FUNCTION fu() RETURNS INT DETERMINISTIC RETURN 1"}},
      {kReplicated, {"ALTER FUNCTION fu SQL SECURITY INVOKER"}},
      {kReplicated,
       {"CREATE AGGREGATE FUNCTION ag(x INT) RETURNS INT DETERMINISTIC BEGIN DECLARE CONTINUE HANDLER FOR "
        "NOT FOUND "
        "RETURN 1; LOOP FETCH GROUP NEXT ROW; END LOOP; END"}},
      {kReplicated, {"DROP FUNCTION IF EXISTS fu"}},
      {kReplicated,
       {"CREATE OR REPLACE DEFINER=root@localhost SQL SECURITY INVOKER VIEW vi AS SELECT * FROM a"}},
      {kReplicated, {"ALTER VIEW vi AS SELECT id FROM a"}},
      {kReplicated, {"CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.v=NEW.v+1"}},
      {kRows, {"INSERT INTO a(id,v) VALUES(100,1)"}},
      {kReplicated, {"CREATE OR REPLACE TRIGGER tr2 BEFORE INSERT ON a FOR EACH ROW PRECEDES tr SET @x=1"}},
      // the server logs the state of RAND() with these: it means nothing
      {kReplicated, {"CREATE VIEW vi_rand AS SELECT id, RAND() AS r FROM a"}},
      {kReplicated, {"CREATE TABLE rnd(id INT PRIMARY KEY, r DOUBLE DEFAULT (RAND()))"}},
      {kReplicated,
       {"CREATE DEFINER=root@localhost TRIGGER tr_rnd BEFORE UPDATE ON rnd FOR EACH ROW SET NEW.r=RAND()"}},
      {kRows, {"INSERT INTO rnd(id) VALUES(1)"}},
      {kSkipped, {"OPTIMIZE TABLE rnd"}},
      {kReplicated, {"CREATE EVENT ev ON SCHEDULE EVERY 1 HOUR DO INSERT INTO a(id,v) VALUES(99,99)"}},
      {kReplicated, {"ALTER EVENT ev DISABLE"}},
      {kReplicated, {"ALTER EVENT ev ENABLE"}},
      {kReplicated, {"ALTER EVENT ev ON SCHEDULE AT '2037-01-01 00:00:00' RENAME TO ev2"}},
      {kReplicated, {"SET sql_mode=ORACLE", "CREATE PACKAGE pk AS PROCEDURE p1; END"}},
      {kReplicated,
       {"SET sql_mode=ORACLE", "CREATE PACKAGE BODY pk AS PROCEDURE p1 AS BEGIN NULL; END; END"}},
      // compound statements, prepared ones, locks: what is in them is logged
      {kReplicated,
       {"BEGIN NOT ATOMIC INSERT INTO a(id) VALUES(60); CREATE TABLE in_block(id INT); INSERT INTO "
        "in_block VALUES(1); END"}},
      {kRows, {"IF 1=1 THEN INSERT INTO a(id) VALUES(61); END IF"}},
      {kReplicated, {"EXECUTE IMMEDIATE 'CREATE TABLE imm(id INT)'"}},
      {kReplicated,
       {"LOCK TABLES a WRITE", "INSERT INTO a(id) VALUES(50)", "ALTER TABLE a ADD lk INT", "UNLOCK TABLES"}},
      {kRows, {"ANALYZE FORMAT=JSON UPDATE a SET v=3 WHERE id=1"}},
      {kRows, {"INSERT INTO a(id) VALUES(70) RETURNING id"}},
      {kNothing, {"HANDLER a OPEN", "HANDLER a READ FIRST", "HANDLER a CLOSE"}},
      {kNothing, {"FLUSH TABLES a FOR EXPORT", "UNLOCK TABLES"}},
      {kNothing, {"BACKUP STAGE START", "BACKUP STAGE END"}},
      {kNothing, {"SET GLOBAL max_connections=151", "DO SLEEP(0)", "SET @v=1"}},
      // accounts
      {kSkipped, {"CREATE USER u1@localhost IDENTIFIED BY 'x'"}},
      {kSkipped, {"ALTER USER u1@localhost IDENTIFIED BY 'y'"}},
      {kSkipped, {"RENAME USER u1@localhost TO u2@localhost"}},
      {kSkipped, {"CREATE ROLE r1"}},
      {kSkipped, {"GRANT r1 TO u2@localhost"}},
      {kSkipped, {"GRANT SELECT ON d.* TO u2@localhost"}},
      {kSkipped, {"SET DEFAULT ROLE r1 FOR u2@localhost"}},
      {kSkipped, {"REVOKE SELECT ON d.* FROM u2@localhost"}},
      {kSkipped, {"SET PASSWORD FOR u2@localhost = PASSWORD('z')"}},
      {kSkipped, {"DROP ROLE r1"}},
      {kSkipped, {"DROP USER u2@localhost"}},
      // server objects
      {kNothing, {"CREATE SERVER s1 FOREIGN DATA WRAPPER mysql OPTIONS(HOST 'h')", "DROP SERVER s1"}},
      {kNothing, {"INSTALL SONAME 'metadata_lock_info'", "UNINSTALL SONAME 'metadata_lock_info'"}},
      // maintenance
      {kSkipped, {"ANALYZE TABLE a PERSISTENT FOR ALL"}},
      {kSkipped, {"OPTIMIZE TABLE a"}},
      {kSkipped, {"REPAIR TABLE myisam_one"}},
      {kSkipped, {"FLUSH TABLES"}},
      {kSkipped, {"FLUSH PRIVILEGES"}},
      {kNothing, {"CHECK TABLE a"}},
      {kNothing, {"CACHE INDEX myisam_one IN DEFAULT", "LOAD INDEX INTO CACHE myisam_one"}},
      {kNothing, {"FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES"}},
      // internal schemas
      {kSkipped, {"CREATE TABLE mysql.mine(id INT)"}},
      {kSkipped, {"INSERT INTO mysql.mine VALUES(1)"}},
      {kSkipped, {"DROP TABLE mysql.mine"}},
  };
}

TEST(StatementClasses, EveryKindIsTreatedAsDocumentedAndLeavesTheTargetEqual) {
  SourceAndTarget pair;
  pair.AtSource({"CREATE DATABASE d"});
  ASSERT_TRUE(pair.Replicate().ok());
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.sql.back());
    pair.StartHere();
    const std::string before = pair.source().Value("SELECT @@gtid_binlog_pos").value();
    std::vector<std::string> sql = {"USE d"};
    sql.insert(sql.end(), c.sql.begin(), c.sql.end());
    pair.AtSource(sql);
    const Status status = pair.Replicate();
    ASSERT_TRUE(status.ok()) << status.ToString();
    const bool logged = pair.source().Value("SELECT @@gtid_binlog_pos").value() != before;
    const Treatment found = pair.statements() > 0 ? kReplicated
                            : pair.runs() > 0     ? kRows
                            : logged              ? kSkipped
                                                  : kNothing;
    EXPECT_STREQ(Name(c.treatment), Name(found));
  }
  EXPECT_EQ("", pair.Difference());
}

TEST(StatementClasses, WhatCannotBeRepeatedStopsTheFlowWithItsRemedy) {
  SourceAndTarget pair;
  const std::pair<std::vector<std::string>, const char*> kStopping[] = {
      {{"SET binlog_format=STATEMENT", "INSERT INTO a VALUES(1)"}, "rows were changed by a statement"},
      {{"CREATE TABLE mysql.m(id INT)", "CREATE TABLE b(id INT)", "DROP TABLE mysql.m, b"},
       "objects of schemas that never replicate beside others"},
      {{"CREATE TABLE sp(id INT)", "FLUSH TABLES sp FOR EXPORT", "SYSTEM", "UNLOCK TABLES",
        "ALTER TABLE sp DISCARD TABLESPACE", "RESTORE", "ALTER TABLE sp IMPORT TABLESPACE"},
       "a table takes its rows from a data file"},
      {{"CREATE EVENT ev ON SCHEDULE AT NOW() + INTERVAL 1 + RAND()*9 DAY DO SET @x=1"},
       "a statement computes with RAND()"},
  };
  for (const auto& [statements, message] : kStopping) {
    SCOPED_TRACE(message);
    pair.AtSource({"CREATE OR REPLACE DATABASE d", "CREATE TABLE d.a(id INT PRIMARY KEY)"});
    auto connection = pair.source().ConnectOrDie();
    ASSERT_TRUE(connection->Execute("USE d").ok());
    const std::string file = pair.source().datadir() + "/d/sp.ibd";
    for (const std::string& statement : statements) {
      if (statement == "SYSTEM") {
        ASSERT_EQ(0, std::system(("cp " + file + " " + file + ".kept").c_str()));
      } else if (statement == "RESTORE") {
        ASSERT_EQ(0, std::system(("cp " + file + ".kept " + file + " && rm " + file + ".kept").c_str()));
      } else {
        const Status status = connection->Execute(statement);
        ASSERT_TRUE(status.ok()) << statement << ": " << status.ToString();
      }
    }
    const Status stopped = pair.Replicate();
    EXPECT_NE(std::string::npos, stopped.message().find(message)) << stopped.ToString();
    EXPECT_NE("", stopped.remedy());
    pair.StartHere();
    pair.AtTarget({"DROP DATABASE IF EXISTS d"});
  }
}

// An event is there, as it is at the source, and does not run before the target is promoted: the scheduler is
// off, and no wagon is applied while it is on (TargetRows.ARunningEventSchedulerIsRefused).
TEST(StatementClasses, AnEventOfTheSourceDoesNotRunAtTheTarget) {
  SourceAndTarget pair;
  pair.AtSource({"CREATE DATABASE d", "CREATE TABLE d.ticks(id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME)",
                 "CREATE EVENT d.tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO d.ticks(at) VALUES(NOW())"});
  ASSERT_TRUE(pair.Replicate().ok());
  pair.AtSource({"SET GLOBAL event_scheduler=ON"});
  const auto ticks = [&] { return pair.source().Value("SELECT COUNT(*) >= 2 FROM d.ticks").value(); };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (ticks() != "1" && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_EQ("1", ticks()) << "the event does not run at the source";
  pair.AtSource({"SET GLOBAL event_scheduler=OFF"});
  EXPECT_EQ("0", pair.target().Value("SELECT COUNT(*) FROM d.ticks"));
  EXPECT_EQ("ENABLED", pair.target().Value("SELECT status FROM information_schema.events"));
  ASSERT_TRUE(pair.Replicate().ok());
  EXPECT_EQ("", pair.Difference());
}

TEST(StatementClasses, AMemoryTableEmptiedByARestartIsEmptiedAtTheTarget) {
  SourceAndTarget pair;
  pair.AtSource({"CREATE DATABASE d", "CREATE TABLE d.m(id INT PRIMARY KEY) ENGINE=MEMORY"});
  ASSERT_TRUE(pair.Replicate().ok());
  pair.AtSource({"SET sql_log_bin=0", "INSERT INTO d.m VALUES(1)"});
  pair.AtTarget({"INSERT INTO d.m VALUES(1)"});
  ASSERT_TRUE(pair.source().Restart().ok());
  EXPECT_EQ("0", pair.source().Value("SELECT COUNT(*) FROM d.m").value());
  const Status status = pair.Replicate();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("0", pair.target().Value("SELECT COUNT(*) FROM d.m"));
}

}  // namespace
}  // namespace srdf::test
