// The oracle of snapshots: a table map and row images read by SELECT are those that the server has logged,
// byte for byte.
#include "engine_mariadb/binlog_compression.h"
#include "snapshot_fixture.h"

namespace srdf::test {
namespace {

class SnapshotImageTest : public SnapshotTest {
 protected:
  void SetUp() override {
    SnapshotTest::SetUp();
    Sql("SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'");
  }
  // Columns, and values of rows behind a number.
  void Check(const std::string& columns, const std::vector<std::string>& rows) {
    Sql("CREATE TABLE x (id INT PRIMARY KEY, " + columns + ") ENGINE=InnoDB");
    for (size_t i = 0; i < rows.size(); ++i) {
      Sql("INSERT INTO x VALUES (" + std::to_string(i) + ", " + rows[i] + ")");
    }
    ExpectAsLogged();
  }
  // The same expression for many rows: RAND() makes them differ.
  void CheckRandom(const std::string& columns, const std::string& values) {
    Sql("CREATE TABLE x (id INT PRIMARY KEY, " + columns + ") ENGINE=InnoDB");
    Sql("INSERT INTO x SELECT seq, " + values + " FROM seq_1_to_400");
    ExpectAsLogged();
  }
};

TEST_F(SnapshotImageTest, Integers) {
  Check(
      "a TINYINT, au TINYINT UNSIGNED, b SMALLINT, bu SMALLINT UNSIGNED ZEROFILL, c MEDIUMINT, cu MEDIUMINT "
      "UNSIGNED, d INT, du INT(3) UNSIGNED, y YEAR, e BIGINT NOT NULL, eu BIGINT UNSIGNED",
      {"-128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295, 1901, -9223372036854775808, "
       "18446744073709551615",
       "127, 0, 32767, 0, 8388607, 0, 2147483647, 0, 2155, 9223372036854775807, 0",
       "0, 1, -1, 1, -1, 1, -1, 1, 0, -1, 1",
       "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL"});
}

TEST_F(SnapshotImageTest, RandomNumbers) {
  CheckRandom(
      "a DECIMAL(10,2), b DECIMAL(65,30), c DECIMAL(65,0), d DECIMAL(9,9), e DECIMAL(18,9) UNSIGNED "
      "ZEROFILL, f "
      "FLOAT, g DOUBLE, h FLOAT(10,3), i DOUBLE(20,4), j DECIMAL(30,30), k MEDIUMINT, l BIGINT",
      "(RAND()-0.5)*2e8, (RAND()-0.5)*1e34, (RAND()-0.5)*1e64, RAND()-0.5, RAND()*1e9, (RAND()-0.5)*POW(10, "
      "RAND()*70-35), (RAND()-0.5)*POW(10, RAND()*600-300), RAND()*1e6, (RAND()-0.5)*1e12, IF(RAND()<0.3, "
      "NULL, "
      "RAND()-0.5), (RAND()-0.5)*16777215, (RAND()-0.5)*1e19");
}

TEST_F(SnapshotImageTest, DecimalAndFloatCorners) {
  Check(
      "a DECIMAL(10,2), b DECIMAL(65,30), c DECIMAL(65,0), d DECIMAL(9,9), e DECIMAL(1,0), f FLOAT, g DOUBLE",
      {"-12345678.90, -12345678901234567890123456789012345.123456789012345678901234567890, "
       "99999999999999999999999999999999999999999999999999999999999999999, -0.123456789, 9, 0.1, "
       "-0.0000000001",
       "0, 0, 0, 0, 0, -0e0, -0e0",
       "-0.01, 1e-30, -1, 0.000000001, -1, 1.17549435e-38, 2.2250738585072014e-308",
       "NULL, NULL, NULL, NULL, NULL, NULL, NULL",
       "99999999.99, 1, 1000000000, 0.1, 1, 3.4028234e38, 1.7976931348623157e308"});
}

TEST_F(SnapshotImageTest, TemporalCorners) {
  Check(
      "d DATE, t0 TIME, t1 TIME(1), t3 TIME(3), t6 TIME(6), dt0 DATETIME, dt2 DATETIME(2), dt6 DATETIME(6), "
      "ts0 "
      "TIMESTAMP NULL, ts4 TIMESTAMP(4) NULL, ts6 TIMESTAMP(6) NULL",
      {"'2024-02-29', '12:34:56', '12:34:56.7', '12:34:56.789', '12:34:56.789012', '2024-02-29 12:34:56', "
       "'2024-02-29 12:34:56.78', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56', '2024-02-29 "
       "12:34:56.7890', "
       "'2024-02-29 12:34:56.789012'",
       "'0000-00-00', '-838:59:59', '-00:00:00.1', '-01:02:03.004', '-838:59:59.999999', '0000-00-00 "
       "00:00:00', "
       "'0000-00-00 00:00:00.00', '0000-00-00 00:00:00', 0, 0, 0",
       "'9999-12-31', '838:59:59', '838:59:59.9', '-00:00:00.001', '-00:00:00.000001', '9999-12-31 "
       "23:59:59', "
       "'1000-01-01 00:00:00.01', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 "
       "03:14:07.9999', "
       "'2038-01-19 03:14:07.999999'",
       "'2024-02-30', '00:00:00', '00:00:00', '00:00:00', '00:00:00', '2024-00-00 00:00:00', '2024-01-00 "
       "00:00:00', "
       "'0001-01-01 00:00:00.000001', NULL, NULL, NULL"});
}

TEST_F(SnapshotImageTest, RandomTimes) {
  CheckRandom(
      "d DATE, t TIME, t2 TIME(2), t5 TIME(5), t6 TIME(6), dt DATETIME, dt1 DATETIME(1), dt3 DATETIME(3), "
      "dt6 "
      "DATETIME(6), ts TIMESTAMP NULL, ts2 TIMESTAMP(2) NULL, ts5 TIMESTAMP(5) NULL, y YEAR",
      "FROM_DAYS(366+RAND()*3652000-366), SEC_TO_TIME((RAND()-0.5)*6e6), SEC_TO_TIME((RAND()-0.5)*6e6), "
      "SEC_TO_TIME((RAND()-0.5)*1e3), SEC_TO_TIME((RAND()-0.5)*3e4), "
      "'1000-01-01' + INTERVAL RAND()*2e11 SECOND, '1000-01-01' + INTERVAL RAND()*2e11 SECOND, '1970-01-01' "
      "+ "
      "INTERVAL RAND()*1e9 SECOND, '2000-01-01' + INTERVAL RAND()*1e15 MICROSECOND, "
      "FROM_UNIXTIME(RAND()*2147483647), "
      "FROM_UNIXTIME(RAND()*2147483647), FROM_UNIXTIME(RAND()*2147483647), 1901+RAND()*254");
}

TEST_F(SnapshotImageTest, OldTemporalFormat) {
  Sql("SET GLOBAL mysql56_temporal_format = OFF");
  Check("t TIME, d DATETIME, s TIMESTAMP NULL",
        {"'-12:34:56', '2024-02-29 12:34:56', '2024-02-29 12:34:56'", "'838:59:59', '0000-00-00 00:00:00', 0",
         "'-838:59:59', '9999-12-31 23:59:59', '2038-01-19 03:14:07'"});
  Sql("SET GLOBAL mysql56_temporal_format = ON");
}

TEST_F(SnapshotImageTest, OldTemporalFormatWithFractionsIsRefusedWithTheRemedy) {
  Sql("SET GLOBAL mysql56_temporal_format = OFF");
  Sql("CREATE TABLE x (id INT PRIMARY KEY, d DATETIME(3))");
  Sql("SET GLOBAL mysql56_temporal_format = ON");
  const Status status = Open()->Describe("t", "x").status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("column d"), std::string::npos) << status.ToString();
  EXPECT_NE(status.remedy().find("ALTER TABLE `t`.`x` FORCE"), std::string::npos) << status.ToString();
}

TEST_F(SnapshotImageTest, CharacterSets) {
  Check(
      "c CHAR(10) CHARACTER SET utf8mb4, cl CHAR(200) CHARACTER SET utf8mb4, v VARCHAR(20) CHARACTER SET "
      "utf8mb3, vl "
      "VARCHAR(300) CHARACTER SET latin1, e ENUM('a','ü','x,y','it''s\\\\') CHARACTER SET latin1, s "
      "SET('p','q','ß') "
      "CHARACTER SET utf8mb4, tt TINYTEXT CHARACTER SET latin1, tx TEXT CHARACTER SET utf8mb4, mt MEDIUMTEXT "
      "CHARACTER "
      "SET ascii, lt LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, j JSON, u2 VARCHAR(10) CHARACTER "
      "SET ucs2, u2c "
      "CHAR(10) CHARACTER SET utf16, ew ENUM('a','€') CHARACTER SET utf32, sj CHAR(5) CHARACTER SET sjis, n "
      "VARCHAR(0), c0 CHAR(0)",
      {"'kurz ', 'lang', 'häß', 'Straße €', 'ü', 'p,ß', 'é', '😀 \"quoted\" \\\\ \\n\\t', 'ascii', 'x ', "
       "'{\"a\": [1, "
       "\"ü\"]}', 'ab ', 'ab ', '€', 'ab', '', ''",
       "'', '', '', '', 1, '', '', '', '', '', '{}', '', '', 1, '', '', NULL",
       "'ééééééééé', REPEAT('€', 200), REPEAT('ü', 20), REPEAT('ÿ', 300), 'x,y', 'p,q,ß', REPEAT('x', 255), "
       "REPEAT('y', 4464), REPEAT('z', 70000), REPEAT('ä', 40000), '[]', '€uro', 'ä😀', 2, 'ﾃｽﾄ', '', ''",
       "_binary x'f09f9880', NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
       "NULL, NULL, NULL"});
}

TEST_F(SnapshotImageTest, LongFixedText) {
  Check(
      "a CHAR(64) CHARACTER SET utf8mb4, b CHAR(255) CHARACTER SET utf8mb4, c CHAR(128) CHARACTER SET "
      "utf8mb3, d "
      "BINARY(255), e VARCHAR(64) CHARACTER SET utf8mb4, f CHAR(255) CHARACTER SET latin1",
      {"REPEAT('€', 64), REPEAT('😀', 255), 'x', REPEAT('z', 255), REPEAT('a', 64), REPEAT('f', 255)",
       "'', 'a', REPEAT('ß', 128), '', '', ' '"});
}

TEST_F(SnapshotImageTest, BinaryValues) {
  Check(
      "b BINARY(8), v VARBINARY(300), t TINYBLOB, bl BLOB, m MEDIUMBLOB, l LONGBLOB, g POINT, p POLYGON, ge "
      "GEOMETRY, "
      "gc GEOMETRYCOLLECTION",
      {"x'0001020304000000', x'00ff', x'', x'00', x'ffffff', x'c3', POINT(1, -2), "
       "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))'), ST_GeomFromText('POINT(1 2)', 4326), "
       "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')",
       "'', '', '', '', '', '', NULL, NULL, NULL, NULL",
       "x'ffffffffffffffff', REPEAT(x'fe', 300), REPEAT(x'80', 255), REPEAT(x'81', 60000), REPEAT(x'82', "
       "70000), "
       "REPEAT(x'83', 17000000), POINT(0, 0), NULL, NULL, NULL"});
}

TEST_F(SnapshotImageTest, BitsAddressesAndUuids) {
  Check("b1 BIT(1), b8 BIT(8), b11 BIT(11), b64 BIT(64), u UUID, i6 INET6, i4 INET4",
        {"b'1', b'10000001', b'10000000001', x'8000000000000001', '123e4567-e89b-12d3-a456-426655440000', "
         "'2001:db8::', "
         "'10.0.0.0'",
         "0, 0, 0, 0, '00000000-0000-0000-0000-000000000000', '::', '0.0.0.0'",
         "1, 255, 2047, 18446744073709551615, 'ffffffff-ffff-4fff-bfff-ffffffffffff', '::ffff:1.2.3.4', "
         "'255.255.255.255'",
         "NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(SnapshotImageTest, SetsOfSixtyFourAndEnumsOfManyLabels) {
  std::string set, labels;
  for (int i = 0; i < 64; ++i) set += (i == 0 ? "'" : ",'") + std::string("m") + std::to_string(i) + "'";
  for (int i = 0; i < 300; ++i)
    labels += (i == 0 ? "'" : ",'") + std::string("label") + std::to_string(i) + "'";
  Check("s SET(" + set + "), e ENUM(" + labels +
            "), s3 SET('a','b','c'), s20 SET('a','b','c','d','e','f','g','h','i','j')",
        {"18446744073709551615, 300, 7, 1023", "9223372036854775808, 256, 0, 512", "1, 1, 1, 256",
         "NULL, NULL, NULL, NULL", "'', '', '', ''"});
}

TEST_F(SnapshotImageTest, VirtualColumnsAreLeftOutStoredAndInvisibleOnesAreNot) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY, a INT, v INT AS (a + 1) VIRTUAL, s VARCHAR(20) AS (a * 2) STORED, "
      "i INT "
      "INVISIBLE DEFAULT 7, t TEXT)");
  Sql("INSERT INTO x (id, a, t) VALUES (1, 5, 'x'), (2, NULL, NULL)");
  ExpectAsLogged();
  const auto snapshot = Open();
  const auto schema = snapshot->Describe("t", "x");
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(Json(*schema, Read(snapshot.get(), *schema)),
            (std::vector<std::string>{R"({"id":1,"a":5,"s":"10","i":7,"t":"x"})",
                                      R"({"id":2,"a":null,"s":null,"i":7,"t":null})"}));
}

TEST_F(SnapshotImageTest, VirtualColumnsInAnIndexOrOfAPartitionedTableAreInTheImage) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY, a INT, v INT AS (a + 1) VIRTUAL, w INT AS (a + 2) VIRTUAL, KEY "
      "(w))");
  Sql("INSERT INTO x (id, a) VALUES (1, 5), (2, NULL)");
  ExpectAsLogged();
  const auto schema = Open()->Describe("t", "x");
  ASSERT_TRUE(schema.ok());
  EXPECT_TRUE(schema->columns[2].generated);
  EXPECT_FALSE(schema->columns[3].generated);
  Sql("DROP TABLE x");
  Sql("RESET MASTER");
  Sql("CREATE TABLE x (id INT, v INT AS (id % 5) VIRTUAL) PARTITION BY HASH (v) PARTITIONS 5");
  Sql("INSERT INTO x (id) VALUES (1)");
  ExpectAsLogged();
  EXPECT_FALSE(Open()->Describe("t", "x").value().columns[1].generated);
}

