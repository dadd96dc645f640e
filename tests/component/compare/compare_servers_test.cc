// Two real servers with the same tables, one of which is corrupted: what the comparison of their snapshots
// finds.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare/comparison.h"
#include "engine_mariadb/source_engine.h"
#include "engine_mariadb/target_engine.h"
#include "local_side.h"
#include "support/mariadb_server.h"

namespace srdf::compare {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CompareServers : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    test::MariaDbServerOptions options;
    auto source = test::MariaDbServer::Start(options);
    options.server_id = 2;
    auto target = test::MariaDbServer::Start(options);
    ASSERT_TRUE(source.ok() && target.ok());
    source_server_ = std::move(*source);
    target_server_ = std::move(*target);
  }
  static void TearDownTestSuite() {
    source_server_.reset();
    target_server_.reset();
  }

  void SetUp() override {
    engine_mariadb::SourceOptions source;
    source.endpoint = source_server_->Endpoint();
    source_engine_ = engine_mariadb::NewSourceEngine(std::move(source));
    engine_mariadb::TargetOptions target;
    target.endpoint = target_server_->Endpoint();
    target.flow = "shop";
    target_engine_ = engine_mariadb::NewTargetEngine(std::move(target));
    ASSERT_TRUE(target_engine_->Connect().ok());  // makes schema srdf
    OnBoth({"DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop"});
  }

  // Sequences of the server need a database that is in use.
  static void OnBoth(std::vector<std::string> statements) {
    if (statements.front().rfind("DROP DATABASE", 0) != 0) statements.insert(statements.begin(), "USE shop");
    for (const auto* server : {source_server_.get(), target_server_.get()}) {
      const Status status = server->Execute(statements);
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
  }
  static void AtTarget(std::vector<std::string> statements) {
    statements.insert(statements.begin(), "USE shop");
    const Status status = target_server_->Execute(statements);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }

  // The target's checkpoint says what the flow would have said: it has everything of the source.
  Findings Run(CompareOptions options = {}) {
    options.patience = std::chrono::seconds(10);
    test::LocalSide source([&]() -> Result<std::unique_ptr<engine::Snapshot>> {
      SRDF_ASSIGN_OR_RETURN(auto snapshot, source_engine_->OpenSnapshot());
      position_ = snapshot->position();
      return std::unique_ptr<engine::Snapshot>(std::move(snapshot));
    });
    test::LocalSide target([&]() -> Result<std::unique_ptr<engine::Snapshot>> {
      SRDF_RETURN_IF_ERROR(target_server_->Execute(
          {"DELETE FROM srdf.checkpoint WHERE flow='shop'",
           fmt::format("INSERT INTO srdf.checkpoint (flow, epoch, `sequence`, wagon_uid, wagon_hash, gtid, "
                       "log_file, log_offset, source_commit_time_ms) VALUES ('shop', 1, 1, '', '', '{}', "
                       "'{}', {}, 0)",
                       position_.gtid, position_.file, position_.offset)}));
      return target_engine_->OpenSnapshot("shop");
    });
    auto findings = Compare(&source, &target, options);
    EXPECT_TRUE(findings.ok()) << findings.status().ToString();
    return findings.ok() ? std::move(*findings) : Findings();
  }
  static const TableFindings* Find(const Findings& findings, const std::string& table) {
    for (const TableFindings& found : findings.tables) {
      if (found.name.table == table) return &found;
    }
    return nullptr;
  }

  static std::unique_ptr<test::MariaDbServer> source_server_;
  static std::unique_ptr<test::MariaDbServer> target_server_;
  std::unique_ptr<engine::SourceEngine> source_engine_;
  std::unique_ptr<engine::TargetEngine> target_engine_;
  SourcePosition position_;
};
std::unique_ptr<test::MariaDbServer> CompareServers::source_server_;
std::unique_ptr<test::MariaDbServer> CompareServers::target_server_;

