// What is particular to rows applied as SQL statements; what both ways share is in target_rows_test.cc.
#include <gtest/gtest.h>

#include "applying_sink.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

// What the source has done arrives, and source and target are equal.
void Arrives(SourceAndTarget& s, const std::vector<std::string>& statements) {
  std::vector<std::string> in_d = {"CREATE DATABASE IF NOT EXISTS d", "USE d"};
  in_d.insert(in_d.end(), statements.begin(), statements.end());
  s.AtSource(in_d);
  const Status status = s.Replicate();
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ("", s.Difference());
}

class SqlRows : public testing::Test {
 protected:
  SourceAndTarget s_;
};

TEST_F(SqlRows, UniqueValuesSwapAndRotateBetweenRows) {
  Arrives(s_, {"CREATE TABLE u(id INT PRIMARY KEY, a INT, b VARCHAR(9), UNIQUE(a), UNIQUE(b))",
               "INSERT INTO u VALUES(1,1,'one'),(2,2,'two'),(3,3,'three'),(4,NULL,NULL)", "BEGIN",
               "UPDATE u SET a=-1 WHERE id=1", "UPDATE u SET a=1 WHERE id=2", "UPDATE u SET a=2 WHERE id=3",
               "UPDATE u SET a=3 WHERE id=1", "COMMIT", "UPDATE u SET a=a+10 ORDER BY a DESC",
               "UPDATE u SET a=a+1 ORDER BY a DESC", "REPLACE INTO u VALUES(9,14,'three')",
               "UPDATE u SET id=id+100 ORDER BY id DESC",
               "INSERT INTO u VALUES(109,0,'x') ON DUPLICATE KEY UPDATE id=200,b='y'"});
}

// Trap 4: the multi-row form must not change the row that happens to have the same unique value.
TEST_F(SqlRows, AnUpdateOfAMissingRowDoesNotHitTheRowWithItsUniqueValue) {
  Arrives(s_, {"CREATE TABLE u(id INT PRIMARY KEY, a INT UNIQUE, b INT)",
               "INSERT INTO u SELECT seq, seq, 0 FROM seq_1_to_50"});
  s_.AtTarget({"DELETE FROM d.u WHERE id=7", "UPDATE d.u SET a=7 WHERE id=50"});
  s_.AtSource({"UPDATE d.u SET b=1 WHERE id<20"});
  const Status status = s_.Replicate();
  EXPECT_EQ(StatusCode::kDivergence, status.code()) << status.ToString();
  EXPECT_NE(std::string::npos, status.message().find("`d`.`u`: update of row {\"id\":7"))
      << status.ToString();
  EXPECT_NE(std::string::npos, status.message().find("no row with this key")) << status.ToString();
  EXPECT_EQ("50=7=0", s_.target().Value("SELECT CONCAT(id,'=',a,'=',b) FROM d.u WHERE a=7"));
  EXPECT_EQ("0", s_.target().Value("SELECT SUM(b) FROM d.u"));
}

TEST_F(SqlRows, UniqueLongTextsSwapBetweenRows) {
  Arrives(s_, {"CREATE TABLE l(id INT PRIMARY KEY, t TEXT, n INT, UNIQUE(t))",
               "INSERT INTO l VALUES(1,'a',0),(2,'b',0),(3,'c',0)", "BEGIN", "UPDATE l SET t='x' WHERE id=1",
               "UPDATE l SET t='a',n=2 WHERE id=2", "UPDATE l SET t='b',n=3 WHERE id=1", "COMMIT",
               "UPDATE l SET n=n+1"});
}

