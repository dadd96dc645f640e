// By what it is told at a real target whether a statement has run: the fingerprint of its objects, and its
// mark.
#include "engine_mariadb/ddl_fingerprint.h"

#include <gtest/gtest.h>

#include "ddl_fixture.h"
#include "engine_mariadb/ddl_mark.h"

namespace srdf::test {
namespace {

TEST(DdlMark, NothingIsPutBehindAStatementThatHasEnded) {
  using engine_mariadb::CanBeMarked;
  for (const char* sql :
       {"CREATE TABLE a(x INT)", "CREATE TABLE a(x INT) -- c", "CREATE TABLE a(x INT) COMMENT ';'",
        "CREATE PROCEDURE p() BEGIN SELECT 1; END", "CREATE TABLE a(x INT) /* a;b */"}) {
    EXPECT_TRUE(CanBeMarked(sql)) << sql;
  }
  for (const char* sql :
       {"CREATE TABLE a(x INT);", "CREATE TABLE a(x INT); \n", "CREATE TABLE a(x INT); -- c",
        "CREATE TABLE a(x INT); /* c */ # d", "CREATE TABLE a(x INT) -- c;"}) {
    EXPECT_FALSE(CanBeMarked(sql)) << sql;
  }
}

TEST(DdlFingerprint, FindsNamesInOtherCharacterSetsAndOddFileNames) {
  Target t;
  t.Execute({"CREATE DATABASE `d-1`", "CREATE TABLE `d-1`.`café`(x INT)", "CREATE TABLE `d-1`.`a b$c`(x INT)",
             "CREATE TABLE `d-1`.`p_é`(x INT) PARTITION BY HASH(x) PARTITIONS 2"});
  auto connection = t.server().ConnectOrDie();
  Statement latin1 = OrdinaryStatement("", "TRUNCATE `d-1`.caf\xe9");
  latin1.charset_client = 8;
  for (const auto& [statement, sql] :
       {std::pair(latin1, "TRUNCATE `d-1`.`café`"),
        std::pair(OrdinaryStatement("d-1", "TRUNCATE `a b$c`"), "TRUNCATE `d-1`.`a b$c`"),
        std::pair(OrdinaryStatement("d-1", "TRUNCATE p_é"), "TRUNCATE `d-1`.`p_é`")}) {
    const std::string before = engine_mariadb::DdlFingerprint(connection.get(), statement).value();
    EXPECT_EQ(before, engine_mariadb::DdlFingerprint(connection.get(), statement).value());
    t.Execute({sql});
    EXPECT_NE(before, engine_mariadb::DdlFingerprint(connection.get(), statement).value()) << sql;
  }
}

TEST(DdlFingerprint, SeesEveryChangeAndIgnoresWhatChangesByItself) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY AUTO_INCREMENT, c1 VARCHAR(20))",
             "CREATE TABLE d.p(x INT) PARTITION BY HASH(x) PARTITIONS 2"});
  auto connection = t.server().ConnectOrDie();
  const Statement statement =
      OrdinaryStatement("", "in D: Item, `p`, v,procedure f,trigger tr;event e s other");
  const auto fingerprint = [&] {
    return engine_mariadb::DdlFingerprint(connection.get(), statement).value();
  };
  std::string last = fingerprint();
  for (const char* quiet :
       {"INSERT INTO d.item(c1) VALUES('a'),('b'),('c')", "ANALYZE TABLE d.item",
        "CREATE DATABASE IF NOT EXISTS d", "FLUSH TABLES", "CREATE DATABASE another", "CREATE DATABASE er",
        "CREATE TABLE d.items(x INT)", "TRUNCATE TABLE d.items", "CREATE TABLE another.item(x INT)",
        "CREATE VIEW d.v2 AS SELECT 1", "CREATE PROCEDURE d.unnamed() SELECT 1", "DROP TABLE d.items"}) {
    t.Execute({quiet});
    EXPECT_EQ(last, fingerprint()) << quiet;
  }
  for (const char* change : {"TRUNCATE TABLE d.item",
                             "ALTER TABLE d.item COMMENT='x'",
                             "ALTER TABLE d.item ADD KEY k(c1)",
                             "ALTER TABLE d.item ALTER INDEX k IGNORED",
                             "ALTER TABLE d.item ADD CHECK (c1<>'x')",
                             "ALTER TABLE d.p TRUNCATE PARTITION p0",
                             "ALTER TABLE d.p COALESCE PARTITION 1",
                             "ALTER TABLE d.item MODIFY c1 VARCHAR(21)",
                             "CREATE VIEW d.v AS SELECT 1",
                             "ALTER VIEW d.v AS SELECT 2",
                             "CREATE PROCEDURE d.f(a INT) SELECT 1",
                             "CREATE TRIGGER d.tr BEFORE INSERT ON d.item FOR EACH ROW SET NEW.c1=1",
                             "CREATE EVENT d.e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
                             "ALTER EVENT d.e DISABLE",
                             "DROP EVENT d.e",
                             "ALTER DATABASE d CHARACTER SET latin1",
                             "CREATE SEQUENCE d.s",
                             "DROP TABLE d.p",
                             "CREATE DATABASE other",
                             "DROP DATABASE other"}) {
    t.Execute({change});
    const std::string now = fingerprint();
    EXPECT_NE(last, now) << change;
    last = now;
  }
}

}  // namespace
}  // namespace srdf::test