TEST_F(SnapshotImageTest, UniqueKeysThatAreKeptByAHash) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY, t TEXT UNIQUE, b BLOB, v VARCHAR(20) UNIQUE, UNIQUE (b))");
  Sql("INSERT INTO x VALUES (1, 'a', 'b', 'c'), (2, NULL, 'c', NULL)");
  ExpectAsLogged();
  Sql("DROP TABLE x");
  Sql("RESET MASTER");
  Sql("CREATE TABLE x (id INT PRIMARY KEY, t TEXT NOT NULL UNIQUE)");
  Sql("INSERT INTO x VALUES (1, 'a'), (2, 'b')");
  ExpectAsLogged();
}

TEST_F(SnapshotImageTest, ASystemVersionedTableIsRefusedByName) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY) WITH SYSTEM VERSIONING");
  const auto snapshot = Open();
  const Status status = snapshot->Describe("t", "x").status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("t.x"), std::string::npos) << status.ToString();
  const auto tables = snapshot->ListTables();
  ASSERT_TRUE(tables.ok()) << tables.status().ToString();
  EXPECT_EQ(tables->size(), 1u);
}

TEST_F(SnapshotImageTest, KeysInAnotherOrderThanTheTable) {
  Sql("CREATE TABLE x (a INT, b VARCHAR(10), c INT, d INT, PRIMARY KEY (d, b, a), UNIQUE (c))");
  Sql("INSERT INTO x VALUES (3, 'q', 1, 1), (1, 'r', 2, 1), (2, 'r', 3, 1), (0, 'a', 4, 2)");
  ExpectAsLogged();
}

