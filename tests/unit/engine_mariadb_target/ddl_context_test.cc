#include "engine_mariadb/ddl_context.h"

#include <gtest/gtest.h>

#include "engine_mariadb/ddl_fingerprint.h"

namespace srdf::engine_mariadb {
namespace {

TEST(DdlContext, ADropIsKnownBehindCommentsAndInAnyCase) {
  for (const char* sql : {"DROP TABLE a", "drop database x", "  \n\tDrop view v", "/* c */ DROP TABLE a",
                          "# c\nDROP TABLE a", "-- c\n /* d */ dRoP TABLE a", "/*!50000 DROP TABLE a */",
                          "SET STATEMENT lock_wait_timeout=1 FOR DROP TABLE a, b"}) {
    EXPECT_TRUE(IsDrop(sql)) << sql;
  }
  for (const char* sql : {"ALTER TABLE a DROP COLUMN b", "CREATE TABLE dropped(x INT)", "", "/* DROP TABLE a",
                          "# DROP TABLE a", "DRO", "SET STATEMENT lock_wait_timeout=1"}) {
    EXPECT_FALSE(IsDrop(sql)) << sql;
  }
}

TEST(DdlContext, WhatReplacesItselfIsKnownByItsFirstWords) {
  for (const char* sql : {"CREATE OR REPLACE TABLE a(x INT)",
                          "create /* c */ or replace definer=root@localhost view v AS SELECT 1",
                          "SET STATEMENT a=(SELECT 1 FOR UPDATE), b=2 FOR CREATE OR REPLACE DATABASE d",
                          "TRUNCATE a", "TRUNCATE TABLE `a`", "ALTER TABLE a TRUNCATE PARTITION p0, p1",
                          "ALTER ONLINE IGNORE TABLE IF EXISTS d.`a b` TRUNCATE PARTITION ALL"}) {
    EXPECT_TRUE(ReplacesItself(sql)) << sql;
  }
  for (const char* sql : {"CREATE TABLE a(x INT) REPLACE SELECT 1 AS x", "CREATE TABLE `or`(`replace` INT)",
                          "DROP TABLE a", "RENAME TABLE a TO b", "", "ALTER TABLE a ADD truncate INT",
                          "ALTER TABLE a DROP COLUMN truncate PARTITION BY HASH(x)",
                          "ALTER TABLE truncate PARTITION BY HASH(x)", "ALTER DATABASE d COMMENT 'x'"}) {
    EXPECT_FALSE(ReplacesItself(sql)) << sql;
  }
}

TEST(DdlContext, EveryFlagHasItsVariable) {
  Statement s;
  s.has_flags2 = true;
  const auto with = [&](uint32_t flags) {
    s.flags2 = flags;
    return ContextStatement(s, false);
  };
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(
      has(with(0), "foreign_key_checks=1, unique_checks=1, sql_auto_is_null=0, check_constraint_checks=1"));
  EXPECT_TRUE(has(with(1u << 26), "foreign_key_checks=0"));
  EXPECT_TRUE(has(with(1u << 27), "unique_checks=0"));
  EXPECT_TRUE(has(with(1u << 14), "sql_auto_is_null=1"));
  EXPECT_TRUE(has(with(1u << 15), "check_constraint_checks=0"));
  EXPECT_TRUE(has(with(1u << 28), "sql_if_exists=1"));
  EXPECT_TRUE(has(with(0), "sql_if_exists=0"));
  EXPECT_TRUE(has(ContextStatement(s, true), "sql_if_exists=1"));
  s.has_flags2 = false;
  EXPECT_FALSE(has(ContextStatement(s, false), "foreign_key_checks"));
}

TEST(DdlContext, TimeStampAndZoneCannotBreakOutOfTheStatement) {
  Statement s;
  s.timestamp_us = 1700000000000042;
  s.time_zone = "Europe/Zurich'; DROP DATABASE x; --\\";
  const std::string text = ContextStatement(s, false);
  EXPECT_NE(std::string::npos, text.find("timestamp=1700000000.000042")) << text;
  EXPECT_NE(std::string::npos, text.find("time_zone='Europe/Zurich; DROP DATABASE x; --'")) << text;
}

TEST(DdlFingerprint, ConcernedAreTheDefaultDatabaseAndEveryNameInTheText) {
  const std::vector<std::string> schemata = {"information_schema", "mysql", "shop", "Sales", "hr", "srdf"};
  Statement s;
  s.database = "hr";
  s.sql = "RENAME TABLE `SHOP`.t TO sales.t";
  EXPECT_EQ((std::vector<std::string>{"shop", "Sales", "hr"}),
            ConcernedDatabases(schemata, s.database, s.sql));
  s.database = "gone";
  s.sql = "DROP TABLE mysql.x, srdf.checkpoint";
  EXPECT_TRUE(ConcernedDatabases(schemata, s.database, s.sql).empty());
}

TEST(DdlFingerprint, ANameInsideAnotherWordIsNotThatName) {
  const std::vector<std::string> schemata = {"shop", "a-b", "tick`s", "caf\xc3\xa9", "e$1"};
  const auto concerned = [&](const char* sql) { return ConcernedDatabases(schemata, "", sql).size(); };
  EXPECT_EQ(0u, concerned("DROP TABLE workshop.t, shop2.t, shop_.t, shop$.t, shop\xc3\xa9.t"));
  EXPECT_EQ(1u, concerned("DROP TABLE workshop.t, (shop.t)"));
  EXPECT_EQ(1u, concerned("DROP TABLE \"SHOP\".t"));
  EXPECT_EQ(1u, concerned("DROP TABLE `a-b`.t"));
  EXPECT_EQ(1u, concerned("DROP TABLE `tick``s`.t"));
  EXPECT_EQ(1u, concerned("DROP TABLE caf\xc3\xa9.t"));
  EXPECT_EQ(1u, concerned("DROP DATABASE e$1"));
}

TEST(DdlContext, AnAlteredEventKeepsTheDefinerItHasAtTheSource) {
  Statement s;
  s.sql = "/* x */ ALTER EVENT e DISABLE";
  EXPECT_EQ(s.sql, TextToRun(s));
  s.invoker_user = "o`wner";
  s.invoker_host = "%";
  EXPECT_EQ("/* x */ ALTER DEFINER=`o``wner`@`%` EVENT e DISABLE", TextToRun(s));
  s.sql = "SET STATEMENT lock_wait_timeout=1 FOR alter event e DISABLE";
  EXPECT_EQ("SET STATEMENT lock_wait_timeout=1 FOR alter DEFINER=`o``wner`@`%` event e DISABLE",
            TextToRun(s));
  for (const char* sql : {"ALTER DEFINER=`a`@`b` EVENT e DISABLE", "ALTER TABLE event ADD x INT", "ALTER"}) {
    s.sql = sql;
    EXPECT_EQ(sql, TextToRun(s));
  }
}

}  // namespace
}  // namespace srdf::engine_mariadb
