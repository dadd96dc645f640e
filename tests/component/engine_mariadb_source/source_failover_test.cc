// Reading on from another server of the source's cluster (trap 20): only when it contains the position.
#include "source_fixture.h"

namespace srdf::test {
namespace {

// A source and a real replica of it that logs what it replicates.
class FailoverTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const uint32_t id : {21u, 22u}) {
      auto server = MariaDbServer::Start(
          {.server_id = id, .log_bin = true, .buffer_pool_size = "32M", .config = {"log_slave_updates=ON"}});
      ASSERT_TRUE(server.ok()) << server.status().ToString();
      (id == 21 ? first_ : second_) = std::move(*server);
    }
    ASSERT_TRUE(first_->Execute({"CREATE DATABASE t", "CREATE TABLE t.a (id INT PRIMARY KEY)"}).ok());
    ASSERT_TRUE(
        second_
            ->Execute({"CHANGE MASTER TO master_host='127.0.0.1', master_port=" +
                           std::to_string(first_->port()) + ", master_user='root', master_use_gtid=slave_pos",
                       "START SLAVE"})
            .ok());
    engine_mariadb::SourceOptions options{first_->Endpoint(), 4711, "key", 200};
    options.alternates = {second_->Endpoint()};
    engine_ = engine_mariadb::NewSourceEngine(options);
    reader_ = engine_->NewReader();
  }
  void Insert(MariaDbServer* server, int id) {
    ASSERT_TRUE(server->Execute({"INSERT INTO t.a VALUES (" + std::to_string(id) + ")"}).ok());
  }
  static std::string End(MariaDbServer* server) { return *server->Value("SELECT @@global.gtid_binlog_pos"); }
  void WaitForReplica() {
    const std::string end = End(first_.get());
    EXPECT_EQ(*second_->Value("SELECT MASTER_GTID_WAIT('" + end + "', 30)"), "0");
  }
  // What is read ends with a row that the replica does not get; the source is killed.
  void LetReplicaLack(int id, std::string* end) {
    Insert(first_.get(), id - 1);
    WaitForReplica();
    ASSERT_TRUE(second_->Execute({"STOP SLAVE"}).ok());
    Insert(first_.get(), id);
    *end = End(first_.get());
    ReaderRun run(reader_.get(), {}, &recorder_);
    run.WaitForPosition(*end);
    first_->Kill();
    EXPECT_EQ(run.WaitForEnd().code(), StatusCode::kUnavailable);
  }
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const auto& transaction : recorder_.transactions()) {
      for (const auto& row : transaction.rows) rows.push_back(row.after);
    }
    return rows;
  }

  std::unique_ptr<MariaDbServer> first_, second_;
  std::unique_ptr<engine::SourceEngine> engine_;
  std::unique_ptr<engine::ChangeReader> reader_;
  StreamRecorder recorder_;
};

TEST_F(FailoverTest, ReadingGoesOnAtThePromotedReplicaWithoutLossOrDouble) {
  Insert(first_.get(), 1);
  {
    ReaderRun run(reader_.get(), {}, &recorder_);
    run.WaitForPosition(End(first_.get()));
    Insert(first_.get(), 2);
    run.WaitForPosition(End(first_.get()));
    WaitForReplica();
    first_->Kill();
    EXPECT_EQ(run.WaitForEnd().code(), StatusCode::kUnavailable);
  }
  ASSERT_TRUE(second_->Execute({"STOP SLAVE", "RESET SLAVE ALL"}).ok());
  Insert(second_.get(), 3);
  const auto preflight = engine_->Preflight();
  ASSERT_TRUE(preflight.ok()) << preflight.status().ToString();
  ASSERT_EQ(preflight->size(), 1u);  // the first cannot be asked
  EXPECT_FALSE(preflight->at(0).fatal);
  EXPECT_EQ(engine_->CurrentPosition()->gtid, End(second_.get()));
  {
    ReaderRun run(reader_.get(), recorder_.position(), &recorder_);
    run.WaitForPosition(End(second_.get()));
    // The first one comes back as a replica of the second; it is not gone back to by itself.
    ASSERT_TRUE(first_->Restart().ok());
    Insert(second_.get(), 4);
    run.WaitForPosition(End(second_.get()));
    EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
  }
  EXPECT_EQ(Rows(), (std::vector<std::string>{R"({"id":1})", R"({"id":2})", R"({"id":3})", R"({"id":4})"}));
}