TEST_F(CompareServers, TheSmallestCorruptionsAreFoundAndNothingElseIs) {
  OnBoth(
      {"CREATE TABLE shop.item (id INT PRIMARY KEY, f FLOAT, d DOUBLE, v VARCHAR(50) COLLATE "
       "utf8mb4_general_ci, "
       "c CHAR(10), b BLOB, n VARCHAR(10) NULL, m DECIMAL(20,5), t TIMESTAMP(6) NULL, w INT AS (id * 2))",
       "INSERT INTO shop.item (id, f, d, v, c, b, n, m, t) SELECT seq, seq / 7, seq / 3, CONCAT('value ', "
       "seq), "
       "'abc', REPEAT(CHAR(seq % 256), 100), '', seq / 9, '2026-01-01 12:00:00.123456' FROM seq_1_to_20000"});
  EXPECT_EQ(Run().tables_differing(), 0u);

  AtTarget(
      {"UPDATE shop.item SET f = f + 1e-7 * f WHERE id = 11",     // the last bits of a float
       "UPDATE shop.item SET d = d + 2.3e-16 * d WHERE id = 12",  // of a double
       "UPDATE shop.item SET v = CONCAT(v, ' ') WHERE id = 13",   // a trailing space
       "UPDATE shop.item SET v = UPPER(v) WHERE id = 14",         // case
       "UPDATE shop.item SET b = INSERT(b, 50, 1, CHAR(ORD(SUBSTR(b, 50, 1)) ^ 1)) WHERE id = 15",  // one bit
       "UPDATE shop.item SET n = NULL WHERE id = 16",  // NULL against empty
       "UPDATE shop.item SET m = m + 0.00001 WHERE id = 17",
       "UPDATE shop.item SET t = t + INTERVAL 1 MICROSECOND WHERE id = 18",
       "DELETE FROM shop.item WHERE id IN (1, 9999, 20000)",
       "INSERT INTO shop.item (id) VALUES (-5), (20001), (20002)"});
  const Findings findings = Run();
  const TableFindings* item = Find(findings, "item");
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->state, TableState::kDifferent);
  std::map<RowFinding, std::set<int32_t>> found;
  for (const RowDifference& row : item->rows) {
    ASSERT_EQ(row.key.size(), 4u);
    found[row.finding].insert(static_cast<int32_t>(ByteReader(row.key).U32()));
  }
  EXPECT_THAT(found[RowFinding::kMissing], ElementsAre(1, 9999, 20000));
  EXPECT_THAT(found[RowFinding::kExtra], ElementsAre(-5, 20001, 20002));
  EXPECT_THAT(found[RowFinding::kDifferent], ElementsAre(11, 12, 13, 14, 15, 16, 17, 18));
  EXPECT_EQ(item->rows_source, 20000u);
  EXPECT_EQ(item->rows_target, 20000u);
}

TEST_F(CompareServers, TablesWithoutAKeyAreComparedInAnyOrder) {
  OnBoth({"CREATE TABLE shop.log (a INT, b VARCHAR(20))",
          "INSERT INTO shop.log SELECT seq % 100, 'x' FROM seq_1_to_5000"});
  // Other places, the same rows.
  AtTarget(
      {"DELETE FROM shop.log WHERE a < 50", "INSERT INTO shop.log SELECT seq % 50, 'x' FROM seq_1_to_2500"});
  EXPECT_EQ(Run().tables_differing(), 0u);
  AtTarget({"UPDATE shop.log SET b = 'y' WHERE a = 7 LIMIT 2", "DELETE FROM shop.log WHERE a = 60 LIMIT 1"});
  const Findings findings = Run();
  const TableFindings* log = Find(findings, "log");
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(log->missing, 3u);
  EXPECT_EQ(log->extra, 2u);
  ASSERT_EQ(log->rows.size(), 3u);
  for (const RowDifference& row : log->rows) EXPECT_FALSE(row.image.empty());
}