TEST_F(SqlRows, KeysOfEveryTypeFindTheirRows) {
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"CHAR(8) CHARACTER SET latin1", "('a'),('é'),('b\\'\\\\')"},
      {"VARCHAR(9) CHARACTER SET utf8mb4", "('a'),('é€😀'),('c ')"},
      {"VARCHAR(9) CHARACTER SET ucs2", "('a'),('é'),('\\'')"},
      {"VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", "('a'),('A'),('a ')"},
      {"BINARY(4)", "('a'),('\\0'),(x'27275c00')"},
      {"VARBINARY(40)", "('a'),(''),(x'ff27005c')"},
      {"FLOAT", "(0.1),(-3e38),(1/3)"},
      {"DOUBLE", "(0.1),(-1e300),(1/3e0)"},
      {"DECIMAL(30,10)", "(0.1),(-99999999999999999999.0000000001),(7)"},
      {"DATE", "('2024-02-29'),('0000-00-00'),('2024-02-31')"},
      {"TIME(6)", "('-838:59:59.999999'),('00:00:00'),('01:02:03.000001')"},
      {"DATETIME(3)", "('2024-02-29 01:02:03.004'),('0000-00-00'),('2024-00-00 00:00:00')"},
      {"TIMESTAMP(6)", "('2024-02-29 01:02:03.000004'),(0),('1970-01-02 00:00:00')"},
      {"YEAR", "(0),(1901),(2155)"},
      {"BIT(60)", "(0),(1),(b'1111111111111111111111111111111111111111111')"},
      {"ENUM('x','y','z')", "('x'),('z'),('y')"},
      {"SET('x','y','z')", "('x'),(''),('x,z')"},
      {"BIGINT UNSIGNED", "(0),(18446744073709551615),(9223372036854775808)"},
      {"UUID", "('6ba7b810-9dad-11d1-80b4-00c04fd43000'),('6ba7b810-9dad-71d1-80b4-00c04fd43001'),(UUID())"},
      {"INET6", "('::'),('2001:db8::'),('::ffff:1.2.3.4')"},
  };
  std::vector<std::string> sql = {
      "SET time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'"};
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string t = "k" + std::to_string(i);
    const auto& [type, values] = keys[i];
    sql.push_back("CREATE TABLE " + t + "(k " + type + " NOT NULL, j INT, v INT, PRIMARY KEY(k))");
    sql.push_back("CREATE TABLE c" + t + "(k " + type + " NOT NULL, j INT, v INT, PRIMARY KEY(j,k))");
    sql.push_back("INSERT INTO " + t + "(k) VALUES" + values);
    sql.push_back("UPDATE " + t + " SET j=1, v=2");
    sql.push_back("INSERT INTO c" + t + " SELECT * FROM " + t);
    sql.push_back("INSERT INTO c" + t + " SELECT k,2,v FROM " + t);
    sql.push_back("UPDATE c" + t + " SET v=3 WHERE j=2");
    sql.push_back("UPDATE c" + t + " SET j=5 WHERE j=1 ORDER BY k LIMIT 1");
    sql.push_back("SET foreign_key_checks=0");
    sql.push_back("DELETE FROM c" + t + " WHERE j=2");
    sql.push_back("DELETE FROM " + t + " ORDER BY k LIMIT 2");
    sql.push_back("SET foreign_key_checks=1");
    sql.push_back("DELETE FROM c" + t + " LIMIT 1");
  }
  Arrives(s_, sql);
}

// Trap 8: one row per change, matched in all columns to the bit.
TEST_F(SqlRows, KeylessRowsAreMatchedToTheBit) {
  Arrives(
      s_,
      {"CREATE TABLE n(a VARCHAR(9), f FLOAT, d DOUBLE, c CHAR(5), t TEXT, b BLOB, g POINT, n INT, e "
       "ENUM('x','y'), dt DATE, v INT AS (n+1) VIRTUAL)",
       "INSERT INTO n(a) VALUES('a'),('A'),('a '),('á'),(NULL),('a'),('')",
       "UPDATE n SET n=1 WHERE a='A' COLLATE utf8mb4_bin",
       "DELETE FROM n WHERE a='a' COLLATE utf8mb4_nopad_bin LIMIT 1", "UPDATE n SET a='z' WHERE a IS NULL",
       "INSERT INTO n(f,d,c,t,b,g,e,dt) VALUES(0.1,0.1,'é','T',x'00ff',POINT(1,2),'y','2024-01-01'),"
       "(0.1,0.1,'e','t',x'00ff',POINT(1,2),'y','2024-01-01'),(0.1,0.1,'é','T',x'00ff',POINT(1,2),'y',"
       "'2024-01-01')",
       "UPDATE n SET d=0.2, b=x'5c27' WHERE t='t' COLLATE utf8mb4_bin", "DELETE FROM n WHERE t='T' LIMIT 1",
       "DELETE FROM n WHERE d=0.2"});
}

