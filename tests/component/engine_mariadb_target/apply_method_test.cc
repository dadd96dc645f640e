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
  // Settings that only replayed row events heed.
  options.config = {"slave_exec_mode=IDEMPOTENT", "binlog_annotate_row_events=ON"};
  auto server = MariaDbServer::Start(options).value();
  EXPECT_TRUE(server->Execute({"CREATE USER 'srdf'@'127.0.0.1' IDENTIFIED BY 'secret'"}).ok());
  return server;
}

// Wagons of a new flow, applied by a session of this test's own.
class WagonsByHand {
 public:
  explicit WagonsByHand(engine::TargetSession* session) : session_(*session) {
    engine::Checkpoint start;
    start.flow = header_.flow = "shop";
    start.wagon_hash = header_.previous_hash = ZeroHash();
    start.position.gtid = "0-1-1";
    EXPECT_TRUE(session_.InitCheckpoint(start).ok());
  }
  Status Apply(PayloadBuilder p) {
    ++header_.sequence;
    header_.uid = "wagon-" + std::to_string(header_.sequence);
    const std::string hash = Target::HashOf(header_);
    const Status status = session_.Apply(header_, hash, &p).status();
    header_.previous_hash = hash;
    return status;
  }

 private:
  engine::TargetSession& session_;
  WagonHeader header_;
};

uint64_t LoggedBytes(const MariaDbServer& server) {
  return std::stoull(server
                         .Value("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
                                "WHERE VARIABLE_NAME='BINLOG_BYTES_WRITTEN'")
                         .value());
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
  WagonsByHand wagons(session.get());
  for (const char* sql :
       {"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(20))",
        "CREATE DEFINER=`root`@`localhost` VIEW d.v AS SELECT c0 FROM d.item",
        "CREATE DEFINER=`root`@`localhost` TRIGGER d.tr BEFORE INSERT ON d.item FOR EACH ROW SET "
        "NEW.c1='t'",
        "DROP TRIGGER d.tr", "ALTER TABLE d.item ADD KEY(c1)"}) {
    PayloadBuilder p;
    p.Ddl(OrdinaryStatement("", sql));
    const Status status = wagons.Apply(std::move(p));
    ASSERT_TRUE(status.ok()) << sql << ": " << status.ToString();
  }
  PayloadBuilder p;
  const auto ref = p.Table({"d", "item", {"i", "v80"}});
  p.Insert(ref, {{"1", "a"}, {"2", "b"}, {"3", "x"}});
  p.Update(ref, {{{"1", ""}, {"1", "c"}}, {{"3", ""}, {"3", "y"}}}, true);
  p.Delete(ref, {{"2", ""}}, true);
  const Status status = wagons.Apply(std::move(p));
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("1c,3y", server->Value("SELECT GROUP_CONCAT(c0,c1 ORDER BY c0) FROM d.item").value());
  // Not marked: the server's own id.
  EXPECT_EQ("7", server->Value("SELECT REGEXP_SUBSTR(@@gtid_binlog_pos, '(?<=-)[0-9]+(?=-)')").value());

  // A trigger made meanwhile, by hand or by the source's DDL, is seen.
  ASSERT_TRUE(server->Execute({"CREATE TRIGGER d.tr AFTER DELETE ON d.item FOR EACH ROW SET @x=1"}).ok());
  PayloadBuilder q;
  q.Delete(q.Table({"d", "item", {"i", "v80"}}), {{"3", ""}}, true);
  EXPECT_NE(std::string::npos, wagons.Apply(std::move(q)).message().find("has triggers at the target (tr)"));
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

// The user may neither replay row events nor stop the annotations.
TEST(ApplyMethod, ATargetThatAnnotatesItsLogIsNoProblemForSqlAndOneForRowEvents) {
  const auto server = StartServer();
  const auto sql = Engine(*server, ApplyMethod::kSql);
  const std::vector<engine::PreflightProblem> problems = sql->Preflight().value();
  for (const auto& problem : problems) {
    EXPECT_EQ(std::string::npos, problem.what.find("annotate")) << problem.what;
  }
  MendAllButReplay(*server, sql.get());
  EXPECT_EQ("1", server->Value("SELECT @@GLOBAL.binlog_annotate_row_events").value());
  auto session = sql->Connect();
  ASSERT_TRUE(session.ok()) << session.status().ToString();
  // Rows and statements in the log: twice the bytes, however many there are in a wagon.
  ASSERT_TRUE(
      server->Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(200))"})
          .ok());
  constexpr int kRows = 4000;
  const std::string words(100, 'w');
  std::vector<Cells> rows;
  std::vector<std::pair<Cells, Cells>> updates;
  for (int i = 0; i < kRows; ++i) {
    rows.push_back({std::to_string(i), words});
    updates.push_back({rows.back(), {std::to_string(i), words + "!"}});
  }
  PayloadBuilder p;
  const auto item = p.Table({"d", "item", {"i", "v800"}});
  p.Insert(item, rows);
  p.Update(item, updates, false);
  const uint64_t before = LoggedBytes(*server);
  const Status applied = WagonsByHand(session->get()).Apply(std::move(p));
  ASSERT_TRUE(applied.ok()) << applied.ToString();
  EXPECT_EQ(std::to_string(kRows), server->Value("SELECT COUNT(*) FROM d.item WHERE c1 LIKE '%!'").value());
  EXPECT_LT(LoggedBytes(*server) - before, kRows * 8 * words.size());

  ASSERT_TRUE(server->Execute({"GRANT BINLOG REPLAY ON *.* TO 'srdf'@'127.0.0.1'"}).ok());
  EXPECT_NE(std::string::npos,
            Engine(*server, ApplyMethod::kNative)->Connect().status().message().find("annotate"));
}

}  // namespace
}  // namespace srdf::test