TEST_F(CompareServers, KeysOfManyTypesAreCutIntoPartsThatFitBothSides) {
  OnBoth(
      {"CREATE TABLE shop.composite (s VARCHAR(30) COLLATE utf8mb4_general_ci, n INT, x INT, PRIMARY KEY (s, "
       "n))",
       "INSERT INTO shop.composite SELECT CONCAT(CHAR(97 + seq % 26), '-', seq % 777), seq, 1 FROM "
       "seq_1_to_6000",
       "CREATE TABLE shop.latin (s VARCHAR(30) CHARACTER SET latin1 PRIMARY KEY, x INT)",
       "INSERT INTO shop.latin SELECT CONCAT(CHAR(97 + seq % 26), 'é', seq), 1 FROM seq_1_to_3000",
       "CREATE TABLE shop.bin (s VARBINARY(16) PRIMARY KEY, x INT)",
       "INSERT INTO shop.bin SELECT UNHEX(MD5(seq)), 1 FROM seq_1_to_3000",
       "CREATE TABLE shop.big (n BIGINT UNSIGNED PRIMARY KEY, x INT)",
       "INSERT INTO shop.big SELECT 18446744073709551615 - seq * 1000, 1 FROM seq_1_to_3000",
       "CREATE TABLE shop.dates (d DATETIME(3) PRIMARY KEY, x INT)",
       "INSERT INTO shop.dates SELECT '2000-01-01' + INTERVAL seq MINUTE, 1 FROM seq_1_to_3000",
       "CREATE TABLE shop.money (m DECIMAL(12,3) PRIMARY KEY, x INT)",
       "INSERT INTO shop.money SELECT (CAST(seq AS SIGNED) - 1500) / 8, 1 FROM seq_1_to_3000"});
  CompareOptions options;
  options.rows_per_part = 100;
  options.rows_per_batch = 1000;
  const Findings equal = Run(options);
  for (const TableFindings& table : equal.tables) {
    EXPECT_EQ(table.state, TableState::kEqual) << table.name.Text() << ": " << table.note;
    EXPECT_EQ(table.rows_source, table.rows_target) << table.name.Text();
  }
  for (const char* table : {"composite", "latin", "bin", "big", "dates", "money"}) {
    AtTarget({fmt::format("UPDATE shop.{} SET x = 2 LIMIT 3", table),
              fmt::format("DELETE FROM shop.{} WHERE x = 1 LIMIT 2", table)});
  }
  const Findings findings = Run(options);
  ASSERT_EQ(findings.tables.size(), 6u);
  for (const TableFindings& table : findings.tables) {
    EXPECT_EQ(table.different, 3u) << table.name.Text();
    EXPECT_EQ(table.missing, 2u) << table.name.Text();
    EXPECT_EQ(table.extra, 0u) << table.name.Text();
    EXPECT_EQ(table.rows.size(), 5u) << table.name.Text();
  }
}

TEST_F(CompareServers, TablesAndColumnsThatOneSideHasAreSaid) {
  OnBoth({"CREATE TABLE shop.same (id INT PRIMARY KEY)"});
  AtTarget({"CREATE TABLE shop.extra (id INT PRIMARY KEY)",
            "CREATE TABLE shop.columns (id BIGINT PRIMARY KEY)",
            "CREATE TABLE shop.key_order (a INT, b INT, PRIMARY KEY (b, a))",
            "CREATE TABLE shop.index_only (id INT PRIMARY KEY, x INT)"});
  ASSERT_TRUE(source_server_
                  ->Execute({"CREATE TABLE shop.missing (id INT PRIMARY KEY)",
                             "CREATE TABLE shop.columns (id INT PRIMARY KEY)",
                             "CREATE TABLE shop.key_order (a INT, b INT, PRIMARY KEY (a, b))",
                             "CREATE TABLE shop.index_only (id INT PRIMARY KEY, x INT, KEY (x))"})
                  .ok());
  const Findings findings = Run();
  ASSERT_EQ(findings.tables.size(), 6u);
  EXPECT_EQ(Find(findings, "same")->state, TableState::kEqual);
  EXPECT_THAT(Find(findings, "same")->note, IsEmpty());
  EXPECT_EQ(Find(findings, "extra")->state, TableState::kExtra);
  EXPECT_EQ(Find(findings, "missing")->state, TableState::kMissing);
  EXPECT_EQ(Find(findings, "columns")->state, TableState::kSchema);
  EXPECT_EQ(Find(findings, "key_order")->state, TableState::kSchema);
  EXPECT_EQ(Find(findings, "index_only")->state, TableState::kEqual);
  EXPECT_FALSE(Find(findings, "index_only")->note.empty());
}

}  // namespace
}  // namespace srdf::compare
