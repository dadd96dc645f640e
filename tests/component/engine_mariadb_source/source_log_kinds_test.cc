// Logs of every kind say the same: encrypted at rest, compressed to the last row, with statements beside the
// rows, from transactions that did not fit into the server's cache, of several domains over restarts.
#include <unistd.h>

#include <fstream>

#include "source_fixture.h"

namespace srdf::test {
namespace {

class LogKindsTest : public SourceTest {
 protected:
  // All rows of the stream, each as text.
  static std::vector<std::string> Texts(const std::vector<RecordedTransaction>& all) {
    std::vector<std::string> out;
    for (const auto& transaction : all) {
      for (const auto& row : transaction.rows) {
        out.push_back(row.table + " " + std::string(RowOpName(row.op)) + " " + row.before + " " + row.after);
      }
    }
    return out;
  }
};

TEST_F(LogKindsTest, AnEncryptedLogArrivesInTheClear) {
  const std::string key_file = testing::TempDir() + "srdf-binlog-key-" + std::to_string(getpid());
  std::ofstream(key_file) << "1;a7addd9adea9978fda19f21e6be987880e68ac92632ca052e5bb42b1a506939a\n";
  auto server =
      MariaDbServer::Start({.server_id = 12,
                            .log_bin = true,
                            .buffer_pool_size = "32M",
                            .config = {"plugin_load_add=file_key_management",
                                       "file_key_management_filename=" + key_file, "encrypt_binlog=ON"}});
  unlink(key_file.c_str());
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  ASSERT_TRUE(
      (*server)
          ->Execute({"CREATE DATABASE t", "USE t", "CREATE TABLE t.a (id INT PRIMARY KEY, v VARCHAR(40))",
                     "INSERT INTO t.a VALUES (1, 'nobody may read this')",
                     "INSERT INTO t.a SELECT seq, 'many' FROM seq_2_to_2000", "DELETE FROM t.a WHERE id = 1"})
          .ok());
  // It is encrypted indeed.
  const std::string file = (*server)->datadir() + "/binlog.000001";
  std::ifstream in(file, std::ios::binary);
  const std::string raw((std::istreambuf_iterator<char>(in)), {});
  ASSERT_GT(raw.size(), 10000u);
  ASSERT_EQ(raw.find("nobody may read this"), std::string::npos);

  const auto engine = engine_mariadb::NewSourceEngine({(*server)->Endpoint(), 4711, "key", 200});
  EXPECT_TRUE(engine->Preflight()->empty());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  {
    ReaderRun run(reader.get(), {}, &recorder);
    run.WaitForPosition(*(*server)->Value("SELECT @@global.gtid_binlog_pos"));
    EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
  }
  const auto all = recorder.transactions();
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[2].rows.at(0).after, R"({"id":1,"v":"nobody may read this"})");
  EXPECT_EQ(all[3].rows.size(), 1999u);
  // And from a place within it, which is checked against the file.
  StreamRecorder rest;
  ReaderRun run(reader.get(), all[2].end, &rest);
  run.WaitForPosition(all[4].end.gtid);
  EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
  EXPECT_EQ(rest.transactions().size(), 2u);
}

TEST_F(LogKindsTest, TrapCompressedEventsOfAnyLengthAreRows) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(300))");
  const std::string from = LogEnd();
  const auto work = [this] {
    Sql("INSERT INTO a SELECT seq, REPEAT('x', seq) FROM seq_1_to_300");
    Sql("UPDATE a SET v = CONCAT(v, 'y') WHERE id < 20");
    Sql("DELETE FROM a");
  };
  Sql("SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10");
  work();
  const std::string middle = LogEnd();
  const auto compressed = Texts(ReadAll(from));
  Sql("SET GLOBAL log_bin_compress = OFF, GLOBAL log_bin_compress_min_len = 256");
  work();
  EXPECT_EQ(compressed.size(), 619u);
  EXPECT_EQ(compressed, Texts(ReadAll(middle)));
  // The server did compress.
  bool seen = false;
  const auto events = session_->Query("SHOW BINLOG EVENTS");
  for (const auto& event : *events)
    seen = seen || event[2].value_or("").find("compressed") != std::string::npos;
  EXPECT_TRUE(seen);
}

