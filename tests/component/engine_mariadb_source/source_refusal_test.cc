// What stops a flow: positions the server cannot serve and events that cannot be replicated. Every error
// names the thing and the remedy.
#include <atomic>
#include <thread>

#include "source_fixture.h"

namespace srdf::test {
namespace {

class RefusalTest : public SourceTest {
 protected:
  void ExpectError(const Status& status, StatusCode code, const std::vector<std::string>& parts) {
    EXPECT_EQ(status.code(), code) << status.ToString();
    EXPECT_FALSE(status.remedy().empty()) << status.ToString();
    for (const auto& part : parts) {
      EXPECT_NE(status.ToString().find(part), std::string::npos)
          << "no \"" << part << "\" in: " << status.ToString();
    }
  }
};

TEST_F(RefusalTest, APurgedPositionIsNamedWithWhatIsThere) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const std::string from = LogEnd();
  Sql("INSERT INTO a VALUES (1)");
  Sql("FLUSH BINARY LOGS");
  const std::string begins = LogEnd();
  const std::string file = *session_->Query("SHOW MASTER STATUS")->at(0)[0];
  Sql("INSERT INTO a VALUES (2)");
  // The server keeps a file until its checkpoint has left it.
  for (int i = 0; i < 100 && session_->Query("SHOW BINARY LOGS")->size() > 1; ++i) {
    Sql("PURGE BINARY LOGS TO '" + file + "'");
  }
  ASSERT_EQ(session_->Query("SHOW BINARY LOGS")->size(), 1u);
  ExpectError(ReadUntilError(from), StatusCode::kFailedPrecondition,
              {"\"" + from + "\"", "begins after \"" + begins + "\"", file, "re-establish"});
}

TEST_F(RefusalTest, APositionAheadOfTheServerListsTheDomains) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  ExpectError(ReadUntilError("0-11-2,5-1-77"), StatusCode::kFailedPrecondition,
              {"domain 5", "5-1-77", "nothing"});
  ExpectError(ReadUntilError("0-11-900"), StatusCode::kFailedPrecondition,
              {"domain 0", "0-11-900", "has 0-11-2"});
}

TEST_F(RefusalTest, AnUnknownGtidInTheServersPastIsRefused) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("INSERT INTO a VALUES (1)");
  Sql("INSERT INTO a VALUES (2)");
  // Another server wrote this number: the histories have parted.
  ExpectError(ReadUntilError("0-99-2"), StatusCode::kFailedPrecondition, {"0-99-2", "re-establish"});
}

TEST_F(RefusalTest, AResetLogIsRefused) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("INSERT INTO a VALUES (1)");
  const std::string from = LogEnd();
  Sql("RESET MASTER");
  ExpectError(ReadUntilError(from), StatusCode::kFailedPrecondition, {from, "nothing"});
}

TEST_F(RefusalTest, AResetLogThatHasPassedThePositionIsRefused) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  for (int i = 0; i < 20; ++i) Sql("INSERT INTO a VALUES (" + std::to_string(i) + ")");
  const auto all = ReadAll();
  const SourcePosition from = all.back().end;
  ASSERT_EQ(from.gtid, "0-11-22");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  Sql("RESET MASTER");
  // The first one is longer, so that no transaction ends where one of the same number did in the old log.
  Sql("INSERT INTO a VALUES (1000), (1001)");
  for (int i = 1; i < 30; ++i) Sql("INSERT INTO a VALUES (" + std::to_string(i + 100) + ")");
  ASSERT_EQ(LogEnd(), "0-11-30");
  ExpectError(reader->Run(from, &recorder), StatusCode::kDataLoss,
              {"0-11-22", from.file + ":" + std::to_string(from.offset), "re-establish"});
  // The place of another transaction of the new log.
  const auto fresh = ReadAll();
  ExpectError(reader->Run({from.gtid, fresh[20].end.file, fresh[20].end.offset}, &recorder),
              StatusCode::kDataLoss, {"the log has \"0-11-21\" there"});
  EXPECT_TRUE(recorder.transactions().empty());
}