TEST_F(SnapshotImageTest, AUniqueKeyInThePlaceOfAPrimaryKey) {
  Sql("CREATE TABLE x (a INT, z INT NOT NULL, b INT NOT NULL, UNIQUE aa (a), UNIQUE zz (z), UNIQUE bb (b))");
  Sql("INSERT INTO x VALUES (NULL, 1, 2), (1, 2, 1)");
  ExpectAsLogged();
}

TEST_F(SnapshotImageTest, ManyColumns) {
  std::string columns, values;
  for (int i = 0; i < 300; ++i) {
    columns +=
        (i == 0 ? "" : ", ") + std::string("c") + std::to_string(i) + (i % 3 == 0 ? " INT" : " VARCHAR(5)");
    values += (i == 0 ? "" : ", ") + std::string(i % 7 == 0 ? "NULL" : std::to_string(i));
  }
  Check(columns, {values});
}

TEST_F(SnapshotImageTest, NamesThatNeedQuotes) {
  Sql("CREATE TABLE x (`a``b` INT PRIMARY KEY, `select` INT, `über \"x\"` ENUM('a') )");
  Sql("INSERT INTO x VALUES (1, 2, 'a')");
  ExpectAsLogged();
}

// The log has what the server's zlib has made of them.
TEST_F(SnapshotImageTest, CompressedColumnsComeUncompressedWithTheSameValues) {
  Sql("SET SESSION column_compression_threshold = 20");
  Sql("CREATE TABLE x (id INT PRIMARY KEY, v VARCHAR(500) COMPRESSED CHARACTER SET utf8mb4, b TINYBLOB "
      "COMPRESSED, t "
      "MEDIUMTEXT COMPRESSED CHARACTER SET utf8mb4)");
  Sql("INSERT INTO x VALUES (1, 'kurz', x'00ff', 'text'), (2, REPEAT('ü', 500), REPEAT('y', 255), "
      "REPEAT('z€', 30000)), "
      "(3, NULL, NULL, NULL), (4, '', '', '')");
  const LoggedInserts logged = Logged();
  const auto snapshot = Open();
  const auto schema = snapshot->Describe("t", "x");
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(schema->engine_meta, logged.schema.engine_meta);
  EXPECT_EQ(Json(*schema, Read(snapshot.get(), *schema)), Json(*schema, logged.rows));
}

}  // namespace
}  // namespace srdf::test
