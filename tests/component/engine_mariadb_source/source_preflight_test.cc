// The preflight finds every wrong setting and missing privilege, and its remedies work as they stand.
#include <algorithm>

#include "source_fixture.h"

namespace srdf::test {
namespace {

class PreflightTest : public testing::Test {
 protected:
  void StartServer(const std::vector<std::string>& config, uint32_t server_id = 11) {
    auto server = MariaDbServer::Start(
        {.server_id = server_id, .log_bin = true, .buffer_pool_size = "32M", .config = config});
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(*server);
  }
  std::vector<engine::PreflightProblem> Problems(const std::string& user = "root",
                                                 const std::string& password = "",
                                                 uint32_t replica_id = 4711) {
    auto problems = Engine(user, password, replica_id)->Preflight();
    EXPECT_TRUE(problems.ok()) << problems.status().ToString();
    return problems.ok() ? *problems : std::vector<engine::PreflightProblem>();
  }
  std::unique_ptr<engine::SourceEngine> Engine(const std::string& user, const std::string& password,
                                               uint32_t replica_id) {
    return engine_mariadb::NewSourceEngine({server_->Endpoint(user, password), replica_id, "key", 200});
  }
  static bool Names(const std::vector<engine::PreflightProblem>& problems, const std::string& text,
                    bool fatal) {
    return std::any_of(problems.begin(), problems.end(), [&](const auto& p) {
      return p.what.find(text) != std::string::npos && p.fatal == fatal && !p.remedy.empty();
    });
  }