TEST_F(FailoverTest, AReplicaThatLagsWhileTheSourceRestartsIsPassedOver) {
  std::string end;
  LetReplicaLack(2, &end);
  const std::string there = End(second_.get());
  const size_t seen = recorder_.transactions().size();
  const Status status = reader_->Run(recorder_.position(), &recorder_);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();  // tried again by itself
  for (const std::string& part : {end, there, std::to_string(first_->port()), std::to_string(second_->port()),
                                  std::string("domain 0")}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << part << " in " << status.ToString();
  }
  EXPECT_FALSE(status.remedy().empty());
  EXPECT_EQ(recorder_.transactions().size(), seen);
  ASSERT_TRUE(first_->Restart().ok());
  {
    ReaderRun run(reader_.get(), recorder_.position(), &recorder_);
    Insert(first_.get(), 3);
    run.WaitForPosition(End(first_.get()));
    EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
  }
  EXPECT_EQ(Rows(), (std::vector<std::string>{R"({"id":1})", R"({"id":2})", R"({"id":3})"}));
}

TEST_F(FailoverTest, WhenAllServersAnswerAndNoneHasThePositionTheFlowStopsWithWhatEachLacks) {
  std::string end;
  LetReplicaLack(2, &end);
  ASSERT_TRUE(first_->Restart().ok());
  ASSERT_TRUE(first_->Execute({"RESET MASTER"}).ok());
  const size_t seen = recorder_.transactions().size();
  const Status status = reader_->Run(recorder_.position(), &recorder_);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
  for (const std::string& part :
       {end, "the server has " + End(second_.get()), std::string("the server has nothing"),
        std::to_string(first_->port()), std::to_string(second_->port())}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << part << " in " << status.ToString();
  }
  EXPECT_FALSE(status.remedy().empty());
  EXPECT_EQ(recorder_.transactions().size(), seen);
  // One that has caught up is enough.
  ASSERT_TRUE(second_->Execute({"STOP SLAVE", "RESET SLAVE ALL"}).ok());
  ASSERT_TRUE(second_->Execute({"SET server_id=21", "INSERT INTO t.a VALUES (2)"}).ok());
  ASSERT_EQ(End(second_.get()), end);
  Insert(second_.get(), 3);
  ReaderRun run(reader_.get(), recorder_.position(), &recorder_);
  run.WaitForPosition(End(second_.get()));
  EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
}

TEST_F(FailoverTest, AServerThatRefusesTheAccountDoesNotStopTheFlowWhileAnotherIsAway) {
  ASSERT_TRUE(first_->Execute({"INSERT INTO t.a VALUES (1)"}).ok());
  WaitForReplica();
  const SourcePosition end{End(first_.get()), "", 0};
  ASSERT_TRUE(second_->Execute({"STOP SLAVE"}).ok());
  engine_mariadb::SourceOptions options{first_->Endpoint(), 4711, "key", 200};
  options.alternates = {second_->Endpoint()};
  options.alternates[0].user = "nobody_there";
  options.alternates[0].password = "x";
  const auto engine = engine_mariadb::NewSourceEngine(options);
  const auto reader = engine->NewReader();
  first_->Kill();
  EXPECT_EQ(reader->Run(end, &recorder_).code(), StatusCode::kUnavailable);
  EXPECT_EQ(engine->Preflight().status().code(), StatusCode::kUnavailable);
}

TEST_F(FailoverTest, WithoutAnyServerAllAreNamedAndAnInterruptIsHeeded) {
  first_->Kill();
  second_->Kill();
  const Status status = reader_->Run({}, &recorder_);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  for (const auto* server : {first_.get(), second_.get()}) {
    EXPECT_NE(status.message().find(std::to_string(server->port())), std::string::npos) << status.ToString();
  }
  EXPECT_EQ(engine_->Preflight().status().code(), StatusCode::kUnavailable);
  reader_->Interrupt();
  EXPECT_EQ(reader_->Run({}, &recorder_).code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace srdf::test
