// The place that a snapshot is at: exactly what the log holds up to there, whatever is written meanwhile.
#include <atomic>

#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/target_engine.h"
#include "snapshot_fixture.h"

namespace srdf::test {
namespace {

class SnapshotPositionTest : public SnapshotTest {
 protected:
  // A table of the second of a snapshot could have been altered since.
  void WaitForTheNextSecond() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (Value("SELECT NOW() > CREATE_TIME FROM information_schema.TABLES WHERE TABLE_NAME = 'x'") != "1") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
};

uint64_t SequenceOf(const std::string& gtid) { return std::stoull(gtid.substr(gtid.rfind('-') + 1)); }

TEST_F(SnapshotPositionTest, ASnapshotShowsExactlyTheTransactionsUpToItsPosition) {
  Sql("CREATE TABLE x (id BIGINT AUTO_INCREMENT PRIMARY KEY, v INT)");
  const uint64_t base = SequenceOf(LogEnd());
  ASSERT_NO_FATAL_FAILURE(WaitForTheNextSecond());
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      const auto session = server().ConnectOrDie();
      while (!stop) {
        if (!session->Execute("INSERT INTO t.x (v) VALUES (1)").ok()) return;
      }
    });
  }
  uint64_t last = 0;
  for (int i = 0; i < 40; ++i) {
    const auto snapshot = Open();
    if (snapshot == nullptr) break;
    const auto schema = snapshot->Describe("t", "x");
    EXPECT_TRUE(schema.ok()) << schema.status().ToString();
    if (!schema.ok()) break;
    const uint64_t shown = Read(snapshot.get(), *schema).size();
    EXPECT_EQ(base + shown, SequenceOf(snapshot->position().gtid));
    EXPECT_FALSE(snapshot->position().file.empty());
    EXPECT_GE(snapshot->position().offset, last);
    last = snapshot->position().offset;
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_GT(last, 0u);
}

// Such a commit is in the log before the engine has it, and a snapshot can come in between.
TEST_F(SnapshotPositionTest, SoItDoesWhileXaTransactionsAreCommitted) {
  Sql("CREATE TABLE x (id BIGINT AUTO_INCREMENT PRIMARY KEY, v INT)");
  const uint64_t base = SequenceOf(LogEnd());
  ASSERT_NO_FATAL_FAILURE(WaitForTheNextSecond());
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const auto session = server().ConnectOrDie();
    for (int i = 0; !stop; ++i) {
      const std::string xid = "'x" + std::to_string(i) + "'";
      for (const char* verb : {"XA START ", "INSERT", "XA END ", "XA PREPARE ", "XA COMMIT "}) {
        const bool insert = std::string_view(verb) == "INSERT";
        if (!session->Execute(insert ? "INSERT INTO t.x (v) VALUES (1)" : verb + xid).ok()) return;
      }
    }
  });
  uint64_t shown = 0;
  for (int i = 0; i < 150; ++i) {
    const auto snapshot = Open();
    if (snapshot == nullptr) break;
    const auto schema = snapshot->Describe("t", "x");
    EXPECT_TRUE(schema.ok()) << schema.status().ToString();
    if (!schema.ok()) break;
    shown = Read(snapshot.get(), *schema).size();
    // Of each transaction the log has two parts, the second with its outcome.
    EXPECT_EQ(shown, (SequenceOf(snapshot->position().gtid) - base) / 2);
  }
  stop = true;
  writer.join();
  EXPECT_GT(shown, 0u);
}

TEST_F(SnapshotPositionTest, WhoCannotSeeXaCommitsUnderWayIsToldWhatIsMissing) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY)");
  for (const char* statement :
       {"XA START 'x'", "INSERT INTO x VALUES (1)", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'"})
    Sql(statement);
  Sql("CREATE OR REPLACE USER srdf_reader@'%' IDENTIFIED BY 'secret'");
  Sql("GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT, SHOW VIEW ON *.* TO srdf_reader@'%'");
  engine_mariadb::SourceOptions options = Options();
  options.endpoint.user = "srdf_reader";
  options.endpoint.password = "secret";
  const auto engine = engine_mariadb::NewSourceEngine(options);
  const Status refused = engine->OpenSnapshot().status();
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied) << refused.ToString();
  EXPECT_NE(refused.remedy().find("GRANT PROCESS"), std::string::npos) << refused.remedy();
  Sql("GRANT PROCESS ON *.* TO srdf_reader@'%'");
  EXPECT_TRUE(engine->OpenSnapshot().ok());
  Sql("DROP USER srdf_reader@'%'");
}

TEST_F(SnapshotPositionTest, APositionNamesEveryDomainInTheStreamsForm) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY)");
  Sql("SET SESSION gtid_domain_id = 7");
  Sql("INSERT INTO x VALUES (1)");
  Sql("SET SESSION gtid_domain_id = 3");
  Sql("INSERT INTO x VALUES (2)");
  const auto snapshot = Open();
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto current = engine->CurrentPosition();
  EXPECT_EQ(snapshot->position().file, current->file);
  EXPECT_EQ(snapshot->position().offset, current->offset);
  EXPECT_EQ(snapshot->position().gtid, engine_mariadb::GtidPosition::Parse(LogEnd())->ToString());
  EXPECT_TRUE(snapshot->position().gtid.ends_with(",3-11-1,7-11-1")) << snapshot->position().gtid;
}

TEST_F(SnapshotPositionTest, AServerWithoutALogIsRefusedWithTheRemedy) {
  auto other =
      MariaDbServer::Start({.server_id = 12, .log_bin = false, .buffer_pool_size = "64M", .config = {}});
  ASSERT_TRUE(other.ok());
  engine_mariadb::SourceOptions options = Options();
  options.endpoint = (*other)->Endpoint();
  const Status status = engine_mariadb::NewSourceEngine(options)->OpenSnapshot().status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.remedy().find("log_bin"), std::string::npos);
}

TEST_F(SnapshotPositionTest, AnAlternateIsReadWhileTheFirstServerIsAway) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY)");
  engine_mariadb::SourceOptions options = Options();
  options.endpoint.port = 1;
  options.alternates = {server().Endpoint()};
  const auto snapshot = engine_mariadb::NewSourceEngine(options)->OpenSnapshot();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  EXPECT_EQ((*snapshot)->position().gtid, LogEnd());
}

TEST_F(SnapshotPositionTest, ATargetsSnapshotIsAtTheFlowsCheckpoint) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY)");
  engine_mariadb::TargetOptions options;
  options.endpoint = server().Endpoint();
  options.flow = "f1";
  const auto engine = engine_mariadb::NewTargetEngine(options);
  EXPECT_FALSE((*engine->OpenSnapshot("f1"))->position().known());
  engine::Checkpoint start;
  start.flow = "f1";
  start.wagon_hash = std::string(32, '\0');
  start.position = {"0-1-77", "b.000003", 4711};
  {
    auto session = engine->Connect();
    ASSERT_TRUE(session.ok()) << session.status().ToString();
    ASSERT_TRUE((*session)->InitCheckpoint(start).ok());
  }
  const auto snapshot = engine->OpenSnapshot("f1");
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  EXPECT_EQ((*snapshot)->position(), start.position);
  EXPECT_FALSE((*engine->OpenSnapshot("f2"))->position().known());
  // Both see the same table in the same way.
  const auto schema = (*snapshot)->Describe("t", "x");
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(*schema, Open()->Describe("t", "x").value());
  Sql("DROP DATABASE srdf");
}

}  // namespace
}  // namespace srdf::test