// Trap 5: with checks on, a deletion of one row takes others of the same table with it, which the log does
// not have: the order of the rows counts.
TEST_F(SqlRows, CascadesMeetTheirRowsInTheOrderOfTheSource) {
  Arrives(
      s_,
      {"CREATE TABLE tree(id INT PRIMARY KEY, up INT, FOREIGN KEY(up) REFERENCES tree(id) ON DELETE CASCADE)",
       "INSERT INTO tree VALUES(1,NULL),(2,1),(3,2),(9,NULL),(5,9),(6,9)",
       "DELETE FROM tree WHERE id IN (5,9) ORDER BY id", "DELETE FROM tree WHERE id=1",
       "CREATE TABLE p(id INT PRIMARY KEY, u INT UNIQUE, v INT)",
       "CREATE TABLE c(id INT PRIMARY KEY, p INT, FOREIGN KEY(p) REFERENCES p(u) ON UPDATE CASCADE ON "
       "DELETE SET NULL)",
       "INSERT INTO p SELECT seq, seq, seq FROM seq_1_to_20",
       "INSERT INTO c SELECT seq, seq FROM seq_1_to_20", "UPDATE p SET u=u+100, v=0",
       "DELETE FROM p WHERE id>15", "SET foreign_key_checks=0", "UPDATE p SET u=u+100 WHERE id<5",
       "DELETE FROM p WHERE id<3", "SET foreign_key_checks=1"});
}

TEST_F(SqlRows, StoredGeneratedColumnsAreWhatTheSourceHas) {
  Arrives(s_, {"CREATE TABLE g(id INT PRIMARY KEY, a INT, s BIGINT AS (a*2) STORED, t VARCHAR(30) AS "
               "(CONCAT('x',a)) STORED, v INT AS (a+1) VIRTUAL)",
               "INSERT INTO g(id,a) SELECT seq, IF(seq%7=0,NULL,seq) FROM seq_1_to_300", "UPDATE g SET a=a+1",
               "UPDATE g SET id=id+1000, a=5 WHERE id<9", "DELETE FROM g WHERE id%2=0",
               "CREATE TABLE k(a INT, s BIGINT AS (a*2) STORED)", "INSERT INTO k(a) VALUES(1),(1),(NULL)",
               "UPDATE k SET a=3 LIMIT 1", "DELETE FROM k WHERE a=1",
               "CREATE TABLE u(a INT, s INT AS (a+1) STORED, UNIQUE(s))", "INSERT INTO u(a) VALUES(1),(2)",
               "UPDATE u SET a=a+10 ORDER BY a DESC"});
}

// The server takes the first unique key for the images, the catalogue names them in another order.
TEST_F(SqlRows, AMinimalImageMayHaveAnotherKeyThanTheSchema) {
  Arrives(s_, {"SET binlog_row_image=MINIMAL", "SET GLOBAL binlog_row_metadata=NO_LOG",
               "CREATE TABLE t(k INT NOT NULL, u INT NOT NULL, c INT, UNIQUE KEY un(k), UNIQUE KEY u0(u))",
               "INSERT INTO t VALUES(1,1,1),(2,2,2),(3,3,3)", "UPDATE t SET u=u+1 ORDER BY u DESC",
               "UPDATE t SET c=9 WHERE u=3", "DELETE FROM t WHERE u=4", "UPDATE t SET k=k+10"});
  s_.AtSource({"SET GLOBAL binlog_row_metadata=FULL"});
}

