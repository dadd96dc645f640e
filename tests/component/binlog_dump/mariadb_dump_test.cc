// The dump of files that a real MariaDB server wrote, against the server's tables and its own reader.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "component/binlog_dump/server_binlog.h"
#include "support/mariadb_server.h"

namespace srdf::test {
namespace {

class MariaDbDump : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = MariaDbServer::Start();
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(*server).release();
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    session_ = server_->ConnectOrDie();
    Sql("DROP DATABASE IF EXISTS d");
    Sql("CREATE DATABASE d");
    Sql("USE d");
    Sql("SET time_zone = '+00:00'");
    Sql("RESET MASTER");
  }

  void Sql(const std::string& statement) {
    const Status status = session_->Execute(statement);
    ASSERT_TRUE(status.ok()) << statement << ": " << status.ToString();
  }
  std::string Value(const std::string& query) {
    auto value = session_->QueryValue(query);
    EXPECT_TRUE(value.ok()) << value.status().ToString();
    return value.ok() ? *value : "";
  }
  std::string File(int number) {
    const std::string digits = std::to_string(number);
    return Value("SELECT @@log_bin_basename") + "." + std::string(6 - digits.size(), '0') + digits;
  }
  // Inserts, updates, deletes, a key change, NULLs, several rows in a statement, in two tables.
  void Workload() {
    Sql("CREATE TABLE a (id INT PRIMARY KEY, n BIGINT, s VARCHAR(40) CHARACTER SET utf8mb4, c CHAR(5))");
    Sql("CREATE TABLE b (k VARCHAR(20), v INT, PRIMARY KEY (k))");
    Sql("BEGIN");
    Sql("INSERT INTO a VALUES (1, -5, 'one', 'x'), (2, NULL, 'two', NULL), (3, 9000000000, '', 'y')");
    Sql("UPDATE a SET n = n + 1, s = 'uno' WHERE id = 1");
    Sql("UPDATE a SET id = 30 WHERE id = 3");
    Sql("INSERT INTO b VALUES ('k', 1)");
    Sql("COMMIT");
    Sql("DELETE FROM a WHERE id = 2");
    Sql("INSERT INTO b SELECT CONCAT('row', seq), seq FROM seq_1_to_2000");
    Sql("UPDATE b SET v = -v");
  }

  static MariaDbServer* server_;
  std::unique_ptr<engine_mariadb::Connection> session_;
};
MariaDbServer* MariaDbDump::server_ = nullptr;

TEST_F(MariaDbDump, Trap10EveryRowImageIsReadAsTheServersToolReadsIt) {
  int file = 1;
  for (const std::string image : {"FULL", "MINIMAL", "NOBLOB"}) {
    SCOPED_TRACE(image);
    Sql("DROP TABLE IF EXISTS a, b");
    Sql("SET binlog_row_image = " + image);
    Sql("FLUSH BINARY LOGS");
    Workload();
    Sql("FLUSH BINARY LOGS");
    const Dumped dumped = DumpPath({.path = File(++file)});
    ExpectSameAsServerTool(dumped, ReadWithServerTool(File(file)));
    EXPECT_EQ(RowsOf(dumped).size(), 4008u);
    EXPECT_NE(dumped.summary.end.find("ROTATE"), std::string::npos) << dumped.summary.end;
    ++file;
  }
}

TEST_F(MariaDbDump, Trap10AMinimalInsertOfNothingButDefaultsIsARow) {
  Sql("CREATE TABLE t (a INT DEFAULT 5, b INT, c VARCHAR(10) DEFAULT 'x')");
  Sql("SET binlog_row_image = MINIMAL");
  Sql("INSERT INTO t () VALUES (), ()");
  Sql("CREATE TABLE keyed (id INT PRIMARY KEY DEFAULT 5, v INT)");
  Sql("INSERT INTO keyed () VALUES ()");  // an event whose row has no bytes
  Sql("SET binlog_row_image = FULL");
  const Dumped keyed = DumpPath({.path = File(1), .table = "d.keyed"});
  EXPECT_EQ(RowsOf(keyed).size(), 1u) << nlohmann::ordered_json(keyed.transactions);
  const Dumped dumped = DumpPath({.path = File(1), .table = "d.t"});
  EXPECT_EQ(RowsOf(dumped).size(), 2u) << nlohmann::ordered_json(dumped.transactions);
}

