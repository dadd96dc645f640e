// Row images (trap 10): FULL, MINIMAL and NOBLOB, also in one log; a column that is absent is not NULL.
#include "source_fixture.h"

namespace srdf::test {
namespace {

class ImagesTest : public SourceTest {
 protected:
  // The rows of what `statements` log, after the catalogue's facts are certain.
  std::vector<RecordedRow> Rows(const std::vector<std::string>& create,
                                const std::vector<std::string>& statements) {
    for (const auto& statement : create) Sql(statement);
    const auto engine = engine_mariadb::NewSourceEngine(Options());
    const auto reader = engine->NewReader();
    StreamRecorder recorder;
    ReaderRun run(reader.get(), {}, &recorder);
    run.WaitForPosition(LogEnd());
    Sql("INSERT INTO a (id) VALUES (-1)");  // the table is asked about
    run.WaitForPosition(LogEnd());
    Sql("INSERT INTO a (id) VALUES (-2)");  // what was answered holds from here on
    run.WaitForPosition(LogEnd());
    const size_t before = recorder.transactions().size();
    for (const auto& statement : statements) Sql(statement);
    run.WaitForPosition(LogEnd());
    EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
    std::vector<RecordedRow> rows;
    const auto all = recorder.transactions();
    for (size_t i = before; i < all.size(); ++i)
      rows.insert(rows.end(), all[i].rows.begin(), all[i].rows.end());
    return rows;
  }
};

TEST_F(ImagesTest, MinimalImagesHaveWhatChangedAndMayBeMerged) {
  const auto rows = Rows(
      {"CREATE TABLE a (id INT PRIMARY KEY, v INT DEFAULT 5, w VARCHAR(9), u INT UNIQUE)"},
      {"SET SESSION binlog_row_image = MINIMAL", "INSERT INTO a (id) VALUES (1)",
       "UPDATE a SET v = NULL WHERE id = 1", "UPDATE a SET w = 'x', v = 7 WHERE id = 1",
       "UPDATE a SET u = 1 WHERE id = 1", "UPDATE a SET id = 2 WHERE id = 1", "DELETE FROM a WHERE id = 2"});
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].after, R"({"id":1})");
  EXPECT_EQ(rows[1].before, R"({"id":1})");
  EXPECT_EQ(rows[1].after, R"({"v":null})");
  EXPECT_EQ(rows[2].after, R"({"v":7,"w":"x"})");
  EXPECT_EQ(rows[5].before, R"({"id":2})");
  for (const size_t i : {0, 1, 2, 5}) EXPECT_FALSE(rows[i].in_place()) << i;
  // To delete and insert them again would need all columns.
  EXPECT_TRUE(rows[3].in_place());
  EXPECT_TRUE(rows[4].in_place());
  EXPECT_EQ(rows[4].after, R"({"id":2})");
}

TEST_F(ImagesTest, AMinimalUpdateOfAPartOfTheKeyChangesTheKey) {
  const auto rows = Rows({"CREATE TABLE a (id INT, v INT DEFAULT 0, w INT, PRIMARY KEY (v, id))"},
                         {"SET SESSION binlog_row_image = MINIMAL", "INSERT INTO a VALUES (1, 1, 1)",
                          "UPDATE a SET id = 2 WHERE id = 1", "UPDATE a SET v = 3 WHERE id = 2",
                          "UPDATE a SET w = 4 WHERE id = 2"});
  ASSERT_EQ(rows.size(), 4u);
  const auto key = [](char id, char v) { return std::string({id, 0, 0, 0, v, 0, 0, 0}); };
  EXPECT_EQ(rows[1].after, R"({"id":2})");
  EXPECT_EQ(rows[1].key, key(1, 1));
  EXPECT_EQ(rows[1].new_key, key(2, 1));
  EXPECT_EQ(rows[2].new_key, key(2, 3));
  EXPECT_EQ(rows[3].key, key(2, 3));
  EXPECT_EQ(rows[3].new_key, "");
  // To delete and insert the row again would need all columns.
  EXPECT_TRUE(rows[1].in_place() && rows[2].in_place());
  EXPECT_FALSE(rows[3].in_place());
}

// Why the preflight warns: when this fails, the server has learned to log it.
TEST_F(ImagesTest, WhatReplaceSetsBackToItsDefaultIsNotInAMinimalLog) {
  const auto rows = Rows({"CREATE TABLE a (id INT PRIMARY KEY, v INT, w INT)"},
                         {"INSERT INTO a VALUES (1, 1, 1)", "SET SESSION binlog_row_image = MINIMAL",
                          "REPLACE INTO a (id, v) VALUES (1, 2)"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(Value("SELECT w FROM a WHERE id = 1"), "NULL");
  EXPECT_EQ(rows[1].op, RowOp::kUpdate);
  EXPECT_EQ(rows[1].after, R"({"id":1,"v":2})");
}

// Its image takes no bytes: an event without rows is not an event without a change.
TEST_F(ImagesTest, Trap10AMinimalInsertOfNothingButConstantDefaultsStopsTheFlow) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY DEFAULT 5, v INT)");
  Sql("SET SESSION binlog_row_image = MINIMAL");
  Sql("INSERT INTO a (v) VALUES (1)");
  Sql("UPDATE a SET id = 6");
  EXPECT_EQ(ReadAll().back().rows.at(0).after, R"({"id":6})");
  Sql("INSERT INTO a () VALUES ()");
  const Status status = ReadUntilError();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("inserted into table t.a with a MINIMAL row image"), std::string::npos)
      << status.message();
  EXPECT_NE(status.remedy().find("binlog_row_image = FULL"), std::string::npos) << status.remedy();
}

TEST_F(ImagesTest, NoblobImagesLackTheBlobsThatDidNotChange) {
  const auto rows = Rows({"CREATE TABLE a (id INT PRIMARY KEY, v INT, b TEXT)"},
                         {"SET SESSION binlog_row_image = NOBLOB", "INSERT INTO a VALUES (1, 1, 'b')",
                          "UPDATE a SET v = 2 WHERE id = 1", "UPDATE a SET b = NULL WHERE id = 1"});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].after, R"({"id":1,"v":2})");
  EXPECT_EQ(rows[2].after, R"({"id":1,"v":2,"b":null})");
  for (const auto& row : rows) EXPECT_FALSE(row.in_place());
}

TEST_F(ImagesTest, WithoutALogicalKeyImagesAreWholeOrStayInPlace) {
  const auto rows = Rows({"CREATE TABLE a (id INT, v INT, b TEXT)"},
                         {"SET SESSION binlog_row_image = MINIMAL", "INSERT INTO a VALUES (1, 1, 'b')",
                          "INSERT INTO a (id) VALUES (3)", "UPDATE a SET v = 2 WHERE id = 1"});
  ASSERT_EQ(rows.size(), 3u);
  for (const auto& row : rows) {
    EXPECT_TRUE(row.in_place() || row.after.find("\"b\"") != std::string::npos) << row.after;
  }
}

}  // namespace
}  // namespace srdf::test