// Without row metadata the log names no key; a MINIMAL image says little of the row: other rows with the same
// values must not be asked.
TEST_F(SqlRows, StoredGeneratedColumnsOfRowsWithoutALoggedKeyAreTheirOwn) {
  Arrives(s_, {"SET binlog_row_image=MINIMAL", "SET GLOBAL binlog_row_metadata=NO_LOG",
               "CREATE TABLE g(id INT PRIMARY KEY, a INT, b VARCHAR(9), s BIGINT AS (a*2) STORED)",
               "INSERT INTO g(id,a) VALUES(1,1),(2,2),(3,NULL)", "UPDATE g SET b='same'",
               "UPDATE g SET a=a+1", "UPDATE g SET a=7 WHERE id=3", "INSERT INTO g(id,b) VALUES(4,'same')"});
  s_.AtSource({"SET GLOBAL binlog_row_metadata=FULL"});
}

// The expression of a stored column may depend on the session: row events bring the value, statements do not.
TEST_F(SqlRows, AStoredGeneratedColumnThatTheTargetComputesOtherwiseStopsTheFlow) {
  Arrives(s_, {"CREATE TABLE g(id INT PRIMARY KEY, ts TIMESTAMP NULL, n INT, h INT AS (HOUR(ts)) STORED)",
               "CREATE TABLE k(ts TIMESTAMP NULL, h DATETIME AS (ts) STORED)", "SET time_zone='+00:00'",
               "INSERT INTO g(id,ts) VALUES(1,'2024-01-01 12:00:00'),(2,NULL)",
               "INSERT INTO k(ts) VALUES('2024-01-01 12:00:00')"});
  for (const char* change :
       {"INSERT INTO d.g(id,ts) VALUES(3,NULL),(4,'2024-01-01 12:00:00'),(5,NULL)",
        "UPDATE d.g SET ts='2024-01-01 13:00:00' WHERE id=1", "INSERT INTO d.k(ts) VALUES(NOW())",
        "UPDATE d.k SET ts='2024-01-01 11:00:00'"}) {
    SCOPED_TRACE(change);
    const std::string before = s_.target().Value("SELECT COUNT(*) FROM srdf.apply_log");
    s_.AtSource({"SET time_zone='+05:30'", change});
    const Status status = s_.Replicate();
    EXPECT_EQ(StatusCode::kFailedPrecondition, status.code()) << status.ToString();
    EXPECT_NE(std::string::npos, status.message().find("another value for a stored generated column"))
        << status.ToString();
    EXPECT_NE(std::string::npos, status.remedy().find("apply_method: native")) << status.ToString();
    EXPECT_EQ(before, s_.target().Value("SELECT COUNT(*) FROM srdf.apply_log"));
    s_.StartHere();
  }
}

// A strict session refuses what a lenient source has stored: it arrives all the same, exactly.
TEST_F(SqlRows, ValuesThatAStrictSessionRefusesArriveExactly) {
  Arrives(s_, {"SET sql_mode=''", "CREATE TABLE e(id INT PRIMARY KEY, e ENUM('a','b'), n INT)",
               "INSERT INTO e VALUES(1,'a',0),(2,'none such',0),(3,'b',0),(4,'',0),(5,NULL,0)",
               "UPDATE e SET n=n+1", "UPDATE e SET e='nothing' WHERE id=1", "DELETE FROM e WHERE id=2",
               "CREATE TABLE g(id INT PRIMARY KEY, t VARCHAR(20), i INT AS (CAST(t AS INT)) STORED, s "
               "TINYINT AS (id) "
               "STORED)",
               "INSERT INTO g(id,t) VALUES(1,'1'),(2,'two'),(3,'3x')", "UPDATE g SET t=CONCAT(t,'y')",
               "INSERT INTO g(id,t) VALUES(1000,'x')", "CREATE TABLE k(e ENUM('a','b'))",
               "INSERT INTO k VALUES('zz'),('zz'),('a')", "DELETE FROM k WHERE e='' LIMIT 1",
               "UPDATE k SET e='zz' WHERE e='a'"});
}