TEST_F(MariaDbDump, Trap17CompressedEventsAreReadToo) {
  Sql("SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10");
  Workload();
  Sql("SET GLOBAL log_bin_compress = OFF");
  Sql("FLUSH BINARY LOGS");
  const Dumped dumped = DumpPath({.path = File(1)});
  ExpectSameAsServerTool(dumped, ReadWithServerTool(File(1)));
  const Dumped events = DumpPath({.path = File(1), .events = true});
  size_t compressed = 0;
  for (const auto& event : events.transactions) {
    if (event["type"].get<std::string>().find("COMPRESSED") != std::string::npos) ++compressed;
  }
  EXPECT_GT(compressed, 5u);
}

TEST_F(MariaDbDump, TheRowsOfADumpMakeTheTable) {
  Sql("CREATE TABLE t (id INT PRIMARY KEY, u TINYINT UNSIGNED, n DECIMAL(20,5), d DATETIME(3), e "
      "ENUM('x','zwölf'), "
      "s SET('p','q','r'), b BLOB, j JSON, t TEXT CHARACTER SET latin1)");
  for (int i = 0; i < 200; ++i) {
    const std::string id = std::to_string(i);
    Sql("INSERT INTO t VALUES (" + id + ", 200, -" + id +
        ".5, '2024-02-29 01:02:03.456', 'zwölf', 'p,r', X'00ff" + "', '{\"a\": " + id + "}', 'größe')");
    if (i % 3 == 0) Sql("UPDATE t SET id = id + 1000, u = NULL WHERE id = " + id);
    if (i % 5 == 0) Sql("DELETE FROM t WHERE id IN (" + id + ", " + id + " + 1000)");
  }
  const Dumped dumped = DumpPath({.path = File(1)});  // which the server still writes
  ASSERT_TRUE(dumped.status.ok()) << dumped.status.ToString();
  EXPECT_FALSE(dumped.summary.signedness_missing);
  std::map<int, nlohmann::ordered_json> replayed;
  for (auto row : RowsOf(dumped)) {
    if (row.contains("before")) {
      EXPECT_EQ(replayed.erase(row["before"]["id"].get<int>()), 1u);
    }
    if (row.contains("after")) replayed[row["after"]["id"].get<int>()] = row["after"];
  }
  const auto table =
      session_->Query("SELECT id, u, n, d, e, s, CONCAT('0x', HEX(b)), j, t FROM t ORDER BY id");
  ASSERT_TRUE(table.ok());
  ASSERT_EQ(table->size(), replayed.size());
  auto it = replayed.begin();
  for (const auto& row : *table) {
    const nlohmann::ordered_json& image = (it++)->second;
    const char* const names[] = {"id", "u", "n", "d", "e", "s", "b", "j", "t"};
    for (size_t i = 0; i < row.size(); ++i) {
      const nlohmann::ordered_json& value = image[names[i]];
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      EXPECT_EQ(row[i].value_or("null"), text) << names[i];
    }
  }
}

