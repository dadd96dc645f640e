// Trap 9: with before_image full, a row at the target that is not what the source's log says it was is a
// divergence, and is not written over. One that is, is never taken for one.
#include <gtest/gtest.h>

#include <chrono>

#include "applying_sink.h"

namespace srdf::test {
namespace {

struct Change {
  const char* column;
  const char* definition;
  const char* value;      // at both sides
  const char* disturbed;  // at the target
  const char* found;      // in the message
};

std::string Labels(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "'" : ",'") + std::to_string(i) + "'";
  return out;
}

TEST(BeforeImage, ARowThatDiffersInAnyColumnStopsTheFlowWithKeyExpectedAndFound) {
  const Change kChanges[] = {
      {"v", "INT", "5", "6", R"("v":6)"},
      {"v", "INT", "5", "NULL", R"("v":null)"},
      {"v", "INT", "NULL", "0", R"("v":0)"},
      {"v", "FLOAT", "0.1", "0.10000001", R"("v":0.10000000894069672)"},
      {"v", "DOUBLE", "0.1", "0.1e0 + 1e-17 + 1.4e-17", R"("v":0.10000000000000003)"},
      {"v", "DECIMAL(20,4)", "1.5", "1.5001", R"("v":"1.5001")"},
      {"v", "VARCHAR(20)", "'Abc'", "'abc'", R"("v":"abc")"},
      {"v", "VARCHAR(20)", "'abc'", "'abc '", R"("v":"abc ")"},
      {"v", "VARCHAR(20)", "''", "NULL", R"("v":null)"},
      {"v", "TEXT", "REPEAT('x',3000)", "CONCAT(REPEAT('x',2999),'X')", R"("v":"xxx)"},
      {"v", "VARBINARY(9)", "x'00ff'", "x'00fe'", R"("v":"0x00FE")"},
      {"v", "DATETIME(6)", "'2020-01-01 00:00:00.000001'", "'2020-01-01 00:00:00.000002'",
       R"("v":"2020-01-01 00:00:00.000002")"},
      {"v", "TIME(3)", "'-00:00:00.001'", "'00:00:00.001'", R"("v":"00:00:00.001")"},
      {"v", "ENUM('a','b')", "'a'", "'b'", R"("v":"b")"},
      {"v", "BIT(9)", "b'100000000'", "b'1'", R"("v":1)"},
      {"v", "UUID", "'00112233-4455-6677-8899-aabbccddeeff'", "'00112233-4455-6677-8899-aabbccddeefe'",
       R"("v":"0x00112233445566778899AABBCCDDEEFE")"},
  };
  SourceAndTarget pair("full");
  pair.AtBoth({"CREATE DATABASE d"});
  for (const Change& c : kChanges) {
    for (const char* change : {"UPDATE d.t SET same='changed' WHERE id=7", "DELETE FROM d.t WHERE id=7"}) {
      SCOPED_TRACE(std::string(c.definition) + " " + c.value + " / " + c.disturbed + ": " + change);
      pair.AtBoth(
          {std::string("CREATE OR REPLACE TABLE d.t(id INT PRIMARY KEY, same VARCHAR(9) DEFAULT 's', v ") +
               c.definition + ")",
           std::string("INSERT INTO d.t(id,v) VALUES(7,") + c.value + "),(8,NULL)"});
      pair.StartHere();
      pair.AtTarget({std::string("UPDATE d.t SET v=") + c.disturbed + " WHERE id=7"});
      pair.AtSource({"UPDATE d.t SET same='x' WHERE id=8", change});
      const Status diverged = pair.Replicate();
      ASSERT_EQ(StatusCode::kDivergence, diverged.code()) << diverged.ToString();
      const std::string text = diverged.message();
      EXPECT_NE(std::string::npos, text.find("`d`.`t`: ")) << text;
      EXPECT_NE(std::string::npos, text.find(R"(of row {"id":7,"same":"s","v":)")) << text;
      EXPECT_NE(
          std::string::npos,
          text.find(std::string(R"(found: the row with this key has other values: {"id":7,)") + c.found))
          << text;
      EXPECT_EQ("s", pair.target().Value("SELECT same FROM d.t WHERE id=7"));
      // Mended, it goes on.
      pair.AtTarget({std::string("UPDATE d.t SET v=") + c.value + " WHERE id=7"});
      const Status mended = pair.Replicate();
      ASSERT_TRUE(mended.ok()) << mended.ToString();
    }
  }
}

// Trap 27: every corner of every type compares equal with itself.
TEST(BeforeImage, EqualRowsOfEveryTypeAreNeverTakenForDifferent) {
  SourceAndTarget pair("full");
  const std::string session = "SET sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone='+05:30'";
  pair.AtSource(
      {session, "CREATE DATABASE d",
       "CREATE TABLE d.t(id VARCHAR(30) COLLATE utf8mb4_general_ci, k2 DECIMAL(10,3), a TINYINT, b BIGINT "
       "UNSIGNED, "
       "c FLOAT, e DOUBLE, f DECIMAL(65,30), g BIT(64), h YEAR, i DATE, j TIME(6), k DATETIME(6), l "
       "TIMESTAMP(6) "
       "NULL, m CHAR(10), n VARCHAR(300) CHARACTER SET latin1, o BINARY(8), p VARBINARY(300), q LONGTEXT "
       "CHARACTER "
       "SET utf16, r LONGBLOB, s ENUM('x','','\xc3\xa7'), t SET('u','v','w'), u JSON, v UUID, w INET6, x "
       "INET4, y "
       "GEOMETRY, z VARCHAR(90) COMPRESSED, z1 BLOB COMPRESSED, z2 CHAR(20) CHARACTER SET sjis, z3 INT AS "
       "(a+1) "
       "VIRTUAL, z4 INT AS (a+2) STORED, z5 INT INVISIBLE DEFAULT 4, PRIMARY KEY(id,k2))",
       "INSERT INTO d.t(id,k2) VALUES('all null',0)",
       "INSERT INTO d.t(id,k2,a,b,c,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,z1,z2) VALUES "
       "('min',-1.5,-128,0,-3.4e38,-1.7976931348623157e308,-1e34,0,0,'0000-00-00','-838:59:59.999999',"
       "'0000-00-00 00:00:00','0000-00-00 00:00:00','','','','','','',0,'','{}',"
       "'00000000-0000-0000-0000-000000000000','::','0.0.0.0',POINT(0,0),'','',''),"
       "('max \\\\ '' "
       "\\\"',9999999.999,127,18446744073709551615,3.4e38,2.2250738585072014e-308,1e-30,~0,2155,"
       "'9999-12-31','838:59:59.999999','9999-12-31 23:59:59.999999','2038-01-19 08:44:07.999999',' pad  ',"
       "'trailing  "
       "',x'0000000000000000',x'00275c0a0d1a22ff','\xf0\x9f\x98\x80',REPEAT(x'005c27ff',9000),'\xc3\xa7',"
       "'u,w','{\"a\": \"\\\\u00e9\"}','ffffffff-ffff-ffff-ffff-ffffffffffff','ffff::1','255.255.255.255',"
       "ST_GeomFromText('LINESTRING(1 2.5,-3 1e-300)'),REPEAT('z',90),REPEAT('y',200),'\xe8\xa1\xa8')",
       "INSERT INTO d.t(id,k2,c,e,i,k) VALUES('odd',0.001,0.1,-0.0,'2021-02-31','2021-00-10 "
       "01:02:03.5'),('float',1,16777217,1e22,NULL,NULL),('float2',2,1.17549e-38,4.9e-324,NULL,NULL)",
       "CREATE TABLE d.sets(id INT PRIMARY KEY, s SET(" + Labels(64) + "))",
       "INSERT INTO d.sets VALUES(1,'1,63'),(2,'0,1,2,40,62')",
       "CREATE TABLE d.u(a INT NOT NULL, b BINARY(3) NOT NULL, v INT, UNIQUE(b,a))",
       "INSERT INTO d.u VALUES(1,x'610000',1),(2,'abc',NULL)"});
  for (const char* change :
       {"UPDATE d.t SET z5=5", "UPDATE d.t SET z5=6, id=UPPER(id)", "UPDATE d.t SET k2=k2+1",
        "UPDATE d.u SET v=9", "DELETE FROM d.u", "DELETE FROM d.sets", "DELETE FROM d.t"}) {
    pair.AtSource({session, change});
    const Status status = pair.Replicate();
    ASSERT_TRUE(status.ok()) << change << "\n" << status.ToString();
    EXPECT_EQ("", pair.Difference());
    // All rows were found to be equal at once: more statements would say that they were tried one by one.
    EXPECT_EQ("1",
              pair.target().Value("SELECT server_statements FROM srdf.apply_log ORDER BY `sequence` DESC "
                                  "LIMIT 1"))
        << change;
  }
}

TEST(BeforeImage, CascadesAndRepeatedChangesOfOneTransactionAreNoDivergence) {
  SourceAndTarget pair("full");
  pair.AtSource({"CREATE DATABASE d", "USE d", "CREATE TABLE parent(id INT PRIMARY KEY)",
                 "CREATE TABLE child(id INT PRIMARY KEY, p INT, n INT DEFAULT 0, FOREIGN KEY(p) REFERENCES "
                 "parent(id) ON "
                 "DELETE SET NULL ON UPDATE CASCADE)",
                 "CREATE TABLE tree(id INT PRIMARY KEY, up INT, n INT DEFAULT 0, FOREIGN KEY(up) REFERENCES "
                 "tree(id) ON DELETE "
                 "SET NULL)",
                 "INSERT INTO parent VALUES(1),(2),(3)",
                 "INSERT INTO child(id,p) SELECT seq, 1+seq%3 FROM seq_1_to_30",
                 "INSERT INTO tree(id,up) VALUES(1,NULL),(2,1),(3,1),(4,2)",
                 "CREATE TABLE v(id INT PRIMARY KEY, x INT) WITH SYSTEM VERSIONING",
                 "INSERT INTO v VALUES(1,1),(2,2)", "CREATE SEQUENCE sq"});
  ASSERT_TRUE(pair.Replicate().ok());
  pair.AtSource({"USE d", "BEGIN", "DELETE FROM parent WHERE id=1", "UPDATE child SET n=n+1",
                 "UPDATE parent SET "
                 "id=20 WHERE id=2",
                 "UPDATE child SET n=n+1", "UPDATE child SET n=n+1 WHERE id < 10",
                 "DELETE FROM child WHERE id=5", "INSERT INTO child(id,p) VALUES(5,20)",
                 "UPDATE child SET id=id+100 WHERE id IN (5,6)", "DELETE FROM tree WHERE id=1",
                 "UPDATE tree SET n=n+1", "DELETE FROM tree WHERE id=2", "UPDATE tree SET n=n+1",
                 "UPDATE v SET x=x+1", "DELETE FROM v WHERE id=2", "COMMIT", "SELECT NEXTVAL(sq)"});
  const Status status = pair.Replicate();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("", pair.Difference());
}

TEST(BeforeImage, AMissingRowIsNamedAsBefore) {
  SourceAndTarget pair("full");
  pair.AtBoth({"CREATE DATABASE d", "USE d", "CREATE TABLE d.t(id INT PRIMARY KEY, v INT)",
               "INSERT INTO d.t SELECT seq, seq FROM seq_1_to_500"});
  pair.StartHere();
  pair.AtTarget({"DELETE FROM d.t WHERE id=333"});
  pair.AtSource({"UPDATE d.t SET v=v+1"});
  const Status missing = pair.Replicate();
  ASSERT_EQ(StatusCode::kDivergence, missing.code());
  EXPECT_NE(std::string::npos, missing.message().find(R"(of row {"id":333,"v":333} to)"))
      << missing.ToString();
  EXPECT_NE(std::string::npos, missing.message().find("found: no row with this key")) << missing.ToString();
}

TEST(BeforeImage, WithKeyImagesRowsAreNotReadBeforeTheyAreChanged) {
  SourceAndTarget pair("key");
  pair.AtBoth(
      {"CREATE DATABASE d", "CREATE TABLE d.t(id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES(1,1)"});
  pair.StartHere();
  pair.AtTarget({"UPDATE d.t SET v=5"});
  pair.AtSource({"UPDATE d.t SET v=2"});
  EXPECT_TRUE(pair.Replicate().ok());
  EXPECT_EQ("", pair.Difference());
}

TEST(BeforeImage, ReportsWhatItCosts) {
  const SimpleTable table{"d", "t", {"i", "v400", "v400", "i"}};
  for (const bool compare : {false, true}) {
    MariaDbServerOptions options;
    options.config = {"innodb_flush_log_at_trx_commit=0", "sync_binlog=0"};
    Target t(options, compare);
    t.Execute({"CREATE DATABASE d",
               "CREATE TABLE d.t(c0 INT PRIMARY KEY, c1 VARCHAR(100), c2 VARCHAR(100), c3 INT)", "USE d",
               "INSERT INTO d.t SELECT seq, REPEAT('a',50), REPEAT('b',50), 0 FROM seq_1_to_20000"});
    const auto started = std::chrono::steady_clock::now();
    const int kWagons = 4, kRows = 20000;
    for (int wagon = 0; wagon < kWagons; ++wagon) {
      PayloadBuilder p;
      std::vector<std::pair<Cells, Cells>> rows;
      for (int i = 1; i <= kRows; ++i) {
        Cells before = {std::to_string(i), std::string(50, 'a'), std::string(50, 'b'), std::to_string(wagon)};
        Cells after = before;
        after[3] = std::to_string(wagon + 1);
        rows.emplace_back(std::move(before), std::move(after));
      }
      p.Update(p.Table(table), rows, /*key_only=*/false);
      const auto applied = t.Apply(&p);
      ASSERT_TRUE(applied.ok()) << applied.status().ToString();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    printf("%s: %.0f updates/s\n", compare ? "whole before images compared" : "not compared",
           kWagons * kRows / seconds.count());
  }
}

}  // namespace
}  // namespace srdf::test
