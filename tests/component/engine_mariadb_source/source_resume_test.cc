// Where a stream begins and how it survives: positions, rotation, compression, restarts.
#include "source_fixture.h"

namespace srdf::test {
namespace {

class ResumeTest : public SourceTest {
 protected:
  // A log with several of everything: domains, statements, skipped statements, files.
  void FillLog() {
    Sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(100))");
    for (int i = 0; i < 5; ++i) {
      Sql("INSERT INTO a (id, v) VALUES (" + std::to_string(i) + ", 'v')");
      Sql("SET SESSION gtid_domain_id = 3");
      Sql("UPDATE a SET v = CONCAT(v, 'x')");
      Sql("SET SESSION gtid_domain_id = 0");
      if (i == 2) Sql("ALTER TABLE a ADD COLUMN w INT DEFAULT 5");
      if (i == 2) Sql("ANALYZE TABLE a");
      if (i % 2 == 1) Sql("FLUSH BINARY LOGS");
      if (i == 3) Sql("INSERT INTO a SELECT seq + 100, 'many', 1 FROM seq_1_to_50");
    }
  }
};

// Facts may be more or less certain from one stream to the next; what happened is the same.
bool SameChanges(const RecordedTransaction& a, const RecordedTransaction& b) {
  if (a.gtid != b.gtid || a.end != b.end || a.statements != b.statements || a.rows.size() != b.rows.size())
    return false;
  for (size_t i = 0; i < a.rows.size(); ++i) {
    if (a.rows[i].op != b.rows[i].op || a.rows[i].after != b.rows[i].after || a.rows[i].key != b.rows[i].key)
      return false;
  }
  return true;
}

TEST_F(ResumeTest, AStreamFromAnyPositionIsExactlyTheRest) {
  FillLog();
  const auto all = ReadAll();
  ASSERT_GT(all.size(), 12u);
  for (size_t i = 0; i < all.size(); ++i) {
    if (i + 1 == all.size()) break;  // nothing follows the last
    const auto rest = ReadAll(all[i].end.gtid);
    ASSERT_EQ(rest.size(), all.size() - i - 1) << "from " << all[i].end.gtid;
    for (size_t k = 0; k < rest.size(); ++k) {
      EXPECT_TRUE(SameChanges(rest[k], all[i + 1 + k])) << rest[k].gtid << " from " << all[i].end.gtid;
    }
  }
}

// With its place in the log, which is checked: within files, at their ends, with several domains.
TEST_F(ResumeTest, AStreamGoesOnFromEveryPlaceThatWasRead) {
  FillLog();
  Sql("FLUSH BINARY LOGS");
  const auto all = ReadAll();
  const auto check = [&] {
    for (size_t i = 0; i < all.size(); ++i) {
      const auto engine = engine_mariadb::NewSourceEngine(Options());
      const auto reader = engine->NewReader();
      StreamRecorder recorder;
      ReaderRun run(reader.get(), all[i].end, &recorder);
      if (i + 1 < all.size()) {
        run.WaitForPosition(LogEnd());
      } else {
        EXPECT_TRUE(recorder.WaitFor([&] { return recorder.idle_calls > 0; }));
      }
      const Status status = run.Stop();
      EXPECT_EQ(status.code(), StatusCode::kCancelled) << all[i].end.gtid << ": " << status.ToString();
      EXPECT_EQ(recorder.transactions().size(), all.size() - i - 1);
    }
  };
  check();
  ASSERT_TRUE(server().Restart().ok());
  session_ = server().ConnectOrDie();
  check();
}

TEST_F(ResumeTest, ThePlaceOfAnUnknownFileIsNoObstacle) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const std::string from = LogEnd();
  Sql("INSERT INTO a VALUES (1)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {from, "elsewhere.000007", 4242}, &recorder);
  run.WaitForPosition(LogEnd());
  EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
}

TEST_F(ResumeTest, ACompressedLogSaysTheSame) {
  FillLog();
  const auto plain = ReadAll();
  const std::string from = LogEnd();
  Sql("SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10");
  Sql("INSERT INTO a SELECT seq + 1000, REPEAT('compress me', 5), 2 FROM seq_1_to_500");
  Sql("UPDATE a SET v = 'short' WHERE id > 1400");
  Sql("DELETE FROM a WHERE id > 1450");
  Sql("ALTER TABLE a ADD COLUMN a_rather_long_column_name_for_a_compressed_statement INT DEFAULT 5");
  Sql("SET GLOBAL log_bin_compress = OFF");
  const auto rest = ReadAll(from);
  ASSERT_EQ(rest.size(), 4u);
  EXPECT_EQ(rest[0].rows.size(), 500u);
  EXPECT_NE(rest[0].rows[499].after.find("compress mecompress me"), std::string::npos);
  EXPECT_EQ(rest[1].rows.size(), 100u);
  EXPECT_EQ(rest[2].rows.size(), 50u);
  EXPECT_NE(rest[3].statements.at(0).sql.find("a_rather_long_column_name"), std::string::npos);
}

TEST_F(ResumeTest, ALogWithoutChecksumsIsRead) {
  Sql("SET GLOBAL binlog_checksum = NONE");
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("INSERT INTO a VALUES (1)");
  const auto without = ReadAll();
  Sql("SET GLOBAL binlog_checksum = CRC32");
  Sql("INSERT INTO a VALUES (2)");
  EXPECT_EQ(without.back().rows.size(), 1u);
  const auto both = ReadAll();
  EXPECT_EQ(both.size(), without.size() + 1);
}

TEST_F(ResumeTest, ARotationDoesNotMoveThePosition) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  ASSERT_TRUE(recorder.WaitFor([&] { return recorder.idle_calls > 0; }));
  const SourcePosition before = reader->Stats().read;
  Sql("FLUSH BINARY LOGS");
  const std::string file = *session_->Query("SHOW MASTER STATUS")->at(0)[0];
  ASSERT_TRUE(recorder.WaitFor([&] { return recorder.last_lag.server_end.file == file; }));
  EXPECT_EQ(reader->Stats().read, before);
  Sql("INSERT INTO a VALUES (1)");
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  EXPECT_EQ(recorder.position().file, file);
}

