// The preflight of a target: names what is wrong, and its remedies are enough, word for word.
#include <gtest/gtest.h>

#include "target_fixture.h"

namespace srdf::test {
namespace {

std::string Described(const std::vector<engine::PreflightProblem>& problems) {
  std::string out;
  for (const auto& p : problems) out += p.what + " → " + p.remedy + "\n";
  return out;
}

TEST(TargetPreflight, AServerReadyForUseHasNoProblem) {
  MariaDbServerOptions options;
  options.config = {"log_bin_trust_function_creators=1"};
  auto server = MariaDbServer::Start(options).value();
  auto problems = engine_mariadb::NewTargetEngine({server->Endpoint(), "shop", 1})->Preflight();
  ASSERT_TRUE(problems.ok()) << problems.status().ToString();
  EXPECT_EQ("", Described(*problems));
}

TEST(TargetPreflight, TheRemediesMakeItCleanForALeastPrivilegedUserWhoThenAppliesEverything) {
  MariaDbServerOptions options;
  options.config = {"slave_exec_mode=IDEMPOTENT",    "slave_run_triggers_for_rbr=YES", "event_scheduler=ON",
                    "binlog_format=STATEMENT",       "max_allowed_packet=1M",          "read_only=1",
                    "default_storage_engine=MyISAM", "binlog_annotate_row_events=ON"};
  auto server = MariaDbServer::Start(options).value();
  ASSERT_TRUE(server->Execute({"CREATE USER 'srdf'@'127.0.0.1' IDENTIFIED BY 'secret'"}).ok());
  auto engine = engine_mariadb::NewTargetEngine({server->Endpoint("srdf", "secret"), "shop", 77});
  auto problems = engine->Preflight();
  ASSERT_TRUE(problems.ok()) << problems.status().ToString();
  for (const char* word :
       {"slave_exec_mode", "slave_run_triggers_for_rbr", "event_scheduler", "binlog_format",
        "max_allowed_packet", "READ ONLY ADMIN", "default_storage_engine", "BINLOG REPLAY",
        "binlog_annotate_row_events", "log_bin_trust_function_creators", "srdf.*"}) {
    EXPECT_NE(std::string::npos, Described(*problems).find(word)) << word;
  }
  EXPECT_FALSE(engine->Connect().ok());
  for (const auto& problem : *problems) {
    const Status status = server->Execute({problem.remedy});
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  problems = engine->Preflight();
  ASSERT_TRUE(problems.ok());
  EXPECT_EQ("", Described(*problems));

  // And these privileges are enough for everything a source can send.
  auto connected = engine->Connect();
  ASSERT_TRUE(connected.ok()) << connected.status().ToString();
  auto session = std::move(connected).value();
  engine::Checkpoint start;
  start.flow = "shop";
  start.wagon_hash = ZeroHash();
  start.position.gtid = "0-1-1";
  ASSERT_TRUE(session->InitCheckpoint(start).ok());
  WagonHeader header;
  header.flow = "shop";
  header.previous_hash = ZeroHash();
  const auto apply = [&](PayloadBuilder p) {
    ++header.sequence;
    header.uid = "wagon-" + std::to_string(header.sequence);
    const Status status = session->Apply(header, Target::HashOf(header), &p).status();
    header.previous_hash = Target::HashOf(header);
    return status;
  };
  for (const char* sql : {
           "CREATE DATABASE d",
           "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(20))",
           "CREATE TABLE d.child(id INT PRIMARY KEY, item INT)",
           "ALTER TABLE d.child ADD FOREIGN KEY(item) REFERENCES d.item(c0)",
           "CREATE TABLE d.copy LIKE d.item",
           "CREATE OR REPLACE TABLE d.copy LIKE d.item",
           "RENAME TABLE d.copy TO d.copied",
           "ALTER TABLE d.copied RENAME TO d.copy, ADD c2 INT",
           "CREATE INDEX k ON d.item(c1)",
           "DROP INDEX k ON d.item",
           "CREATE DEFINER=`root`@`localhost` TRIGGER d.tr BEFORE INSERT ON d.item FOR EACH ROW SET "
           "NEW.c1='t'",
           "CREATE DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW d.v AS SELECT c0 FROM d.item",
           "ALTER DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW d.v AS SELECT c1 FROM d.item",
           "CREATE DEFINER=`root`@`localhost` FUNCTION d.f() RETURNS INT RETURN RAND()*10",
           "CREATE DEFINER=`root`@`localhost` VIEW d.w AS SELECT d.f() AS x",
           "CREATE DEFINER=`root`@`localhost` PROCEDURE d.p() SELECT 1",
           "ALTER PROCEDURE d.p COMMENT 'x'",
           "CREATE DEFINER=`root`@`localhost` EVENT d.e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
           "ALTER EVENT d.e DISABLE",
           "CREATE SEQUENCE d.s",
           "CREATE TABLE d.part(x INT) PARTITION BY HASH(x) PARTITIONS 2",
           "CREATE TABLE d.plain(x INT)",
           "ALTER TABLE d.part EXCHANGE PARTITION p0 WITH TABLE d.plain",
           "ALTER TABLE d.part TRUNCATE PARTITION p1",
           "ALTER TABLE d.part DROP PARTITION IF EXISTS nothing",
           "TRUNCATE TABLE d.plain",
           "CREATE TABLE d.versioned(x INT) WITH SYSTEM VERSIONING",
           "OPTIMIZE TABLE d.plain",
           "ANALYZE TABLE d.plain",
           "ALTER DATABASE d CHARACTER SET latin1",
           "DROP TRIGGER d.tr",
           "DROP VIEW d.v, d.w",
           "DROP FUNCTION d.f",
           "DROP EVENT d.e",
           "DROP SEQUENCE d.s",
           "DROP TABLE d.plain, d.part",
       }) {
    PayloadBuilder p;
    Statement statement = OrdinaryStatement("", sql);
    if (std::string(sql).find("DROP PARTITION") != std::string::npos)
      statement.sql = "ALTER TABLE d.part COALESCE PARTITION 1";
    p.Ddl(statement);
    const Status status = apply(std::move(p));
    EXPECT_TRUE(status.ok()) << sql << ": " << status.ToString();
  }
  const SimpleTable item{"d", "item", {"i", "v80"}};
  PayloadBuilder p;
  const auto ref = p.Table(item);
  p.Insert(ref, {{"1", "a"}, {"2", "b"}});
  p.Update(ref, {{{"1", ""}, {"1", "c"}}}, true);
  p.Delete(ref, {{"2", ""}}, true);
  const Status status = apply(std::move(p));
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("1c", server->Value("SELECT GROUP_CONCAT(c0,c1) FROM d.item").value());
}

TEST(TargetPreflight, PrivilegesThroughARoleAndAllPrivilegesCount) {
  MariaDbServerOptions options;
  options.config = {"log_bin_trust_function_creators=1"};
  auto server = MariaDbServer::Start(options).value();
  ASSERT_TRUE(server
                  ->Execute({"CREATE USER full IDENTIFIED BY 'x'", "GRANT ALL PRIVILEGES ON *.* TO full",
                             "CREATE ROLE applier", "GRANT ALL PRIVILEGES ON *.* TO applier",
                             "CREATE USER member IDENTIFIED BY 'x'", "GRANT applier TO member",
                             "SET DEFAULT ROLE applier FOR member"})
                  .ok());
  for (const char* user : {"full", "member"}) {
    auto problems = engine_mariadb::NewTargetEngine({server->Endpoint(user, "x"), "shop", 1})->Preflight();
    ASSERT_TRUE(problems.ok()) << problems.status().ToString();
    EXPECT_EQ("", Described(*problems)) << user;
  }
}

TEST(TargetPreflight, TablesWithoutTransactionsAreAWarning) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.old(x INT) ENGINE=MyISAM"});
  auto problems = t.engine().Preflight();
  ASSERT_TRUE(problems.ok());
  bool found = false;
  for (const auto& p : *problems) {
    if (p.what.find("d.old") != std::string::npos) {
      found = true;
      EXPECT_FALSE(p.fatal);
      t.Execute({p.remedy});
    }
  }
  EXPECT_TRUE(found);
  EXPECT_EQ("InnoDB", t.Value("SELECT engine FROM information_schema.tables WHERE table_name='old'"));
}

}  // namespace
}  // namespace srdf::test