TEST_F(MariaDbDump, Trap21XaSavepointsDomainsAndEnginesThatCannotRollBack) {
  Sql("CREATE TABLE t (id INT PRIMARY KEY) ENGINE = InnoDB");
  Sql("CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM");
  Sql("XA START 'g','b',3");
  Sql("INSERT INTO t VALUES (1)");
  Sql("XA END 'g','b',3");
  Sql("XA PREPARE 'g','b',3");
  Sql("XA COMMIT 'g','b',3");
  Sql("INSERT INTO m VALUES (1)");
  Sql("SET gtid_domain_id = 7");
  Sql("BEGIN");
  Sql("INSERT INTO t VALUES (2)");
  Sql("SAVEPOINT s");
  Sql("INSERT INTO m VALUES (2)");
  Sql("ROLLBACK TO s");
  Sql("COMMIT");
  Sql("SET gtid_domain_id = 0");
  Sql("FLUSH BINARY LOGS");
  const Dumped dumped = DumpPath({.path = File(1)});
  ExpectSameAsServerTool(dumped, ReadWithServerTool(File(1)));
  std::vector<std::string> ends;
  for (const auto& transaction : dumped.transactions) ends.push_back(transaction["end"]);
  EXPECT_EQ(std::count(ends.begin(), ends.end(), "xa prepare"), 1) << nlohmann::ordered_json(ends);
  for (auto& transaction : dumped.transactions) {
    if (transaction["end"] == "xa prepare") {
      EXPECT_EQ(transaction["xa_xid"], "X'67',X'62',3");
    }
    if (!transaction["changes"].empty() && transaction["changes"].back().contains("table")) {
      const bool only_myisam = transaction["changes"].back()["table"] == "d.m" && transaction["rows"] == 1;
      EXPECT_EQ(transaction.value("transactional", true), !only_myisam) << transaction;
    }
  }
  const std::string seventh = Value("SELECT @@gtid_binlog_pos");
  const std::string gtid = seventh.substr(seventh.find("7-"));
  const Dumped one = DumpPath({.path = File(1), .gtids = gtid});
  ASSERT_EQ(one.transactions.size(), 1u);
  EXPECT_EQ(one.transactions[0]["gtid"], gtid);
}

TEST_F(MariaDbDump, StatementsCarryTheirTextAndDatabase) {
  Sql("SET SESSION binlog_annotate_row_events = ON");
  Sql("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)");
  Sql("SET STATEMENT binlog_format = 'STATEMENT' FOR INSERT INTO t (v) VALUES (5)");
  Sql("INSERT INTO t (v) VALUES (6)");
  Sql("DROP TABLE t");
  const Dumped dumped = DumpPath({.path = File(1)});
  ASSERT_EQ(dumped.transactions.size(), 4u);
  EXPECT_EQ(dumped.transactions[0]["changes"][0]["statement"],
            "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)");
  EXPECT_EQ(dumped.transactions[0]["changes"][0]["database"], "d");
  EXPECT_EQ(dumped.transactions[1]["changes"][0]["insert_id"], 1);
  EXPECT_EQ(dumped.transactions[2]["changes"][0]["rows_query"], "INSERT INTO t (v) VALUES (6)");
  EXPECT_EQ(dumped.transactions[2]["changes"][1]["after"]["id"], 2);
}

TEST_F(MariaDbDump, WithoutMetadataColumnsAreNumberedAndTheSummarySaysSo) {
  Sql("CREATE TABLE t (id INT UNSIGNED PRIMARY KEY, s VARCHAR(10) CHARACTER SET utf8mb4, b VARBINARY(10))");
  Sql("SET GLOBAL binlog_row_metadata = NO_LOG");
  Sql("INSERT INTO t VALUES (4294967295, 'ü', X'ff')");
  Sql("SET GLOBAL binlog_row_metadata = FULL");
  const Dumped dumped = DumpPath({.path = File(1), .table = "d.t"});
  ASSERT_EQ(dumped.transactions.size(), 1u);
  EXPECT_EQ(dumped.transactions[0]["changes"][0]["after"],
            nlohmann::ordered_json::parse(R"({"@1":-1,"@2":"ü","@3":"0xFF"})"));
  EXPECT_TRUE(dumped.summary.signedness_missing);
}

