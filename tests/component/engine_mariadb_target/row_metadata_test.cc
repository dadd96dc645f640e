// Row metadata below FULL (trap 25): the schema of a row is the one at its position, not today's.
#include <gtest/gtest.h>

#include "applying_sink.h"

namespace srdf::test {
namespace {

class RowMetadata : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { pair_.AtSource({"SET GLOBAL binlog_row_metadata=" + std::string(GetParam())}); }
  SourceAndTarget pair_;
};

TEST_P(RowMetadata, ABacklogWithColumnsThatExchangeTheirNamesIsAppliedRight) {
  pair_.AtSource(
      {"CREATE DATABASE d", "USE d", "CREATE TABLE t(id INT PRIMARY KEY, a INT UNSIGNED, b INT UNSIGNED)",
       "INSERT INTO t VALUES(1,10,20),(2,11,4000000000)", "UPDATE t SET a=12 WHERE id=1",
       "ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a", "INSERT INTO t(id,a,b) VALUES(3,30,31)",
       "UPDATE t SET a=32 WHERE id=2", "ALTER TABLE t ADD c ENUM('x','y') FIRST", "UPDATE t SET c='y'",
       "ALTER TABLE t DROP b", "DELETE FROM t WHERE id=1", "INSERT INTO t VALUES('x',9,9)"});
  const Status status = pair_.Replicate();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ("", pair_.Difference());
}

TEST_P(RowMetadata, ATableOfTheTargetWithOtherColumnsStopsTheFlow) {
  for (const char* change : {"ADD z INT", "MODIFY a BIGINT"}) {
    const std::string table = std::string("d.t") + change[0];
    pair_.AtSource(
        {"CREATE DATABASE IF NOT EXISTS d", "CREATE TABLE " + table + "(id INT PRIMARY KEY, a INT)"});
    ASSERT_TRUE(pair_.Replicate().ok());
    pair_.AtTarget({"ALTER TABLE " + table + " " + change});
    pair_.AtSource({"INSERT INTO " + table + " VALUES(1,1)"});
    const Status status = pair_.Replicate();
    EXPECT_EQ(StatusCode::kFailedPrecondition, status.code()) << status.ToString();
    EXPECT_FALSE(status.remedy().empty());
    pair_.AtTarget({"DROP TABLE " + table, "CREATE TABLE " + table + "(id INT PRIMARY KEY, a INT)"});
    pair_.target().CloseSession();
    const Status mended = pair_.Replicate();
    EXPECT_TRUE(mended.ok()) << mended.ToString();
  }
  EXPECT_EQ("", pair_.Difference());
}

INSTANTIATE_TEST_SUITE_P(Levels, RowMetadata, testing::Values("MINIMAL", "NO_LOG", "FULL"),
                         [](const auto& level) { return std::string(level.param); });

}  // namespace
}  // namespace srdf::test