TEST_F(SqlRows, ColumnsThatChangeThemselvesKeepTheSourcesValue) {
  Arrives(s_, {"SET binlog_row_image='FULL'",
               "CREATE TABLE ts(id INT PRIMARY KEY AUTO_INCREMENT, v INT, at TIMESTAMP(6) NOT NULL DEFAULT "
               "CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), inv INT INVISIBLE DEFAULT 3)",
               "SET timestamp=1600000000.123456", "INSERT INTO ts(v) VALUES(1),(2),(3)",
               "UPDATE ts SET v=5 WHERE id=1", "UPDATE ts SET v=7, at=at WHERE id=2",
               "SET sql_mode='NO_AUTO_VALUE_ON_ZERO'", "INSERT INTO ts(id,v) VALUES(0,9)"});
}

// Trap 15 has the rest: what a sequence has cached at the source.
TEST_F(SqlRows, SequencesArrive) {
  Arrives(s_, {"CREATE SEQUENCE q START WITH 5 INCREMENT BY 3 CACHE 4", "SELECT NEXTVAL(q)",
               "SELECT NEXTVAL(q)", "SELECT SETVAL(q, 1000)", "SELECT NEXTVAL(q)"});
}

TEST_F(SqlRows, SequencesWithMinimalImagesArrive) {
  Arrives(s_, {"SET binlog_row_image='MINIMAL'", "CREATE SEQUENCE qm START WITH 5 INCREMENT BY 3 CACHE 4",
               "SELECT NEXTVAL(qm)", "SELECT SETVAL(qm, 1000)", "SELECT NEXTVAL(qm)"});
}

// The server lets them hold more characters than they are declared with.
TEST_F(SqlRows, CompressedColumnsLongerThanDeclaredArrive) {
  Arrives(s_,
          {"CREATE TABLE z(id INT PRIMARY KEY, v VARCHAR(12) COMPRESSED CHARACTER SET utf8mb4, w VARCHAR(3) "
           "COMPRESSED CHARACTER SET latin1)",
           "INSERT INTO z VALUES(1,'more than twelve characters','abc'),(2,x'5c','é')",
           "UPDATE z SET v=CONCAT(v,'!')"});
}

TEST_F(SqlRows, ColumnsAddedWithoutADefaultKeepWhatTheyWereGiven) {
  Arrives(
      s_,
      {"SET sql_mode=''", "CREATE TABLE a(id INT PRIMARY KEY, v INT)", "INSERT INTO a VALUES(1,1),(2,2)",
       "ALTER TABLE a ADD g MULTIPOLYGON NOT NULL, ADD d DATE NOT NULL, ADD e ENUM('x') NOT NULL, ADD t TEXT "
       "NOT NULL",
       "UPDATE a SET v=v+1",
       "INSERT INTO a(id,v,g) VALUES(3,3,ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 "
       "0)))'))",
       "UPDATE a SET v=9"});
}

TEST_F(SqlRows, PartialImagesLeaveTheOtherColumnsAlone) {
  Arrives(s_, {"SET binlog_row_image=MINIMAL, timestamp=1600000000",
               "CREATE TABLE m(a INT, b VARCHAR(9), c TEXT, n INT DEFAULT 7, at TIMESTAMP NOT NULL DEFAULT "
               "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY(a,b), UNIQUE(n))",
               "INSERT INTO m(a,b,c,n) VALUES(1,'x','one',1),(1,'y','two',2),(2,'x','three',3)",
               "SET timestamp=1700000000", "UPDATE m SET c='new', at=at WHERE a=1",
               "UPDATE m SET n=NULL WHERE b='y'", "UPDATE m SET b='z' WHERE c='three'",
               "SET timestamp=1710000000", "UPDATE m SET n=9 WHERE b='x'", "INSERT INTO m(a,b) VALUES(5,'d')",
               "DELETE FROM m WHERE a=1"});
}

