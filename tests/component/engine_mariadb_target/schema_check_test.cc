// A table of the target that is not the source's is refused before anything is applied, with both
// definitions; one that is the source's is never refused, whatever its types.
#include <gtest/gtest.h>

#include "applying_sink.h"

namespace srdf::test {
namespace {

std::string ManyLabels(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "'l" : ",'l") + std::to_string(i) + "'";
  return out;
}

// Trap 27: every type corner has its own metadata in the log.
std::vector<std::string> EveryType() {
  return {
      "SET sql_mode=''",
      "CREATE TABLE d.numbers(id BIGINT UNSIGNED PRIMARY KEY, a TINYINT, b TINYINT UNSIGNED, c SMALLINT, d "
      "MEDIUMINT UNSIGNED, e INT ZEROFILL, f FLOAT, g FLOAT(10,3) UNSIGNED, h DOUBLE, i DOUBLE UNSIGNED, j "
      "DECIMAL(65,30), k DECIMAL(10,0) UNSIGNED, l BIT(1), m BIT(8), n BIT(13), o BIT(64), p YEAR, q BOOL)",
      "INSERT INTO d.numbers(id,p,n) VALUES(1,2000,5)",
      "CREATE TABLE d.times(id INT PRIMARY KEY, a DATE, b TIME, c TIME(1), d TIME(6), e DATETIME, f "
      "DATETIME(3), g TIMESTAMP NULL, h TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))",
      "INSERT INTO d.times(id) VALUES(1)",
      "CREATE TABLE d.texts(id INT PRIMARY KEY, a CHAR(0), b CHAR(1), c CHAR(255) CHARACTER SET utf8mb4, d "
      "CHAR(80) CHARACTER SET utf8mb3, e BINARY(16), f BINARY(255), g VARCHAR(0), h VARCHAR(85) CHARACTER "
      "SET utf8mb3, i VARCHAR(300) CHARACTER SET latin1, j VARBINARY(16000), k TINYTEXT, l TEXT CHARACTER "
      "SET ucs2, m MEDIUMTEXT, n LONGTEXT, o TINYBLOB, p BLOB, q MEDIUMBLOB, r LONGBLOB, s JSON, t UUID, u "
      "INET6, v INET4, w VARCHAR(10) COLLATE utf8mb4_uca1400_as_ci, x VARCHAR(20) CHARACTER SET utf16, y "
      "CHAR(20) CHARACTER SET cp932, z VARCHAR(30) COLLATE utf8mb4_nopad_bin)",
      "INSERT INTO d.texts(id, b) VALUES(1,'x')",
      "CREATE TABLE d.packed(id INT PRIMARY KEY, a VARCHAR(100) COMPRESSED, b VARCHAR(255) COMPRESSED, c "
      "VARBINARY(1000) COMPRESSED, d TEXT COMPRESSED, e LONGBLOB COMPRESSED)",
      "INSERT INTO d.packed VALUES(1,REPEAT('a',90),'b','c',REPEAT('d',300),'e')",
      "CREATE TABLE d.lists(id INT PRIMARY KEY, a ENUM('x'), b ENUM('it''s','a\\\\b','c,d','e\\nf','ç','') "
      "CHARACTER SET latin1, c ENUM(" +
          ManyLabels(255) + "), d ENUM(" + ManyLabels(256) + "), e SET('a','b'), f SET(" + ManyLabels(9) +
          "), g SET(" + ManyLabels(33) + "), h SET(" + ManyLabels(64) +
          "), i ENUM('\xc3\xa9','b') CHARACTER SET utf8mb4, j ENUM('\xc3\xa9') CHARACTER SET binary, k "
          "SET('\xe8\xa1\xa8','x') CHARACTER SET cp932, l ENUM('\xc3\xa9') CHARACTER SET ucs2)",
      "INSERT INTO d.lists(id,b,h) VALUES(1,'ç','l63')",
      "CREATE TABLE d.shapes(id INT PRIMARY KEY, a POINT NOT NULL, b GEOMETRY, c MULTIPOLYGON)",
      "INSERT INTO d.shapes VALUES(1,POINT(1,2),NULL,NULL)",
      "CREATE TABLE d.special(id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 3, b INT AS (a+1) VIRTUAL, c INT "
      "AS "
      "(a*2) STORED, long_one TEXT, UNIQUE(long_one)) WITH SYSTEM VERSIONING",
      "INSERT INTO d.special(id,long_one) VALUES(1,'l')",
      "CREATE TABLE d.periods(id INT PRIMARY KEY, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE, e "
      "TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME(s,e)) WITH SYSTEM "
      "VERSIONING",
      "INSERT INTO d.periods VALUES(1)",
      "CREATE TABLE d.keyed(a INT NOT NULL, b VARCHAR(20) NOT NULL, c INT, UNIQUE u(b,a))",
      "INSERT INTO d.keyed VALUES(1,'x',1)",
      "CREATE SEQUENCE d.seq",
      "DO NEXTVAL(d.seq)",
  };
}

TEST(SchemaCheck, EveryTypeFitsTheSameDefinition) {
  for (const char* metadata : {"FULL", "MINIMAL", "NO_LOG"}) {
    SCOPED_TRACE(metadata);
    SourceAndTarget pair;
    pair.AtSource({"SET GLOBAL binlog_row_metadata=" + std::string(metadata), "CREATE DATABASE d"});
    for (const std::string& statement : EveryType()) {
      // Only full metadata names the hidden column of a unique key by hash.
      if (metadata != std::string("FULL") && statement.find("d.special") != std::string::npos) continue;
      pair.AtSource({"SET sql_mode=''", statement});
      const Status status = pair.Replicate();
      ASSERT_TRUE(status.ok()) << statement << "\n" << status.ToString();
    }
    EXPECT_EQ("", pair.Difference());
  }
}

TEST(SchemaCheck, TemporalColumnsOfTheFormatBefore101FitTodays) {
  SourceAndTarget pair;
  pair.AtSource({"SET GLOBAL mysql56_temporal_format=OFF", "CREATE DATABASE d",
                 "CREATE TABLE d.t(id INT PRIMARY KEY, a TIME, b DATETIME, c TIMESTAMP NULL)",
                 "INSERT INTO d.t VALUES(1,'-12:30:01','2020-02-29 12:00:00','2020-02-29 12:00:00')"});
  const Status status = pair.Replicate();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("-12:30:01 2020-02-29 12:00:00 2020-02-29 12:00:00",
            pair.target().Value("SELECT CONCAT_WS(' ',a,b,c) FROM d.t"));
}

struct Difference {
  const char* source;  // column v
  const char* target;
  const char* at_source;  // in the message
  const char* at_target;
};

// Each of these is accepted by the server's own apply, or refused there in the middle of a wagon.
TEST(SchemaCheck, AnotherTypeAtTheTargetIsRefusedWithBothDefinitionsAndTheRemedyMendsIt) {
  const Difference kDifferences[] = {
      {"INT", "BIGINT", "int", "bigint"},
      {"INT", "INT UNSIGNED", "int", "int unsigned"},
      {"INT NOT NULL", "INT", "int NOT NULL", "int"},
      {"INT", "INT NOT NULL DEFAULT 5", "int", "int NOT NULL"},
      {"DECIMAL(10,2)", "DECIMAL(12,2)", "decimal(10,2)", "decimal(12,2)"},
      {"DECIMAL(10,2)", "DECIMAL(10,4)", "decimal(10,2)", "decimal(10,4)"},
      {"FLOAT", "DOUBLE", "float", "double"},
      {"BIT(8)", "BIT(9)", "bit(8)", "bit(9)"},
      {"DATETIME(3)", "DATETIME", "datetime(3)", "datetime"},
      {"TIME", "TIME(6)", "time", "time(6)"},
      {"TIMESTAMP NULL", "DATETIME", "timestamp", "datetime"},
      {"VARCHAR(20) CHARACTER SET utf8mb4", "VARCHAR(30) CHARACTER SET utf8mb4",
       "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
       "varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"},
      {"VARCHAR(20) CHARACTER SET latin1", "VARCHAR(20) CHARACTER SET cp1250",
       "varchar(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
       "varchar(20) CHARACTER SET cp1250 COLLATE cp1250_general_ci"},
      {"VARCHAR(20) COLLATE utf8mb4_bin", "VARCHAR(20) COLLATE utf8mb4_uca1400_as_cs",
       "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
       "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_as_cs"},
      {"VARBINARY(20)", "VARCHAR(20) CHARACTER SET latin1", "varbinary(20)",
       "varchar(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci"},
      {"CHAR(10) CHARACTER SET latin1", "VARCHAR(10) CHARACTER SET latin1",
       "char(10) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
       "varchar(10) CHARACTER SET latin1 COLLATE latin1_swedish_ci"},
      {"BLOB", "MEDIUMBLOB", "blob", "mediumblob"},
      {"BLOB", "TEXT CHARACTER SET latin1", "blob", "text CHARACTER SET latin1 COLLATE latin1_swedish_ci"},
      {"VARCHAR(50) CHARACTER SET latin1", "VARCHAR(50) CHARACTER SET latin1 COMPRESSED",
       "varchar(50) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
       "varchar(50) COMPRESSED CHARACTER SET latin1 COLLATE latin1_swedish_ci"},
      {"ENUM('a','b') CHARACTER SET latin1", "ENUM('b','a') CHARACTER SET latin1", "enum('a','b')",
       "enum('b','a')"},
      {"ENUM('a','b') CHARACTER SET latin1", "ENUM('a','b','c') CHARACTER SET latin1", "enum('a','b')",
       "enum('a','b','c')"},
      {"SET('x','y') CHARACTER SET latin1", "SET('x','z') CHARACTER SET latin1", "set('x','y')",
       "set('x','z')"},
      {"BINARY(4)", "BINARY(8)", "binary(4)", "binary(8)"},
  };
  SourceAndTarget pair;
  pair.AtBoth({"CREATE DATABASE d"});
  for (const Difference& d : kDifferences) {
    SCOPED_TRACE(std::string(d.source) + " / " + d.target);
    const std::string create = "CREATE OR REPLACE TABLE d.t(id INT PRIMARY KEY, v ";
    pair.AtSource({create + d.source + ")"});
    pair.AtTarget({create + d.target + ")"});
    pair.StartHere();
    pair.AtSource({"INSERT IGNORE INTO d.t(id) VALUES(1)"});
    const Status refused = pair.Replicate();
    ASSERT_EQ(StatusCode::kFailedPrecondition, refused.code()) << refused.ToString();
    const std::string text = refused.ToString();
    EXPECT_NE(std::string::npos, text.find(std::string("`v` is ") + d.at_source)) << text;
    EXPECT_NE(std::string::npos, text.find(std::string(" in the rows, ") + d.at_target)) << text;
    EXPECT_EQ("0", pair.target().Value("SELECT COUNT(*) FROM d.t"));
    const std::string remedy = refused.remedy().substr(0, refused.remedy().find(" at the target"));
    pair.AtTarget({remedy});
    pair.target().CloseSession();
    const Status mended = pair.Replicate();
    EXPECT_TRUE(mended.ok()) << remedy << "\n" << mended.ToString();
    EXPECT_EQ("1", pair.target().Value("SELECT COUNT(*) FROM d.t"));
  }
}

TEST(SchemaCheck, AMissingDatabaseIsNamed) {
  SourceAndTarget pair;
  pair.AtSource({"CREATE DATABASE d", "CREATE TABLE d.t(id INT PRIMARY KEY)"});
  pair.StartHere();
  pair.AtSource({"INSERT INTO d.t VALUES(1)"});
  const Status refused = pair.Replicate();
  ASSERT_EQ(StatusCode::kFailedPrecondition, refused.code());
  EXPECT_NE(std::string::npos, refused.message().find("database `d` of `d`.`t` does not exist"))
      << refused.ToString();
}

TEST(SchemaCheck, TheKeyThatRowsAreToldApartByMustBeThere) {
  SourceAndTarget pair;
  pair.AtSource(
      {"CREATE DATABASE d", "CREATE TABLE d.t(a INT NOT NULL, b INT NOT NULL, v INT, UNIQUE(a,b))"});
  pair.AtTarget(
      {"CREATE DATABASE d", "CREATE TABLE d.t(a INT NOT NULL, b INT NOT NULL, v INT, UNIQUE(a,v))"});
  pair.StartHere();
  pair.AtSource({"INSERT INTO d.t VALUES(1,2,3)"});
  const Status refused = pair.Replicate();
  ASSERT_EQ(StatusCode::kFailedPrecondition, refused.code()) << refused.ToString();
  EXPECT_NE(std::string::npos, refused.message().find("(a, v)")) << refused.ToString();
  EXPECT_NE(std::string::npos, refused.message().find("(a, b)")) << refused.ToString();
  pair.AtTarget({"ALTER TABLE d.t ADD UNIQUE(b,a)"});
  EXPECT_TRUE(pair.Replicate().ok());
}

// Trap 5: what they do is not in the log, so that one at a single side would differ silently.
TEST(SchemaCheck, ForeignKeysThatActMustBeTheSources) {
  const std::string kParent = "CREATE TABLE d.parent(id INT PRIMARY KEY)";
  const std::string kChild =
      "CREATE TABLE d.child(id INT PRIMARY KEY, p INT, FOREIGN KEY(p) REFERENCES parent(id) ";
  const std::string kRows = "INSERT INTO d.parent VALUES(1),(2),(3),(4)";
  const struct {
    const char *source, *target, *at_source, *at_target;
  } kCases[] = {
      {"", "ON DELETE CASCADE", "none", "`d`.`child`(p)->(id) ON DELETE CASCADE ON UPDATE RESTRICT"},
      {"ON DELETE SET NULL", "ON DELETE CASCADE",
       "`d`.`child`(p)->(id) ON DELETE SET NULL ON UPDATE RESTRICT",
       "`d`.`child`(p)->(id) ON DELETE CASCADE ON UPDATE RESTRICT"},
      {"ON UPDATE CASCADE", "", "`d`.`child`(p)->(id) ON DELETE RESTRICT ON UPDATE CASCADE", "none"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(std::string(c.source) + " / " + c.target);
    SourceAndTarget pair;
    pair.AtBoth({"CREATE DATABASE d", kParent});
    pair.AtSource({"USE d", kChild + c.source + ")", kRows});
    pair.AtTarget({"USE d", kChild + c.target + ")", kRows, "INSERT INTO d.child VALUES(10,4)"});
    pair.StartHere();
    // The first change makes capture look; what it has seen is certain for those after.
    pair.AtSource({"DELETE FROM d.parent WHERE id=1"});
    ASSERT_TRUE(pair.Replicate().ok());
    pair.AtSource({"DELETE FROM d.parent WHERE id=2"});
    (void)pair.Replicate();
    pair.AtSource({"DELETE FROM d.parent WHERE id=4"});
    const Status refused = pair.Replicate();
    ASSERT_EQ(StatusCode::kFailedPrecondition, refused.code()) << refused.ToString();
    EXPECT_NE(std::string::npos,
              refused.message().find(std::string("at the source ") + (c.at_source[0] == 'n' ? "none" : "(")))
        << refused.ToString();
    EXPECT_NE(std::string::npos, refused.message().find(c.at_source)) << refused.ToString();
    EXPECT_NE(std::string::npos, refused.message().find(c.at_target)) << refused.ToString();
    EXPECT_EQ("4", pair.target().Value("SELECT p FROM d.child WHERE id=10"));
  }
}

// The source's list is kept over statements: none of them may leave behind what would stop the flow falsely,
// and a key that is the target's alone is found after any of them.
TEST(SchemaCheck, ForeignKeysThatComeAndGoWithStatementsStopNothingFalsely) {
  SourceAndTarget pair;
  pair.AtBoth({"CREATE DATABASE d", "CREATE TABLE d.parent(id INT PRIMARY KEY, code INT UNIQUE)"});
  pair.AtSource({"INSERT INTO d.parent VALUES(1,1),(2,2),(3,3)"});
  pair.AtTarget({"INSERT INTO d.parent VALUES(1,1),(2,2),(3,3)"});
  pair.StartHere();
  std::string parent = "d.parent";
  // The first change makes capture look; of the second what it saw is certain, and the target is asked.
  const auto goes_on = [&](const std::string& after) {
    for (int i = 0; i < 3; ++i) {
      pair.AtSource({"UPDATE " + parent + " SET code=code+10 WHERE id=1"});
      const Status status = pair.Replicate();
      ASSERT_TRUE(status.ok()) << after << "\n" << status.ToString();
    }
    EXPECT_EQ("", pair.Difference()) << after;
  };
  goes_on("nothing");
  for (const char* statement :
       {"CREATE TABLE d.child(id INT PRIMARY KEY, p INT, c INT, CONSTRAINT one FOREIGN KEY(p) REFERENCES "
        "parent(id) ON DELETE CASCADE)",
        "CREATE TABLE d.unrelated(id INT PRIMARY KEY)",
        "ALTER TABLE d.child ADD CONSTRAINT two FOREIGN KEY(c) REFERENCES parent(code) ON UPDATE CASCADE",
        "ALTER TABLE d.child DROP FOREIGN KEY one, ADD CONSTRAINT three FOREIGN KEY(p) REFERENCES parent(id) "
        "ON "
        "DELETE SET NULL ON UPDATE NO ACTION",
        "ALTER TABLE d.child RENAME COLUMN p TO q", "ALTER TABLE d.child DROP FOREIGN KEY two",
        "RENAME TABLE d.child TO d.kind", "CREATE OR REPLACE TABLE d.kind(id INT PRIMARY KEY, x INT)",
        "ALTER TABLE d.kind ADD FOREIGN KEY (x) REFERENCES parent(id) ON DELETE CASCADE", "DROP TABLE d.kind",
        "CREATE TABLE d.`caf\xc3\xa9`(x INT, FOREIGN KEY(x) REFERENCES parent(id) ON DELETE CASCADE)",
        "DROP TABLE d.`caf\xc3\xa9`",
        "CREATE TABLE d.self(id INT PRIMARY KEY, x INT, FOREIGN KEY(x) REFERENCES self(id) ON DELETE "
        "CASCADE)",
        "CREATE TABLE d.again(x INT, FOREIGN KEY(x) REFERENCES parent(id) ON DELETE CASCADE)",
        "SET foreign_key_checks=0;DROP TABLE d.parent;CREATE TABLE d.parent(id INT PRIMARY KEY, code INT "
        "UNIQUE);INSERT INTO d.parent VALUES(1,1)"}) {
    std::vector<std::string> statements;
    for (size_t at = 0, end = 0; end != std::string::npos; at = end + 1) {
      end = std::string(statement).find(';', at);
      statements.push_back(std::string(statement).substr(at, end - at));
    }
    pair.AtSource(statements);
    goes_on(statement);
    if (HasFatalFailure()) return;
  }
  pair.AtSource({"RENAME TABLE d.parent TO d.elder"});
  parent = "d.elder";
  goes_on("RENAME of the parent");
  pair.AtTarget({"CREATE TABLE d.own(x INT, FOREIGN KEY(x) REFERENCES d.elder(id) ON DELETE CASCADE)"});
  pair.AtSource({"CREATE TABLE d.last(id INT)"});
  Status refused;
  for (int i = 0; i < 3 && refused.ok(); ++i) {
    pair.AtSource({"UPDATE d.elder SET code=code+10"});
    refused = pair.Replicate();
  }
  EXPECT_EQ(StatusCode::kFailedPrecondition, refused.code()) << refused.ToString();
  EXPECT_NE(std::string::npos, refused.message().find("`d`.`own`(x)->(id) ON DELETE CASCADE"))
      << refused.ToString();
  // The remedy, without anything being told to look again.
  pair.AtTarget({"DROP TABLE d.own"});
  const Status resumed = pair.Replicate();
  EXPECT_TRUE(resumed.ok()) << resumed.ToString();
}

}  // namespace
}  // namespace srdf::test