TEST_F(ResumeTest, AServerRestartEndsTheStreamAsUnavailableAndItGoesOn) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("INSERT INTO a VALUES (1)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  {
    ReaderRun run(reader.get(), {}, &recorder);
    run.WaitForPosition(LogEnd());
    ASSERT_TRUE(server().Stop().ok());
    EXPECT_EQ(run.WaitForEnd().code(), StatusCode::kUnavailable);
  }
  EXPECT_EQ(reader->Run(recorder.position(), &recorder).code(), StatusCode::kUnavailable);  // still down
  ASSERT_TRUE(server().Restart().ok());
  session_ = server().ConnectOrDie();
  Sql("USE t");
  Sql("INSERT INTO a VALUES (2)");
  ReaderRun run(reader.get(), recorder.position(), &recorder);
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  const auto all = recorder.transactions();
  EXPECT_EQ(all.size(), 4u);
  EXPECT_EQ(all.back().rows.at(0).after, R"({"id":2})");
}

TEST_F(ResumeTest, AKilledServerEndsTheStreamAsUnavailableAndItGoesOn) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  {
    ReaderRun run(reader.get(), {}, &recorder);
    run.WaitForPosition(LogEnd());
    Sql("INSERT INTO a VALUES (1)");
    run.WaitForPosition(LogEnd());
    server().Kill();
    EXPECT_EQ(run.WaitForEnd().code(), StatusCode::kUnavailable);
  }
  ASSERT_TRUE(server().Restart().ok());
  session_ = server().ConnectOrDie();
  Sql("USE t");
  Sql("INSERT INTO a VALUES (2)");
  ReaderRun run(reader.get(), recorder.position(), &recorder);
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  EXPECT_EQ(recorder.transactions().back().rows.at(0).after, R"({"id":2})");
}

TEST_F(ResumeTest, AnInterruptBeforeTheRunIsNotLost) {
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  reader->Interrupt();
  EXPECT_EQ(reader->Run({LogEnd(), "", 0}, &recorder).code(), StatusCode::kCancelled);
  ReaderRun run(reader.get(), {LogEnd(), "", 0}, &recorder);  // and is spent
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  run.WaitForPosition(LogEnd());
}

TEST_F(ResumeTest, AnInterruptIsPrompt) {
  auto options = Options();
  options.heartbeat_ms = 20'000;
  const auto engine = engine_mariadb::NewSourceEngine(options);
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());  // waiting for the next event now
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(ResumeTest, AnErrorOfTheSinkEndsTheRun) {
  class Refusing : public engine::ChangeSink {
   public:
    Status Consume(std::string_view, bool) override { return {StatusCode::kResourceExhausted, "full"}; }
    void Idle(const engine::SourceLag&) override {}
  } sink;
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  EXPECT_EQ(reader->Run({}, &sink).code(), StatusCode::kResourceExhausted);
}

TEST_F(ResumeTest, BytesBehindCountsTheLogAhead) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, v LONGBLOB)");
  for (int i = 0; i < 8; ++i) Sql("INSERT INTO a VALUES (" + std::to_string(i) + ", REPEAT('x', 1000000))");
  Sql("FLUSH BINARY LOGS");
  // A sink that stops after the first piece, so that the rest stays ahead.
  class Once : public engine::ChangeSink {
   public:
    Status Consume(std::string_view, bool end) override {
      return ++calls > 1 && end ? Status(StatusCode::kAborted, "enough") : Status();
    }
    void Idle(const engine::SourceLag&) override {}
    int calls = 0;
  } sink;
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  EXPECT_EQ(reader->Run({}, &sink).code(), StatusCode::kAborted);
  EXPECT_GT(reader->Stats().lag.bytes_behind, 5'000'000u);
}

}  // namespace
}  // namespace srdf::test
