// Ranges, keys and limits: every row once, in the key's order, and nothing from after the snapshot.
#include <algorithm>
#include <random>

#include "engine_mariadb/mariadb_snapshot.h"
#include "snapshot_fixture.h"

namespace srdf::test {
namespace {

class SnapshotReadTest : public SnapshotTest {
 protected:
  void SetUp() override {
    SnapshotTest::SetUp();
    Sql("SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'");
  }
  // The rows of t.x as one read has them.
  void OpenAll() {
    snapshot_ = Open();
    auto schema = snapshot_->Describe("t", "x");
    ASSERT_TRUE(schema.ok()) << schema.status().ToString();
    schema_ = *schema;
    all_ = Read(snapshot_.get(), schema_);
  }
  // Ranges between random rows are what lies between them in the whole read.
  void ExpectRangesAreSlices() {
    ASSERT_GE(all_.size(), 4u);
    std::mt19937 random(7);
    for (int i = 0; i < 40; ++i) {
      size_t from = random() % (all_.size() + 1), to = random() % (all_.size() + 1);
      if (from > to) std::swap(from, to);
      if (from == to) continue;
      engine::KeyRange range;
      if (from != 0) range.after = all_[from - 1].key;
      if (to != all_.size() || i % 2 == 0) range.until = all_[to - 1].key;
      const std::vector<ReadRow> expected(all_.begin() + static_cast<long>(from),
                                          all_.begin() + static_cast<long>(to));
      EXPECT_EQ(Read(snapshot_.get(), schema_, range), expected) << from << " to " << to;
      const auto key = snapshot_->KeyAt(schema_, range.after, to - from);
      ASSERT_TRUE(key.ok()) << key.status().ToString();
      EXPECT_EQ(*key, all_[to - 1].key);
    }
    const auto none = snapshot_->KeyAt(schema_, all_[1].key, all_.size());
    EXPECT_TRUE(none.ok() && none->empty()) << none.status().ToString();
  }
  // Reading on from where a limit has stopped the read gives all rows.
  void ExpectPiecesMakeTheWhole(const engine::ReadLimits& limits) {
    std::vector<ReadRow> rows;
    engine::KeyRange range;
    for (size_t pieces = 0; pieces <= all_.size() + 1; ++pieces) {
      RowList list;
      const auto end = snapshot_->ReadRange(schema_, range, limits, &list);
      ASSERT_TRUE(end.ok()) << end.status().ToString();
      ASSERT_EQ(end->rows, list.rows.size());
      if (limits.rows_max != 0) {
        EXPECT_LE(end->rows, limits.rows_max);
      }
      if (!list.rows.empty()) {
        EXPECT_EQ(end->last_key, list.rows.back().key);
      }
      rows.insert(rows.end(), list.rows.begin(), list.rows.end());
      if (end->complete) break;
      ASSERT_GE(end->rows, 1u);
      range.after = end->last_key;
    }
    EXPECT_EQ(rows, all_);
  }
  std::unique_ptr<engine::Snapshot> snapshot_;
  TableSchema schema_;
  std::vector<ReadRow> all_;
};

TEST_F(SnapshotReadTest, RangesOverOneNumber) {
  Sql("CREATE TABLE x (id BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(20))");
  Sql("INSERT INTO x SELECT seq * 3, seq FROM seq_1_to_300");
  Sql("INSERT INTO x VALUES (18446744073709551615, 'last')");
  OpenAll();
  ExpectRangesAreSlices();
  ExpectPiecesMakeTheWhole({.rows_max = 7, .bytes_max = 0});
  ExpectPiecesMakeTheWhole({.rows_max = 0, .bytes_max = 100});
  ExpectPiecesMakeTheWhole({.rows_max = 50, .bytes_max = 2000});
}

TEST_F(SnapshotReadTest, RangesOverThreeColumnsInTheIndexOrder) {
  Sql("CREATE TABLE x (a INT, b VARCHAR(10), c DATE, d INT, PRIMARY KEY (c, a, b))");
  Sql("INSERT IGNORE INTO x SELECT seq % 7 - 3, seq % 5, '2024-01-01' + INTERVAL seq % 4 DAY, seq FROM "
      "seq_1_to_200");
  OpenAll();
  ASSERT_EQ(all_.size(), 140u);
  ExpectRangesAreSlices();
  ExpectPiecesMakeTheWhole({.rows_max = 11, .bytes_max = 0});
}

TEST_F(SnapshotReadTest, RangesOverTextFollowItsCollation) {
  Sql("CREATE TABLE x (k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, v INT)");
  Sql("INSERT INTO x VALUES "
      "('a',1),('B',2),('ä1',3),('Ae',4),('z',5),('Z1',6),('',7),('ß',8),('it''s',9),('b "
      "\\\\',10),('日本',11),('aa ',12)");
  OpenAll();
  ASSERT_EQ(all_.size(), 12u);
  ExpectRangesAreSlices();
  ExpectPiecesMakeTheWhole({.rows_max = 1, .bytes_max = 0});
}

TEST_F(SnapshotReadTest, RangesOverEveryTypeOfKey) {
  const std::vector<std::pair<std::string, std::string>> kTypes = {
      {"TINYINT", "seq - 100"},
      {"MEDIUMINT UNSIGNED", "seq * 50000"},
      {"YEAR", "1901 + seq"},
      {"DECIMAL(20,5)", "(seq - 100) * 1234.56789"},
      {"FLOAT", "(seq - 100) * 1.37"},
      {"DOUBLE", "(seq - 100) * 1.37e-5"},
      {"BIT(20)", "seq * 999"},
      {"DATE", "'2023-12-01' + INTERVAL seq DAY"},
      {"TIME(3)", "SEC_TO_TIME((seq - 100) * 77.003)"},
      {"DATETIME(6)", "'2023-12-01' + INTERVAL seq * 100003 MICROSECOND"},
      {"TIMESTAMP(2)", "'2024-03-30 20:00:00' + INTERVAL seq * 600 SECOND"},
      {"CHAR(10) CHARACTER SET latin1", "CONCAT('ü', seq)"},
      {"CHAR(10) CHARACTER SET utf16", "CONCAT('€', seq)"},
      {"BINARY(4)", "UNHEX(HEX(seq * 77777))"},
      {"VARBINARY(30)", "UNHEX(MD5(seq))"},
      {"UUID", "CONCAT(SUBSTR(MD5(seq), 1, 12), '11', SUBSTR(MD5(seq), 15))"},
      {"INET6", "CONCAT('2001::', HEX(seq))"},
      {"ENUM('z','y','x','w','v','u')", "1 + seq % 6"},
      {"SET('a','b','c','d','e')", "seq % 32"},
  };
  for (const auto& [type, value] : kTypes) {
    SCOPED_TRACE(type);
    Sql("CREATE OR REPLACE TABLE x (v INT, k " + type + " NOT NULL, PRIMARY KEY (k))");
    Sql("INSERT IGNORE INTO x SELECT seq, " + value + " FROM seq_1_to_120");
    OpenAll();
    ASSERT_GE(all_.size(), 6u);
    ExpectRangesAreSlices();
    ExpectPiecesMakeTheWhole({.rows_max = 9, .bytes_max = 0});
  }
}

TEST_F(SnapshotReadTest, RangesAreReadByTheIndexAlone) {
  Sql("CREATE TABLE x (a INT, b INT, c INT, v VARCHAR(100), PRIMARY KEY (b, a, c), KEY (c))");
  Sql("INSERT INTO x SELECT seq % 100, seq % 50, seq, 'v' FROM seq_1_to_20000");
  OpenAll();
  const auto reads = [&] {
    return std::stoull(
        Value("SELECT SUM(variable_value) FROM information_schema.global_status WHERE variable_name IN "
              "('handler_read_next', 'handler_read_rnd_next', 'handler_read_key', 'handler_read_first')"));
  };
  const uint64_t before = reads();
  EXPECT_EQ(Read(snapshot_.get(), schema_, {all_[10'000].key, all_[10'300].key}).size(), 300u);
  EXPECT_EQ(Read(snapshot_.get(), schema_, {all_[15'000].key, ""}, {.rows_max = 100, .bytes_max = 0}).size(),
            100u);
  RowList list;
  EXPECT_TRUE(snapshot_->ReadKeys(schema_, {all_[7].key, all_[9999].key}, &list).ok());
  EXPECT_EQ(list.rows.size(), 2u);
  EXPECT_LT(reads() - before, 2000u);
}

TEST_F(SnapshotReadTest, KeysThatAreThereAndKeysThatAreNot) {
  Sql("CREATE TABLE x (a INT, b VARCHAR(10), PRIMARY KEY (b, a))");
  Sql("INSERT INTO x SELECT seq, seq % 10 FROM seq_1_to_1000");
  OpenAll();
  std::vector<std::string> keys;
  std::vector<ReadRow> expected;
  for (size_t i = 0; i < all_.size(); i += 3) {
    keys.push_back(all_[i].key);
    expected.push_back(all_[i]);
  }
  std::string absent = all_[1].key;
  absent[3] = '\x7f';
  keys.push_back(absent);
  RowList list;
  const auto end = snapshot_->ReadKeys(schema_, keys, &list);
  ASSERT_TRUE(end.ok()) << end.status().ToString();
  EXPECT_EQ(end->rows, expected.size());
  const auto by_key = [](const ReadRow& a, const ReadRow& b) { return a.key < b.key; };
  std::sort(list.rows.begin(), list.rows.end(), by_key);
  std::sort(expected.begin(), expected.end(), by_key);
  EXPECT_EQ(list.rows, expected);
  EXPECT_EQ(snapshot_->ReadKeys(schema_, {"x"}, &list).status().code(), StatusCode::kDataLoss);
}

TEST_F(SnapshotReadTest, ATableWithoutAKeyIsReadInOnePass) {
  Sql("CREATE TABLE x (a INT, b VARCHAR(200))");
  Sql("INSERT INTO x SELECT seq % 10, REPEAT('x', 200) FROM seq_1_to_5000");
  OpenAll();
  EXPECT_EQ(schema_.key_kind, KeyKind::kNone);
  EXPECT_EQ(all_.size(), 5000u);
  EXPECT_EQ(all_[0].key, "");
  RowList list;
  EXPECT_EQ(snapshot_->ReadRange(schema_, {"x", ""}, {}, &list).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(SnapshotReadTest, AKeyOverAPrefixIsNone) {
  Sql("CREATE TABLE x (a VARCHAR(100), PRIMARY KEY (a(5)))");
  Sql("INSERT INTO x VALUES ('abcdefg'), ('abcdxyz')");
  OpenAll();
  EXPECT_EQ(schema_.key_kind, KeyKind::kNone);
  EXPECT_EQ(all_.size(), 2u);
  EXPECT_EQ(schema_.engine_meta, Logged().schema.engine_meta);
}

TEST_F(SnapshotReadTest, AnEmptyTableHasNoRows) {
  Sql("CREATE TABLE x (a INT PRIMARY KEY)");
  OpenAll();
  EXPECT_TRUE(all_.empty());
}

TEST_F(SnapshotReadTest, LaterChangesAreNotSeen) {
  Sql("CREATE TABLE x (a INT PRIMARY KEY, b INT)");
  Sql("INSERT INTO x VALUES (1, 1), (2, 2)");
  OpenAll();
  Sql("UPDATE x SET b = 7");
  Sql("DELETE FROM x WHERE a = 1");
  Sql("INSERT INTO x VALUES (3, 3)");
  EXPECT_EQ(Read(snapshot_.get(), schema_), all_);
  EXPECT_TRUE(snapshot_->Ping().ok());
}

TEST_F(SnapshotReadTest, ATableThatWasAlteredSinceIsAborted) {
  for (const char* change :
       {"ALTER TABLE x ADD COLUMN c INT DEFAULT 7", "ALTER TABLE x DROP COLUMN b",
        "ALTER TABLE x MODIFY b BIGINT", "ALTER TABLE x CHANGE b bb INT", "TRUNCATE TABLE x",
        "ALTER TABLE x ADD COLUMN c INT FIRST", "ALTER TABLE x FORCE", "ALTER TABLE x MODIFY b INT AFTER e",
        "ALTER TABLE x MODIFY e ENUM('a','b','c')",
        "CREATE OR REPLACE TABLE x (a INT PRIMARY KEY, b INT, e ENUM('a','b'))",
        "ALTER TABLE x DROP PRIMARY KEY, ADD PRIMARY KEY (b)"}) {
    for (const bool described : {false, true}) {
      SCOPED_TRACE(std::string(change) + (described ? ", described before" : ""));
      Sql("CREATE OR REPLACE TABLE x (a INT PRIMARY KEY, b INT NOT NULL, e ENUM('a','b'))");
      Sql("INSERT INTO x VALUES (1, 1, 'a'), (2, 2, 'b')");
      const auto snapshot = Open();
      TableSchema schema;
      std::vector<ReadRow> rows;
      if (described) {
        schema = snapshot->Describe("t", "x").value();
        rows = Read(snapshot.get(), schema);
      }
      Sql(change);
      Sql("INSERT INTO x SET a = 9");
      if (!described) {
        const Status status = snapshot->Describe("t", "x").status();
        EXPECT_EQ(status.code(), StatusCode::kAborted) << status.ToString();
        continue;
      }
      // As it was, or not at all.
      RowList list;
      const Status status = snapshot->ReadRange(schema, {}, {}, &list).status();
      if (status.ok()) {
        EXPECT_EQ(list.rows, rows);
      } else {
        EXPECT_EQ(status.code(), StatusCode::kAborted) << status.ToString();
      }
    }
  }
}

TEST_F(SnapshotReadTest, ADdlStatementDoesNotWaitForASnapshotThatReadsNothing) {
  Sql("CREATE TABLE x (a INT PRIMARY KEY, b INT)");
  Sql("INSERT INTO x VALUES (1, 1)");
  OpenAll();
  RowList list;
  EXPECT_TRUE(snapshot_->ReadKeys(schema_, {all_[0].key}, &list).ok());
  EXPECT_TRUE(snapshot_->KeyAt(schema_, "", 1).ok());
  EXPECT_TRUE(snapshot_->ListTables().ok());
  Sql("SET SESSION lock_wait_timeout = 2");
  Sql("ALTER TABLE x ADD COLUMN c INT");
  Sql("DROP TABLE x");
}

TEST_F(SnapshotReadTest, TablesAreListedWithWhatTheyAre) {
  Sql("CREATE TABLE b_full (a INT, id INT AUTO_INCREMENT PRIMARY KEY) COMMENT 'an AUTO_INCREMENT=7 in "
      "words'");
  Sql("INSERT INTO b_full (a) VALUES (1), (2)");
  Sql("CREATE TABLE a_empty (x INT, y INT, PRIMARY KEY (y, x))");
  Sql("CREATE TABLE memory (x INT) ENGINE=MEMORY");
  Sql("CREATE VIEW v AS SELECT * FROM b_full");
  Sql("CREATE SEQUENCE s");
  Sql("CREATE TEMPORARY TABLE gone (x INT)");
  Sql("CREATE DATABASE IF NOT EXISTS srdf");
  Sql("CREATE TABLE IF NOT EXISTS srdf.own (x INT)");
  const auto tables = Open()->ListTables();
  Sql("DROP DATABASE srdf");
  ASSERT_TRUE(tables.ok()) << tables.status().ToString();
  ASSERT_EQ(tables->size(), 3u);
  EXPECT_EQ((*tables)[0].table, "a_empty");
  EXPECT_EQ((*tables)[0].key_columns, (std::vector<std::string>{"y", "x"}));
  EXPECT_TRUE((*tables)[0].empty);
  EXPECT_EQ((*tables)[1].table, "b_full");
  EXPECT_EQ((*tables)[1].database, "t");
  EXPECT_FALSE((*tables)[1].empty);
  EXPECT_TRUE((*tables)[1].transactional);
  EXPECT_NE((*tables)[1].definition.find("an AUTO_INCREMENT=7 in words"), std::string::npos);
  EXPECT_EQ((*tables)[1].definition.find(" AUTO_INCREMENT=3"), std::string::npos) << (*tables)[1].definition;
  EXPECT_EQ((*tables)[2].engine, "MEMORY");
  EXPECT_FALSE((*tables)[2].transactional);
}

TEST_F(SnapshotReadTest, WhatIsNotATableIsNotFound) {
  const auto snapshot = Open();
  EXPECT_EQ(snapshot->Describe("t", "nothing").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(snapshot->Describe("nowhere", "x").status().code(), StatusCode::kNotFound);
}

TEST_F(SnapshotReadTest, ASinkThatRefusesEndsTheReadAndTheSnapshotGoesOn) {
  Sql("CREATE TABLE x (a INT PRIMARY KEY, b VARCHAR(200))");
  Sql("INSERT INTO x SELECT seq, REPEAT('b', 200) FROM seq_1_to_10000");
  OpenAll();
  class Refusing : public engine::RowSink {
    Status Row(ByteView, ByteView) override {
      return ++rows_ < 3 ? Status() : Status(StatusCode::kCancelled, "enough");
    }
    int rows_ = 0;
  } sink;
  EXPECT_EQ(snapshot_->ReadRange(schema_, {}, {}, &sink).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(Read(snapshot_.get(), schema_).size(), 10'000u);
}

}  // namespace
}  // namespace srdf::test
