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

}  // namespace
}  // namespace srdf::engine_mariadb
