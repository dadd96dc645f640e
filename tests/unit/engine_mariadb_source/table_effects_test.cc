#include "engine_mariadb/table_renames.h"

#include <gtest/gtest.h>

namespace srdf::engine_mariadb {
namespace {

std::string Words(const std::string& sql) {
  std::string words;
  for (const engine::TableRename& rename : FindRenames(sql, "shop")) {
    words += rename.from.database + "." + rename.from.table + ">" + rename.to.database + "." +
             rename.to.table + " ";
  }
  return words;
}

TEST(TableRenames, RenameTableGivesEachPairInItsOrder) {
  EXPECT_EQ(Words("RENAME TABLE a TO tmp, b TO a, tmp TO b"),
            "shop.a>shop.tmp shop.b>shop.a shop.tmp>shop.b ");
  EXPECT_EQ(Words("rename tables if exists `x`.`a``b` wait 5 to y.c"), "x.a`b>y.c ");
}

TEST(TableRenames, AlterTableMayRenameBesideWhatElseItDoes) {
  EXPECT_EQ(Words("ALTER TABLE a RENAME b"), "shop.a>shop.b ");
  EXPECT_EQ(Words("alter online ignore table a add column c int, rename to x.b"), "shop.a>x.b ");
  EXPECT_EQ(Words("ALTER TABLE IF EXISTS a RENAME = b"), "shop.a>shop.b ");
  EXPECT_EQ(Words("ALTER TABLE a RENAME COLUMN c TO d, RENAME INDEX i TO j, RENAME AS b"), "shop.a>shop.b ");
}

TEST(TableRenames, OtherStatementsRenameNoTable) {
  EXPECT_EQ(Words("ALTER TABLE a RENAME COLUMN c TO d"), "");
  EXPECT_EQ(Words("ALTER TABLE a ADD COLUMN `rename` INT"), "");
  EXPECT_EQ(Words("CREATE TABLE a (b INT COMMENT 'rename to c')"), "");
  EXPECT_EQ(Words("RENAME USER a TO b"), "");
  EXPECT_EQ(Words("RENAME TABLE a"), "");
}

std::string Moved(const std::string& sql) {
  std::string words;
  for (const engine::TableId& id : FindPartitionMoves(sql, "shop"))
    words += id.database + "." + id.table + " ";
  return words;
}

TEST(PartitionMoves, NameBothTables) {
  EXPECT_EQ(Moved("ALTER TABLE a EXCHANGE PARTITION p0 WITH TABLE b WITHOUT VALIDATION"), "shop.a shop.b ");
  EXPECT_EQ(Moved("alter online table x.a exchange partition `table` with table `y`.`b`"), "x.a y.b ");
  EXPECT_EQ(Moved("ALTER TABLE IF EXISTS a CONVERT PARTITION p0 TO TABLE b"), "shop.a shop.b ");
  EXPECT_EQ(Moved("ALTER TABLE a CONVERT TABLE b TO PARTITION p0 VALUES LESS THAN (7)"), "shop.a shop.b ");
}

TEST(PartitionMoves, OtherStatementsMoveNothing) {
  EXPECT_EQ(Moved("ALTER TABLE a CONVERT TO CHARACTER SET utf8mb4"), "");
  EXPECT_EQ(Moved("ALTER TABLE a DROP PARTITION p0"), "");
  EXPECT_EQ(Moved("ALTER TABLE a EXCHANGE PARTITION p0"), "");
  EXPECT_EQ(Moved("ALTER DATABASE a COMMENT 'EXCHANGE PARTITION p0 WITH TABLE b'"), "");
}

}  // namespace
}  // namespace srdf::engine_mariadb
