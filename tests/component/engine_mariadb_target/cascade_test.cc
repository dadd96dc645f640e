// Trap: cascades are not in the log. They happen at the target again, with everything they depend on there.
#include <gtest/gtest.h>

#include "applying_sink.h"

namespace srdf::test {
namespace {

// A native replica (MariaDB 10.11.19) dies here: the statement's first rows are the trigger's inserts, it
// prepares the tables for these alone, and the cascade then needs the child's virtual column. Each run that
// is applied here is a statement of its own, so that its cascades are prepared for.
TEST(Cascade, IntoAnIndexOverAVirtualColumnBehindATriggersRowsOnAServerThatHasOpenedNoTable) {
  SourceAndTarget pair;
  pair.AtSource(
      {"CREATE DATABASE d", "USE d", "CREATE TABLE log(id INT AUTO_INCREMENT PRIMARY KEY, what INT)",
       "CREATE TABLE parent(id INT PRIMARY KEY)",
       "CREATE TABLE child(id INT PRIMARY KEY, p INT, u INT, g INT AS (u + 1000) VIRTUAL UNIQUE, "
       "FOREIGN KEY(p) REFERENCES parent(id) ON DELETE CASCADE)",
       "CREATE TABLE grandchild(id INT PRIMARY KEY, c INT, g INT AS (c * 2) VIRTUAL, INDEX(g), "
       "FOREIGN KEY(c) REFERENCES child(id) ON DELETE CASCADE)",
       "CREATE TRIGGER tr BEFORE DELETE ON parent FOR EACH ROW INSERT INTO log(what) VALUES(OLD.id)",
       "INSERT INTO parent VALUES(1),(2)", "INSERT INTO child(id,p,u) VALUES(1,1,1),(2,1,2),(3,2,3)",
       "INSERT INTO grandchild(id,c) VALUES(1,1),(2,2),(3,3)"});
  Status status = pair.Replicate();
  ASSERT_TRUE(status.ok()) << status.ToString();
  pair.target().CloseSession();
  ASSERT_TRUE(pair.target().server().Restart().ok());

  pair.AtSource({"DELETE FROM d.parent WHERE id=1"});
  status = pair.Replicate();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("1", pair.target().Value("SELECT COUNT(*) FROM d.grandchild"));
  EXPECT_EQ("1", pair.target().Value("SELECT COUNT(*) FROM d.child FORCE INDEX(g) WHERE g > 0"));
  EXPECT_EQ("", pair.Difference());
}

}  // namespace
}  // namespace srdf::test