TEST_F(MariaDbDump, DamageThatNoChecksumCatchesNeverCrashes) {
  Sql("SET GLOBAL binlog_checksum = NONE, GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = "
      "100");
  Sql("CREATE TABLE t (id INT PRIMARY KEY, n DECIMAL(20,5), d DATETIME(3), e ENUM('x','y'), s SET('p','q'), "
      "b BLOB, "
      "v VARCHAR(300) COMPRESSED, g POINT)");
  Sql("INSERT INTO t SELECT seq, -seq, NOW(3), 'x', 'p,q', REPEAT('b', seq), REPEAT('v', 200), POINT(1, seq) "
      "FROM "
      "seq_1_to_5");
  Sql("UPDATE t SET n = NULL WHERE id = 3");
  Sql("XA START 'x'");
  Sql("DELETE FROM t WHERE id = 5");
  Sql("XA END 'x'");
  Sql("XA PREPARE 'x'");
  Sql("XA ROLLBACK 'x'");
  Sql("SET GLOBAL binlog_checksum = CRC32, GLOBAL log_bin_compress = OFF");
  // The statement that switched the checksums off began the second file, the one that switched them on the
  // third.
  std::ifstream in(File(2), std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  ASSERT_GT(sound.size(), 1500u);
  const std::string path = testing::TempDir() + "/srdf_dump_damaged_" + std::to_string(::getpid());
  const auto dump = [&](const std::string& bytes, bool events) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return DumpPath({.path = path, .events = events});
  };
  EXPECT_EQ(RowsOf(dump(sound, false)).size(), 7u);
  std::mt19937 random(11);
  size_t errors = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string damaged = sound;
    const size_t at = 4 + random() % (damaged.size() - 4);
    damaged[at] = static_cast<char>(round % 2 == 0 ? random() : damaged[at] ^ 1 << (random() % 8));
    const Dumped dumped = dump(damaged, round % 3 == 0);
    if (!dumped.status.ok()) {
      ++errors;
      EXPECT_NE(dumped.status.code(), StatusCode::kInternal) << dumped.status.ToString();
    }
  }
  EXPECT_GT(errors, 100u);
  std::remove(path.c_str());
}

TEST_F(MariaDbDump, EveryTransactionCanBeReadFromItsOffset) {
  Workload();
  const Dumped whole = DumpPath({.path = File(1)});
  ASSERT_GT(whole.transactions.size(), 4u);
  for (const auto& transaction : whole.transactions) {
    const Dumped one = DumpPath({.path = File(1), .from = transaction["offset"].get<uint64_t>(), .limit = 1});
    ASSERT_EQ(one.transactions.size(), 1u);
    EXPECT_EQ(one.transactions[0], transaction);
  }
}

TEST(MariaDbDumpAlone, AKilledServersFileIsReadToItsLastWholeEvent) {
  auto server = MariaDbServer::Start();
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  ASSERT_TRUE((*server)
                  ->Execute({"CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)",
                             "INSERT INTO d.t VALUES (1), (2)"})
                  .ok());
  const auto base = (*server)->Value("SELECT @@log_bin_basename");
  ASSERT_TRUE(base.ok());
  (*server)->Kill();
  const Dumped dumped = DumpPath({.path = *base + ".000001"});
  EXPECT_TRUE(dumped.status.ok()) << dumped.status.ToString();
  EXPECT_EQ(RowsOf(dumped).size(), 2u);
  EXPECT_NE(dumped.summary.end.find("or the server crashed"), std::string::npos) << dumped.summary.end;
}

TEST(MariaDbDumpAlone, AnEncryptedFileIsRefusedWithARemedy) {
  const std::string keys = testing::TempDir() + "/srdf_dump_keys_" + std::to_string(::getpid());
  std::ofstream(keys) << "1;770A8A65DA156D24EE2A093277530142\n";
  MariaDbServerOptions options;
  options.config = {"plugin_load_add=file_key_management", "file_key_management_filename=" + keys,
                    "encrypt_binlog=1"};
  auto server = MariaDbServer::Start(options);
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  const auto base = (*server)->Value("SELECT @@log_bin_basename");
  const Dumped dumped = DumpPath({.path = *base + ".000001"});
  EXPECT_EQ(dumped.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(dumped.status.message().find("encrypted"), std::string::npos);
  EXPECT_NE(dumped.status.remedy().find("--read-from-remote-server"), std::string::npos);
  std::remove(keys.c_str());
}

}  // namespace
}  // namespace srdf::test