TEST_F(RefusalTest, ARunningStreamSeesAResetLogThatGoesOn) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  for (int i = 0; i < 20; ++i) Sql("INSERT INTO a VALUES (" + std::to_string(i) + ")");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  ASSERT_TRUE(recorder.WaitFor([&] { return recorder.idle_calls > 0; }));
  Sql("RESET MASTER");
  std::atomic<bool> ended = false;
  std::thread writer([&] {  // low numbers, one after the other
    for (int i = 100; i < 118 && !ended; ++i) {
      Sql("INSERT INTO a VALUES (" + std::to_string(i) + ")");
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
  });
  const Status status = run.WaitForEnd();
  ended = true;
  writer.join();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(LogEnd(), "0-11-18") << "the stream ended only when the log stood still";
}

TEST_F(RefusalTest, ARunningStreamSeesAReset) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  {
    ReaderRun run(reader.get(), {}, &recorder);
    run.WaitForPosition(LogEnd());
    Sql("RESET MASTER");
    const Status status = run.WaitForEnd();
    EXPECT_FALSE(status.ok());
  }
  EXPECT_EQ(reader->Run(recorder.position(), &recorder).code(), StatusCode::kFailedPrecondition);
}

TEST_F(RefusalTest, MalformedPositionsAreRefused) {
  EXPECT_EQ(ReadUntilError("binlog.000001:4").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadUntilError("0-1-1,0-2-2").code(), StatusCode::kInvalidArgument);
}

TEST_F(RefusalTest, RowsChangedByAStatementStopTheFlow) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("SET SESSION binlog_format = STATEMENT");
  Sql("INSERT INTO a VALUES (1)");
  ExpectError(ReadUntilError(), StatusCode::kFailedPrecondition,
              {"INSERT INTO a", "binlog.000001:", "0-11-3", "SET GLOBAL binlog_format = ROW"});
}

TEST_F(RefusalTest, StatementHelpersStopTheFlow) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, v DOUBLE)");
  Sql("SET SESSION binlog_format = STATEMENT");
  Sql("INSERT INTO a (v) VALUES (RAND())");
  ExpectError(ReadUntilError(), StatusCode::kFailedPrecondition, {"event (type", "logged as a statement"});
}

TEST_F(RefusalTest, NonTransactionalTablesStopTheFlowUntilTheRemedyIsApplied) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY) ENGINE=MyISAM");
  Sql("INSERT INTO a VALUES (1)");
  const Status status = ReadUntilError();
  ExpectError(status, StatusCode::kFailedPrecondition, {"`t`.`a`", "MyISAM"});
  Sql(status.remedy().substr(0, status.remedy().find(',')));
  Sql("INSERT INTO a VALUES (2)");
  const auto all = ReadAll();
  EXPECT_EQ(all.back().rows.at(0).after, R"({"id":2})");
}

TEST_F(RefusalTest, AWrongPasswordNamesTheUser) {
  auto options = Options();
  options.endpoint = server().Endpoint("nobody_here", "wrong");
  const auto engine = engine_mariadb::NewSourceEngine(options);
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  const Status status = reader->Run({}, &recorder);
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_NE(status.message().find("nobody_here"), std::string::npos);
  EXPECT_EQ(status.ToString().find("wrong"), std::string::npos);
}

TEST_F(RefusalTest, WholeTransactionsBeforeTheErrorAreHandedOn) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("INSERT INTO a VALUES (1)");
  Sql("SET SESSION binlog_format = STATEMENT");
  Sql("INSERT INTO a VALUES (2)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  EXPECT_FALSE(reader->Run({}, &recorder).ok());
  EXPECT_EQ(recorder.position().gtid, "0-11-3");
}

}  // namespace
}  // namespace srdf::test
