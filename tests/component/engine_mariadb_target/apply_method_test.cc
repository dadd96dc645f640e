// Which way rows are written, by the setting and the user's privileges.
#include <gtest/gtest.h>

#include "target_fixture.h"

namespace srdf::test {
namespace {

using engine_mariadb::ApplyMethod;

std::unique_ptr<engine::TargetEngine> Engine(const MariaDbServer& server, ApplyMethod method) {
  return engine_mariadb::NewTargetEngine({server.Endpoint("srdf", "secret"), "shop", 4711, method});
}

// Executes the remedies of all findings but that of BINLOG REPLAY.
void MendAllButReplay(const MariaDbServer& server, engine::TargetEngine* engine) {
  const auto problems = engine->Preflight();
  ASSERT_TRUE(problems.ok()) << problems.status().ToString();
  for (const auto& problem : *problems) {
    if (problem.remedy.find("GRANT BINLOG REPLAY ON") != std::string::npos) continue;
    const Status status = server.Execute({problem.remedy});
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
}

std::unique_ptr<MariaDbServer> StartServer() {
  MariaDbServerOptions options;
  options.server_id = 7;
  // A setting that only row events heed.
  options.config = {"slave_exec_mode=IDEMPOTENT"};
  auto server = MariaDbServer::Start(options).value();
  EXPECT_TRUE(server->Execute({"CREATE USER 'srdf'@'127.0.0.1' IDENTIFIED BY 'secret'"}).ok());
  return server;
}

TEST(ApplyMethod, AUserWithoutBinlogReplayWritesSqlAndThePreflightSaysWhatIsLost) {
  const auto server = StartServer();
  const auto engine = Engine(*server, ApplyMethod::kAuto);
  MendAllButReplay(*server, engine.get());
  auto problems = engine->Preflight().value();
  ASSERT_EQ(1u, problems.size());
  EXPECT_FALSE(problems[0].fatal);
  EXPECT_NE(std::string::npos, problems[0].what.find("lacks BINLOG REPLAY")) << problems[0].what;
  EXPECT_NE(std::string::npos, problems[0].what.find("origin")) << problems[0].what;

  // And the privileges that the preflight has asked for are enough.
  auto session = engine->Connect().value();
  EXPECT_EQ("sql", session->apply_method());
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
  for (const char* sql :
       {"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(20))",
        "CREATE DEFINER=`root`@`localhost` VIEW d.v AS SELECT c0 FROM d.item",
        "CREATE DEFINER=`root`@`localhost` TRIGGER d.tr BEFORE INSERT ON d.item FOR EACH ROW SET "
        "NEW.c1='t'",
        "DROP TRIGGER d.tr", "ALTER TABLE d.item ADD KEY(c1)"}) {
    PayloadBuilder p;
    p.Ddl(OrdinaryStatement("", sql));
    const Status status = apply(std::move(p));
    ASSERT_TRUE(status.ok()) << sql << ": " << status.ToString();
  }
  PayloadBuilder p;
  const auto ref = p.Table({"d", "item", {"i", "v80"}});
  p.Insert(ref, {{"1", "a"}, {"2", "b"}, {"3", "x"}});
  p.Update(ref, {{{"1", ""}, {"1", "c"}}, {{"3", ""}, {"3", "y"}}}, true);
  p.Delete(ref, {{"2", ""}}, true);
  const Status status = apply(std::move(p));
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("1c,3y", server->Value("SELECT GROUP_CONCAT(c0,c1 ORDER BY c0) FROM d.item").value());
  // Not marked: the server's own id.
  EXPECT_EQ("7", server->Value("SELECT REGEXP_SUBSTR(@@gtid_binlog_pos, '(?<=-)[0-9]+(?=-)')").value());

  // A trigger made meanwhile, by hand or by the source's DDL, is seen.
  ASSERT_TRUE(server->Execute({"CREATE TRIGGER d.tr AFTER DELETE ON d.item FOR EACH ROW SET @x=1"}).ok());
  PayloadBuilder q;
  q.Delete(q.Table({"d", "item", {"i", "v80"}}), {{"3", ""}}, true);
  EXPECT_NE(std::string::npos, apply(std::move(q)).message().find("has triggers at the target (tr)"));
}

TEST(ApplyMethod, WithThePrivilegeAutoIsNativeAgain) {
  const auto server = StartServer();
  const auto engine = Engine(*server, ApplyMethod::kAuto);
  MendAllButReplay(*server, engine.get());
  ASSERT_TRUE(server->Execute({engine->Preflight().value().at(0).remedy}).ok());
  EXPECT_TRUE(engine->Preflight().value().empty());
  EXPECT_EQ("native", engine->Connect().value()->apply_method());
  // SQL when it is asked for: with the mark, and nothing to complain of.
  const auto sql = Engine(*server, ApplyMethod::kSql);
  ASSERT_TRUE(server->Execute({"GRANT UPDATE, DELETE ON *.* TO 'srdf'@'127.0.0.1'"}).ok());
  EXPECT_TRUE(sql->Preflight().value().empty());
  EXPECT_EQ("sql", sql->Connect().value()->apply_method());
}

TEST(ApplyMethod, NativeWithoutThePrivilegeIsRefused) {
  const auto server = StartServer();
  const auto engine = Engine(*server, ApplyMethod::kNative);
  bool fatal = false;
  const std::vector<engine::PreflightProblem> problems = engine->Preflight().value();
  for (const auto& problem : problems) {
    fatal = fatal || (problem.fatal && problem.what.find("BINLOG REPLAY") != std::string::npos);
  }
  EXPECT_TRUE(fatal);
  EXPECT_FALSE(engine->Connect().ok());
}

}  // namespace
}  // namespace srdf::test
