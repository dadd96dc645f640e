#include "engine_mariadb/ddl_repeatability.h"

#include <gtest/gtest.h>

namespace srdf::engine_mariadb {
namespace {

std::string Doubt(std::string_view sql) {
  const auto doubt = DoubtOfRepeating(sql, "shop");
  return doubt ? doubt->database + "." + doubt->table + " " + doubt->what : "";
}

TEST(DdlRepeatability, ValuesThatDifferWithEveryRunAreInDoubt) {
  EXPECT_EQ("shop.a DEFAULT uuid()", Doubt("alter table a add u varchar(40) default (uuid())"));
  EXPECT_EQ("shop.a DEFAULT UUID()", Doubt("ALTER TABLE a ADD u VARCHAR(40) DEFAULT UUID()"));
  EXPECT_EQ("x.y z DEFAULT RAND()",
            Doubt("ALTER ONLINE TABLE IF EXISTS `x`.`y z` ADD COLUMN r DOUBLE DEFAULT (1 + RAND())"));
  EXPECT_EQ("shop.a DEFAULT RAND()", Doubt("ALTER TABLE a ADD r DOUBLE DEFAULT - RAND()"));
  EXPECT_EQ("shop.a DEFAULT CURRENT_USER", Doubt("ALTER TABLE a ADD w VARCHAR(90) DEFAULT CURRENT_USER"));
  EXPECT_EQ("shop.a DEFAULT NEXT",
            Doubt("ALTER TABLE a ADD n BIGINT DEFAULT (NEXT VALUE FOR s), ADD m INT DEFAULT 1"));
  EXPECT_EQ("shop.a DEFAULT nextval()", Doubt("ALTER TABLE a ADD (x INT, n BIGINT DEFAULT nextval(s))"));
  EXPECT_EQ("shop.a DEFAULT a variable", Doubt("ALTER TABLE a ADD h VARCHAR(90) DEFAULT (@@hostname)"));
  EXPECT_EQ("shop.a DEFAULT my_udf()", Doubt("ALTER TABLE a ADD h INT DEFAULT (`my_udf`(3))"));
  EXPECT_EQ("shop.a DEFAULT function_of_a_later_version()",
            Doubt("SET STATEMENT lock_wait_timeout=1 FOR ALTER TABLE a ADD h INT DEFAULT "
                  "(CONCAT('x', function_of_a_later_version(id)))"));
}

TEST(DdlRepeatability, ValuesThatDependOnTheOrderOfRowsAreInDoubt) {
  EXPECT_EQ("shop.a AUTO_INCREMENT", Doubt("ALTER TABLE a ADD id INT AUTO_INCREMENT PRIMARY KEY"));
  EXPECT_EQ("shop.a AUTO_INCREMENT", Doubt("ALTER TABLE a MODIFY id INT NOT NULL AUTO_INCREMENT"));
  EXPECT_EQ("shop.a IGNORE with a unique key", Doubt("ALTER IGNORE TABLE a ADD UNIQUE(v)"));
  EXPECT_EQ(RepeatDoubt::kOrder, DoubtOfRepeating("ALTER IGNORE TABLE a ADD UNIQUE(v)", "")->kind);
}

TEST(DdlRepeatability, WhatSaysTheSameIsNotInDoubt) {
  for (const char* sql :
       {"ALTER TABLE a ADD x INT",
        "ALTER TABLE a ADD x INT DEFAULT 5, ADD y VARCHAR(20) DEFAULT 'uuid()'",
        "ALTER TABLE a ADD x DOUBLE DEFAULT -1.5e3",
        "ALTER TABLE a ADD x BINARY(2) DEFAULT x'00ff'",
        "ALTER TABLE a ADD x DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
        "ALTER TABLE a ADD x DATETIME DEFAULT NOW() COMMENT 'rand()'",
        "ALTER TABLE a ADD x UUID, ADD y INT",
        "ALTER TABLE a ADD x INT DEFAULT (id * 2 + LENGTH(CONCAT('a', name)))",
        "ALTER TABLE a ADD j JSON DEFAULT (JSON_OBJECT('a', 1)), ADD p POINT DEFAULT (ST_GeomFromText('x'))",
        "ALTER TABLE a ALTER u SET DEFAULT (uuid())",
        "ALTER TABLE a MODIFY u VARCHAR(40) DEFAULT (uuid())",
        "ALTER TABLE a ADD INDEX (x), ALTER u SET DEFAULT (uuid())",
        "ALTER TABLE a AUTO_INCREMENT=500",
        "ALTER TABLE a ADD x INT, AUTO_INCREMENT 500",
        "ALTER IGNORE TABLE a ADD INDEX(v)",
        "CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, u VARCHAR(40) DEFAULT (uuid()))",
        "ALTER TABLE a DEFAULT CHARACTER SET utf8mb4",
        "ALTER VIEW v AS SELECT uuid()",
        "ALTER TABLE",
        "ALTER",
        "",
        "ALTER TABLE a ADD x INT DEFAULT",
        "ALTER TABLE a ADD x INT DEFAULT ("}) {
    EXPECT_EQ("", Doubt(sql)) << sql;
  }
}

}  // namespace
}  // namespace srdf::engine_mariadb