TEST_F(LogKindsTest, AnnotationsSayNothingThatCounts) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const std::string from = LogEnd();
  for (const char* annotate : {"ON", "OFF"}) {
    Sql(std::string("SET SESSION binlog_annotate_row_events = ") + annotate);
    Sql("INSERT INTO a VALUES (1) /* INSERT INTO a VALUES (2) */");
    Sql("DELETE FROM a");
  }
  const auto all = ReadAll(from);
  ASSERT_EQ(all.size(), 4u);
  for (const auto& transaction : all) EXPECT_EQ(transaction.rows.size(), 1u);
}

TEST_F(LogKindsTest, ATransactionLargerThanTheServersCacheIsWhole) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(1000))");
  const std::string from = LogEnd();
  Sql("SET GLOBAL binlog_cache_size = 4096");
  const auto other = server().ConnectOrDie();  // with this cache
  for (const char* statement :
       {"USE t", "BEGIN", "INSERT INTO t.a SELECT seq, REPEAT('x', 900) FROM seq_1_to_2000", "SAVEPOINT s",
        "INSERT INTO t.a SELECT seq, REPEAT('y', 900) FROM seq_2001_to_4000", "ROLLBACK TO s",
        "UPDATE t.a SET v = 'z' WHERE id <= 1000", "COMMIT"}) {
    ASSERT_TRUE(other->Execute(statement).ok()) << statement;
  }
  Sql("SET GLOBAL binlog_cache_size = DEFAULT");
  EXPECT_NE(Value("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE "
                  "VARIABLE_NAME = 'BINLOG_CACHE_DISK_USE'"),
            "0");
  const auto all = ReadAll(from);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].rows.size(), 3000u);
}

TEST_F(LogKindsTest, TrapAnUnsafeStatementOfAMixedSessionIsRowsAndASafeOneStopsTheFlow) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(40))");
  const std::string from = LogEnd();
  Sql("SET SESSION binlog_format = MIXED");
  Sql("INSERT INTO a VALUES (1, UUID())");
  ASSERT_EQ(ReadAll(from).size(), 1u);
  Sql("INSERT INTO a VALUES (2, 'safe')");
  const Status status = ReadUntilError(from);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("INSERT INTO a VALUES (2"), std::string::npos) << status.ToString();
  EXPECT_NE(status.remedy().find("binlog_format = ROW"), std::string::npos) << status.ToString();
}

TEST_F(LogKindsTest, TrapEveryDomainIsResumedWhereItWasOverRestartsOfServerAndReader) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  SourcePosition position{LogEnd(), "", 0};
  int id = 0;
  std::vector<std::string> seen;
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  for (int round = 0; round < 3; ++round) {
    for (const int domain : {0, 9, 5, 9, 0, 7}) {
      Sql("SET SESSION gtid_domain_id = " + std::to_string(domain + (domain == 7 ? round : 0)));
      Sql("INSERT INTO a VALUES (" + std::to_string(++id) + ")");
    }
    Sql("FLUSH BINARY LOGS");
    const auto reader = engine->NewReader();
    StreamRecorder recorder;
    ReaderRun run(reader.get(), position, &recorder);
    // The server lists domains in an order of its own.
    ASSERT_TRUE(recorder.WaitFor([&] { return recorder.transactions_unlocked().size() >= 6; }));
    EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
    for (const auto& text : Texts(recorder.transactions())) seen.push_back(text);
    position = recorder.position();
    if (round == 0) server().Kill();
    ASSERT_TRUE(server().Restart().ok());
    session_ = server().ConnectOrDie();
    Sql("USE t");
  }
  ASSERT_EQ(seen.size(), 18u);
  for (int i = 0; i < 18; ++i) {
    EXPECT_EQ(seen[static_cast<size_t>(i)], "t.a insert  {\"id\":" + std::to_string(i + 1) + "}");
  }
}

}  // namespace
}  // namespace srdf::test
