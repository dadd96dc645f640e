#include "engine_mariadb/foreign_key_change.h"

#include <gtest/gtest.h>

namespace srdf::engine_mariadb {
namespace {

ForeignKeyEffect Effect(std::string_view sql) { return ForeignKeysChangedBy(sql, "d").effect; }

std::string Child(std::string_view sql) {
  const ForeignKeyChange change = ForeignKeysChangedBy(sql, "d");
  return change.effect == ForeignKeyEffect::kAdds ? change.database + "/" + change.table : "";
}

TEST(ForeignKeyChange, StatementsWithoutTheWordsChangeNone) {
  for (const char* sql : {
           "CREATE TABLE t (id INT PRIMARY KEY, KEY k (id))",
           "CREATE TABLE t LIKE u",
           "CREATE TABLE t SELECT * FROM u",
           "ALTER TABLE t ADD COLUMN a INT, MODIFY b TEXT",
           "TRUNCATE t",
           "CREATE INDEX i ON t (a)",
           "CREATE DATABASE e",
           "CREATE VIEW v AS SELECT reference FROM renamed",
       }) {
    EXPECT_EQ(Effect(sql), ForeignKeyEffect::kNone) << sql;
  }
}

TEST(ForeignKeyChange, ReferencesAddToTheTableThatIsMadeOrAltered) {
  EXPECT_EQ(Child("CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (id))"), "d/t");
  EXPECT_EQ(Child("create table if not exists `x y`.`t` (a int references p(id))"), "x y/t");
  EXPECT_EQ(Child("CREATE OR REPLACE TABLE e.t (FOREIGN KEY (a) REFERENCES p (id)) /*!50100 PARTITION */"),
            "e/t");
  EXPECT_EQ(Child("-- a word\nALTER ONLINE TABLE t ADD CONSTRAINT `c` FOREIGN KEY (a)\nREFERENCES p (id)"),
            "d/t");
  EXPECT_EQ(Child("CREATE TABLE t (a DECIMAL(3,1) DEFAULT 1.0REFERENCES p (id))"), "d/t");
  EXPECT_EQ(Child("ALTER TABLE t DROP FOREIGN KEY f, ADD FOREIGN KEY (a) REFERENCES p (id)"), "d/t");
}

TEST(ForeignKeyChange, WhatIsNotClearCanChangeAny) {
  for (const char* sql : {
           "RENAME TABLE t TO u",
           "ALTER TABLE t RENAME COLUMN a TO b",
           "ALTER TABLE t CHANGE a b INT",
           "ALTER DATABASE `#mysql50#a-b` UPGRADE DATA DIRECTORY NAME",
           "CREATE TABLE `t``x` (a INT REFERENCES p (id))",
           "CREATE TABLE caf\xc3\xa9 (a INT REFERENCES p (id))",
           "CREATE TABLE /*!999999 a */ t (a INT REFERENCES p (id))",
           "CREATE PROCEDURE p() CREATE TABLE t (a INT REFERENCES p (id))",
       }) {
    EXPECT_EQ(Effect(sql), ForeignKeyEffect::kAny) << sql;
  }
  // Quotes that the sql_mode gives another meaning hide nothing.
  EXPECT_EQ(Effect("ALTER TABLE t COMMENT 'C:\\', RENAME TO u"), ForeignKeyEffect::kAny);
}

TEST(ForeignKeyChange, DropsCanOnlyTakeAway) {
  EXPECT_EQ(Effect("DROP TABLE IF EXISTS t"), ForeignKeyEffect::kRemoves);
  EXPECT_EQ(Effect("DROP DATABASE d"), ForeignKeyEffect::kRemoves);
  EXPECT_EQ(Effect("ALTER TABLE t DROP FOREIGN KEY f"), ForeignKeyEffect::kRemoves);
  EXPECT_EQ(Effect("CREATE OR REPLACE TABLE t (a INT)"), ForeignKeyEffect::kRemoves);
  // The catalogue may have the name in other bytes.
  EXPECT_EQ(Effect("DROP TABLE caf\xe9"), ForeignKeyEffect::kAny);
  EXPECT_EQ(Effect("DROP TABLE \"a\"\"b\""), ForeignKeyEffect::kAny);
}

}  // namespace
}  // namespace srdf::engine_mariadb