TEST_F(SqlRows, ASystemVersionedTableIsRefusedWithTheRemedy) {
  s_.AtSource({"CREATE DATABASE d", "CREATE TABLE d.v(id INT PRIMARY KEY) WITH SYSTEM VERSIONING",
               "INSERT INTO d.v VALUES(1)"});
  const Status status = s_.Replicate();
  EXPECT_EQ(StatusCode::kFailedPrecondition, status.code());
  EXPECT_NE(std::string::npos, status.message().find("`d`.`v` is system-versioned")) << status.ToString();
  EXPECT_NE(std::string::npos, status.remedy().find("apply_method: native")) << status.ToString();
}

// Trap 9: another column of the row was changed by hand.
TEST(SqlRowsOfAPair, WithFullBeforeImagesARowWithOtherValuesIsADivergence) {
  SourceAndTarget s("full");
  Arrives(s, {"CREATE TABLE f(id INT PRIMARY KEY, v INT, w VARCHAR(9))",
              "INSERT INTO f SELECT seq, 0, 'w' FROM seq_1_to_200", "UPDATE f SET v=1",
              "DELETE FROM f WHERE id>150"});
  s.AtTarget({"UPDATE d.f SET w='hand' WHERE id=77"});
  s.AtSource({"UPDATE d.f SET v=2"});
  const Status status = s.Replicate();
  EXPECT_EQ(StatusCode::kDivergence, status.code()) << status.ToString();
  EXPECT_NE(std::string::npos, status.message().find("has other values: {\"id\":77,\"w\":\"hand\"}"))
      << status.ToString();
  EXPECT_EQ("0", s.target().Value("SELECT COUNT(*) FROM d.f WHERE v=2"));
}

const SimpleTable kItem{"d", "item", {"i", "v80"}};

TEST(SqlRowsOfAWagon, AMissingRowAmongManyDeletedAtOnceIsNamed) {
  Target t;
  EXPECT_EQ("sql", t.session().apply_method());
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))", "USE d",
             "INSERT INTO item SELECT seq, 'v' FROM seq_1_to_3000", "DELETE FROM d.item WHERE c0=2345"});
  PayloadBuilder p;
  std::vector<Cells> rows;
  for (int i = 1; i <= 3000; ++i) rows.push_back({std::to_string(i), ""});
  p.Delete(p.Table(kItem), rows, /*key_only=*/true, kRunNoForeignKeyChecks);
  const Status status = t.Apply(&p).status();
  EXPECT_EQ(StatusCode::kDivergence, status.code());
  EXPECT_NE(std::string::npos, status.message().find("`d`.`item`: delete of row {\"c0\":2345}"))
      << status.ToString();
  EXPECT_EQ("2999", t.Value("SELECT COUNT(*) FROM d.item"));
}

// A trigger refuses only the operation that would fire it.
TEST(SqlRowsOfAWagon, ATriggerOfAnotherOperationDoesNotStopTheFlow) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))",
             "CREATE TABLE d.fired(x INT)", "INSERT INTO d.item VALUES(1,'a'),(2,'b')",
             "CREATE TRIGGER d.tr BEFORE INSERT ON d.item FOR EACH ROW INSERT INTO d.fired VALUES(1)"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Update(item, {{{"1", "a"}, {"1", "A"}}, {{"2", "b"}, {"2", "B"}}}, true);
  const auto stats = t.Apply(&p);
  ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  EXPECT_EQ("A,B", t.Value("SELECT GROUP_CONCAT(c1 ORDER BY c0) FROM d.item"));
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM d.fired"));
}

}  // namespace
}  // namespace srdf::test