  std::unique_ptr<MariaDbServer> server_;
};

TEST_F(PreflightTest, AGoodServerHasNoProblems) {
  StartServer({});
  EXPECT_TRUE(Problems().empty());
}

TEST_F(PreflightTest, EveryRemedyAppliedAsItStandsMakesThePreflightClean) {
  StartServer(
      {"binlog_format=MIXED", "binlog_row_metadata=NO_LOG", "binlog_checksum=NONE", "expire_logs_days=1"});
  ASSERT_TRUE(server_->Execute({"CREATE DATABASE t", "CREATE TABLE t.`od``d` (a INT) ENGINE=MyISAM"}).ok());
  const auto problems = Problems();
  EXPECT_TRUE(Names(problems, "binlog_format is MIXED", true));
  EXPECT_TRUE(Names(problems, "binlog_row_metadata is NO_LOG", false));
  EXPECT_TRUE(Names(problems, "binlog_checksum is NONE", false));
  EXPECT_TRUE(Names(problems, "keeps its log for 86400 seconds", false));
  EXPECT_TRUE(Names(problems, "MyISAM", false));
  EXPECT_EQ(problems.size(), 5u);
  for (const auto& problem : problems) {
    const Status status = server_->Execute({problem.remedy});
    EXPECT_TRUE(status.ok()) << problem.remedy << ": " << status.ToString();
  }
  EXPECT_TRUE(Problems().empty());
}

TEST_F(PreflightTest, PartialBeforeImagesAreRefusedOnlyWhereWholeOnesWereAskedFor) {
  StartServer({"binlog_row_image=MINIMAL"});
  const auto problems = Problems();
  EXPECT_TRUE(Names(problems, "REPLACE", false));
  EXPECT_EQ(problems.size(), 1u);
  const auto full = engine_mariadb::NewSourceEngine({server_->Endpoint(), 4711, "full", 200})->Preflight();
  ASSERT_TRUE(full.ok());
  EXPECT_TRUE(Names(*full, "binlog_row_image is MINIMAL", true));
  ASSERT_TRUE(server_->Execute({full->at(0).remedy}).ok());
  EXPECT_TRUE(
      engine_mariadb::NewSourceEngine({server_->Endpoint(), 4711, "full", 200})->Preflight()->empty());
}

TEST_F(PreflightTest, ServerIdsMustDiffer) {
  StartServer({});
  EXPECT_TRUE(Names(Problems("root", "", 11), "own server_id", true));
  EXPECT_TRUE(Names(Problems("root", "", 0), "source_server_id is 0", true));
}

TEST_F(PreflightTest, AServerWithoutALogIsNamed) {
  auto server =
      MariaDbServer::Start({.server_id = 11, .log_bin = false, .buffer_pool_size = "32M", .config = {}});
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  server_ = std::move(*server);
  EXPECT_TRUE(Names(Problems(), "log_bin is OFF", true));
  EXPECT_EQ(Engine("root", "", 4711)->CurrentPosition().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(PreflightTest, TransactionsPreparedBeforeAFlowBeginsAreAWarning) {
  StartServer({});
  ASSERT_TRUE(server_
                  ->Execute({"CREATE DATABASE t", "CREATE TABLE t.a (id INT PRIMARY KEY)", "XA START 'x'",
                             "INSERT INTO t.a VALUES (1)", "XA END 'x'", "XA PREPARE 'x'"})
                  .ok());
  EXPECT_TRUE(Names(Problems(), "1 XA transactions are prepared", false));
  ASSERT_TRUE(server_->Execute({"XA ROLLBACK 'x'"}).ok());
  EXPECT_TRUE(Problems().empty());
}

TEST_F(PreflightTest, FiltersOfTheLogAreNamed) {
  StartServer({"binlog_ignore_db=secret"});
  EXPECT_TRUE(Names(Problems(), "secret", false));
}

TEST_F(PreflightTest, AUserWithTheNamedPrivilegesAndNoMoreCanReplicate) {
  StartServer({});
  ASSERT_TRUE(
      server_
          ->Execute({"CREATE USER 'cap'@'%' IDENTIFIED BY 'secret'", "CREATE DATABASE t",
                     "CREATE TABLE t.p (id INT PRIMARY KEY)",
                     "CREATE TABLE t.c (pid INT, FOREIGN KEY (pid) REFERENCES t.p(id) ON DELETE CASCADE)"})
          .ok());
  const auto problems = Problems("cap", "secret");
  EXPECT_TRUE(Names(problems, "REPLICATION SLAVE", true));
  EXPECT_TRUE(Names(problems, "BINLOG MONITOR", true));
  EXPECT_TRUE(Names(problems, "SELECT", true));
  EXPECT_TRUE(Names(problems, "SHOW VIEW", true));
  EXPECT_EQ(problems.size(), 4u) << problems.back().what;
  for (const auto& problem : problems) {
    ASSERT_TRUE(server_->Execute({problem.remedy}).ok()) << problem.remedy;
  }
  EXPECT_TRUE(Problems("cap", "secret").empty());

  const auto engine = Engine("cap", "secret", 4711);
  const auto position = engine->CurrentPosition();
  ASSERT_TRUE(position.ok()) << position.status().ToString();
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), *position, &recorder);
  ASSERT_TRUE(server_->Execute({"INSERT INTO t.p VALUES (1)"}).ok());
  run.WaitForPosition(*server_->Value("SELECT @@gtid_binlog_pos"));
  ASSERT_TRUE(server_->Execute({"DELETE FROM t.p"}).ok());
  run.WaitForPosition(*server_->Value("SELECT @@gtid_binlog_pos"));
  EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
  EXPECT_TRUE(recorder.transactions().back().rows.at(0).in_place());  // it sees the foreign key
}

TEST_F(PreflightTest, PrivilegesOfTheCurrentRoleCount) {
  StartServer({});
  ASSERT_TRUE(
      server_
          ->Execute({"CREATE ROLE replicator",
                     "GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT, REFERENCES ON *.* TO replicator",
                     "CREATE USER 'cap'@'%' IDENTIFIED BY 'secret'", "GRANT replicator TO 'cap'@'%'",
                     "SET DEFAULT ROLE replicator FOR 'cap'@'%'"})
          .ok());
  const auto problems = Problems("cap", "secret");
  EXPECT_TRUE(problems.empty()) << problems.back().what;
}

TEST_F(PreflightTest, AnAbsentServerIsAnErrorNotAProblem) {
  StartServer({});
  ASSERT_TRUE(server_->Stop().ok());
  EXPECT_EQ(Engine("root", "", 4711)->Preflight().status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace srdf::test
