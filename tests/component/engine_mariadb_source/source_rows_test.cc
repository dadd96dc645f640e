// Rows, statements and transactions of an ordinary log, as they reach the sink.
#include <algorithm>

#include "source_fixture.h"

namespace srdf::test {
namespace {

// The transactions that change rows, without those of DDL.
std::vector<RecordedTransaction> WithRows(std::vector<RecordedTransaction> all) {
  std::erase_if(all, [](const RecordedTransaction& t) { return t.rows.empty(); });
  return all;
}

TEST_F(SourceTest, ATransactionKeepsItsChangesInOrder) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20))");
  Sql("CREATE TABLE b (id INT PRIMARY KEY, v VARCHAR(20))");
  Sql("BEGIN");
  Sql("INSERT INTO a VALUES (1, 'one'), (2, 'two')");
  Sql("INSERT INTO b VALUES (7, NULL)");
  Sql("UPDATE a SET v = 'ONE' WHERE id = 1");
  Sql("DELETE FROM b");
  Sql("COMMIT");
  const auto all = ReadAll();
  ASSERT_EQ(all.size(), 4u);  // CREATE DATABASE, two CREATE TABLE, the transaction
  EXPECT_EQ(all[1].statements.at(0).sql, "CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20))");
  EXPECT_EQ(all[1].statements.at(0).database, "t");
  const RecordedTransaction& t = all[3];
  EXPECT_EQ(t.gtid, "0-11-4");
  EXPECT_EQ(t.end.gtid, "0-11-4");
  EXPECT_GT(t.commit_time_ms, 1'600'000'000'000);
  EXPECT_GT(t.source_bytes, 300u);
  ASSERT_EQ(t.rows.size(), 5u);
  EXPECT_EQ(t.rows[0].after, R"({"id":1,"v":"one"})");
  EXPECT_EQ(t.rows[1].after, R"({"id":2,"v":"two"})");
  EXPECT_EQ(t.rows[2].after, R"({"id":7,"v":null})");
  EXPECT_EQ(t.rows[2].table, "t.b");
  EXPECT_EQ(t.rows[3].after, R"({"id":1,"v":"ONE"})");
  EXPECT_EQ(t.rows[4].op, RowOp::kDelete);
  const auto status = session_->Query("SHOW MASTER STATUS");
  EXPECT_EQ(t.end.file, status->at(0)[0]);
  EXPECT_EQ(std::to_string(t.end.offset), status->at(0)[1]);
}

// Once the stream has passed the position at which the facts were read.
TEST_F(SourceTest, BeforeImagesAreReducedToTheKeyOnlyWhenFactsAreCertain) {
  Sql("CREATE TABLE a (x INT, id INT, y INT, id2 INT, PRIMARY KEY (id2, id))");
  Sql("INSERT INTO a VALUES (1, 2, 3, 4), (5, 6, 7, 8)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  Sql("UPDATE a SET y = 30 WHERE id = 2");
  Sql("DELETE FROM a WHERE id = 2");
  run.WaitForPosition(LogEnd());
  ASSERT_EQ(run.Stop().code(), StatusCode::kCancelled);
  const auto rows = WithRows(recorder.transactions());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows[0].rows[0].in_place());
  const RecordedRow& update = rows[1].rows[0];
  EXPECT_FALSE(update.in_place());
  EXPECT_EQ(update.before, R"({"id":2,"id2":4})");
  EXPECT_EQ(update.after, R"({"y":30})");                         // the columns that change
  EXPECT_EQ(update.key, std::string("\x02\0\0\0\x04\0\0\0", 8));  // in table order
  EXPECT_EQ(rows[2].rows[0].before, R"({"id":2,"id2":4})");
  EXPECT_EQ(rows[2].rows[0].key, update.key);
}

TEST_F(SourceTest, UpdatesCarryTheColumnsThatChangeAndRowsOfAnEventShareFewSetsOfThem) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, x INT, y INT, u INT UNIQUE)");
  Sql("INSERT INTO a VALUES (1, 1, NULL, 1), (2, 2, 2, 2), (3, 3, 3, 3)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  Sql("UPDATE a SET x = 9, y = IF(id = 2, 7, y) ORDER BY id");  // the set grows with the second row
  Sql("UPDATE a SET y = IF(id = 1, 5, NULL) WHERE id < 3 ORDER BY id");
  Sql("UPDATE a SET x = 8, u = 30 WHERE id = 3");  // a unique value moves: the whole row
  Sql("UPDATE a SET id = 40 WHERE id = 3");        // the key moves: the whole row
  run.WaitForPosition(LogEnd());
  ASSERT_EQ(run.Stop().code(), StatusCode::kCancelled);
  const auto rows = WithRows(recorder.transactions());
  ASSERT_EQ(rows.size(), 5u);
  ASSERT_EQ(rows[1].rows.size(), 3u);
  EXPECT_EQ(rows[1].rows[0].after, R"({"x":9})");
  EXPECT_EQ(rows[1].rows[1].after, R"({"x":9,"y":7})");
  EXPECT_EQ(rows[1].rows[2].after, R"({"x":9,"y":3})");
  ASSERT_EQ(rows[2].rows.size(), 2u);
  EXPECT_EQ(rows[2].rows[0].after, R"({"y":5})");
  EXPECT_EQ(rows[2].rows[1].after, R"({"y":null})");
  EXPECT_EQ(rows[3].rows[0].after, R"({"id":3,"x":8,"y":3,"u":30})");
  EXPECT_EQ(rows[4].rows[0].after, R"({"id":40,"x":8,"y":3,"u":30})");
}

TEST_F(SourceTest, FullBeforeImagesStayWhenAskedFor) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, y INT)");
  const auto engine = engine_mariadb::NewSourceEngine(Options("full"));
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  Sql("INSERT INTO a VALUES (1, 1)");
  run.WaitForPosition(LogEnd());
  Sql("UPDATE a SET y = 2");
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  const auto rows = WithRows(recorder.transactions());
  EXPECT_FALSE(rows.at(1).rows[0].in_place());
  EXPECT_EQ(rows.at(1).rows[0].before, R"({"id":1,"y":1})");
}

TEST_F(SourceTest, AKeyChangeNamesBothKeys) {
  Sql("CREATE TABLE a (id VARCHAR(10) PRIMARY KEY, y INT)");
  Sql("INSERT INTO a VALUES ('old', 1)");
  Sql("UPDATE a SET id = 'new'");
  Sql("UPDATE a SET y = 2");
  const auto rows = WithRows(ReadAll());
  EXPECT_EQ(rows.at(0).rows[0].key, "\x03old");
  EXPECT_EQ(rows.at(1).rows[0].key, "\x03old");
  EXPECT_EQ(rows.at(1).rows[0].new_key, "\x03new");
  EXPECT_EQ(rows.at(2).rows[0].key, "\x03new");
  EXPECT_EQ(rows.at(2).rows[0].new_key, "");
}

TEST_F(SourceTest, ATableWithoutAKeyKeepsWholeImages) {
  Sql("CREATE TABLE a (x INT, y INT)");
  Sql("INSERT INTO a VALUES (1, 1), (1, 1)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  Sql("DELETE FROM a LIMIT 1");
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  const auto rows = WithRows(recorder.transactions());
  const RecordedRow& row = rows.at(1).rows[0];
  EXPECT_EQ(row.key_kind, KeyKind::kNone);
  EXPECT_EQ(row.key, "");
  EXPECT_EQ(row.before, R"({"x":1,"y":1})");
  EXPECT_FALSE(row.in_place());
}

TEST_F(SourceTest, RowsOfInternalSchemasAreLeftOutButMoveThePosition) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("CREATE DATABASE IF NOT EXISTS srdf");
  Sql("CREATE TABLE IF NOT EXISTS srdf.mark (id INT)");
  Sql("INSERT INTO srdf.mark VALUES (1)");
  Sql("INSERT INTO a VALUES (1)");
  Sql("DROP DATABASE srdf");
  const auto all = ReadAll();
  ASSERT_EQ(all.size(), 7u);
  EXPECT_TRUE(all[2].statements.empty());
  EXPECT_TRUE(all[3].statements.empty());
  EXPECT_TRUE(all[4].rows.empty());
  EXPECT_EQ(all[5].rows.size(), 1u);
  EXPECT_TRUE(all[6].statements.empty());
  EXPECT_EQ(all[6].end.gtid, "0-11-7");
}

TEST_F(SourceTest, CreateTableSelectIsAStatementAndItsRows) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("INSERT INTO a VALUES (1), (2)");
  Sql("CREATE TABLE b SELECT * FROM a");
  const auto all = ReadAll();
  const RecordedTransaction& t = all.back();
  ASSERT_EQ(t.statements.size(), 1u);
  EXPECT_EQ(t.statements[0].sql.find("CREATE TABLE `b`"), 0u);
  ASSERT_EQ(t.rows.size(), 2u);
  EXPECT_TRUE(t.rows[0].in_place());
}

TEST_F(SourceTest, AStatementCarriesItsSessionContext) {
  Sql("SET NAMES latin1 COLLATE latin1_german1_ci, sql_mode = 'ANSI_QUOTES', time_zone = '+03:00', "
      "auto_increment_increment = 5, auto_increment_offset = 2, lc_time_names = 'de_DE', foreign_key_checks "
      "= 0, "
      "timestamp = 1700000000.123456");
  // The server records time zone and fraction only of statements that use them.
  Sql("CREATE TABLE a (id INT)");
  Sql("INSERT INTO a VALUES (1)");
  Sql("ALTER TABLE a ADD COLUMN d TIMESTAMP(6) NOT NULL DEFAULT NOW(6), "
      "ADD COLUMN e TIMESTAMP NOT NULL DEFAULT '2020-01-01 00:00:00'");
  const auto all = ReadAll();
  const Statement& s = all.at(3).statements.at(0);
  EXPECT_EQ(s.charset_client, 5);  // latin1_german1_ci
  EXPECT_EQ(s.collation_connection, 5);
  EXPECT_TRUE(s.has_sql_mode);
  EXPECT_EQ(s.sql_mode, 4u);
  EXPECT_EQ(s.timestamp_us, 1700000000123456);
  EXPECT_TRUE((s.flags2 & 0x04000000) != 0);  // no foreign key checks
  EXPECT_EQ(s.time_zone, "+03:00");
  EXPECT_EQ(s.lc_time_names, 4);  // de_DE
  EXPECT_EQ(s.auto_increment_increment, 5);
  EXPECT_EQ(s.auto_increment_offset, 2);
}

TEST_F(SourceTest, StatementsAreSortedByClass) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("CREATE USER IF NOT EXISTS u1@localhost");
  Sql("GRANT SELECT ON t.* TO u1@localhost");
  Sql("SET PASSWORD FOR u1@localhost = PASSWORD('x')");
  Sql("DROP USER u1@localhost");
  Sql("ANALYZE TABLE a");
  Sql("OPTIMIZE TABLE a");
  Sql("FLUSH TABLES");
  Sql("CREATE TEMPORARY TABLE tmp (id INT)");
  Sql("INSERT INTO tmp VALUES (1)");
  Sql("DROP TEMPORARY TABLE tmp");
  Sql("/*! CREATE INDEX i ON a (id) */");
  Sql("CREATE OR REPLACE VIEW v AS SELECT 1 AS x");
  Sql("CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW SET NEW.id = NEW.id");
  Sql("CREATE SEQUENCE s");
  Sql("SET STATEMENT max_statement_time = 10 FOR RENAME TABLE a TO b");
  Sql("TRUNCATE b");
  Sql("DROP TABLE b");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  std::vector<std::string> statements;
  for (const auto& t : recorder.transactions()) {
    for (const auto& s : t.statements) statements.push_back(s.sql);
  }
  ASSERT_EQ(statements.size(), 9u) << testing::PrintToString(statements);
  EXPECT_EQ(statements[2], "/*! CREATE INDEX i ON a (id) */");
  EXPECT_EQ(statements[7], "TRUNCATE b");
  EXPECT_EQ(reader->Stats().statements, 9u);
  EXPECT_GE(reader->Stats().statements_skipped, 6u);
}

TEST_F(SourceTest, ATwoPhaseAlterIsOneStatement) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("SET SESSION binlog_alter_two_phase = ON");
  Sql("ALTER TABLE a ADD COLUMN x INT");
  Sql("INSERT INTO a VALUES (1, 2)");
  const auto all = ReadAll();
  size_t alters = 0;
  for (const auto& t : all) {
    for (const auto& s : t.statements) alters += s.sql.find("ALTER") == 0;
  }
  EXPECT_EQ(alters, 1u);
  EXPECT_EQ(all.back().rows.at(0).after, R"({"id":1,"x":2})");
}

TEST_F(SourceTest, RowsBesideTemporaryTablesAreAccepted) {
  // The group lacks the transactional flag, though its only table is in InnoDB.
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  Sql("CREATE TEMPORARY TABLE tmp (id INT) ENGINE=Aria");
  Sql("BEGIN");
  Sql("INSERT INTO tmp VALUES (5)");
  Sql("INSERT INTO a SELECT * FROM tmp");
  Sql("COMMIT");
  const auto all = ReadAll();
  EXPECT_EQ(all.back().rows.at(0).after, R"({"id":5})");
}

TEST_F(SourceTest, SequencesTravelAsRows) {
  Sql("CREATE SEQUENCE s");
  EXPECT_EQ(Value("SELECT NEXTVAL(s)"), "1");
  const auto all = ReadAll();
  ASSERT_EQ(all.back().rows.size(), 1u);
  EXPECT_TRUE(all.back().rows[0].in_place());
  EXPECT_NE(all.back().rows[0].after.find("\"next_not_cached_value\":1001"), std::string::npos);
}

TEST_F(SourceTest, AHugeTransactionComesInBoundedPieces) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, v VARBINARY(1000))");
  Sql("INSERT INTO a (v) SELECT REPEAT('x', 1000) FROM seq_1_to_20000");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  recorder.keep_rows = false;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  EXPECT_EQ(recorder.row_count, 20000u);
  EXPECT_GT(recorder.partial_calls, 20u);
  EXPECT_LT(recorder.consume_bytes_max, 1u << 20);
}

TEST_F(SourceTest, ACommitIsHandedOnWithoutWaitingForMore) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  auto options = Options();
  options.heartbeat_ms = 20'000;  // no help from there
  const auto engine = engine_mariadb::NewSourceEngine(options);
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    Sql("INSERT INTO a VALUES (" + std::to_string(i) + ")");
    run.WaitForPosition("0-11-" + std::to_string(i + 3));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  }
  EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
}

TEST_F(SourceTest, IdleTellsTheServersEnd) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {}, &recorder);
  run.WaitForPosition(LogEnd());
  ASSERT_TRUE(recorder.WaitFor([&] { return recorder.idle_calls > 1; }));
  (void)run.Stop();
  const auto current = engine->CurrentPosition();
  ASSERT_TRUE(current.ok());
  EXPECT_EQ(recorder.last_lag.server_end, *current);
  EXPECT_EQ(recorder.last_lag.bytes_behind, 0u);
  EXPECT_EQ(reader->Stats().read, *current);
}

// A temporary table makes the server log what was rolled back.
TEST_F(SourceTest, ARolledBackTransactionWithATemporaryTableChangesNothing) {
  Sql("CREATE TABLE k (id INT PRIMARY KEY)");
  Sql("BEGIN");
  Sql("CREATE TEMPORARY TABLE x (a INT) ENGINE=InnoDB");
  Sql("INSERT INTO k VALUES (1)");
  Sql("ROLLBACK");
  Sql("INSERT INTO k VALUES (2)");
  const auto all = ReadAll();
  std::vector<std::string> rows;
  for (const auto& transaction : all) {
    for (const auto& row : transaction.rows) rows.push_back(row.after);
  }
  EXPECT_EQ(rows, std::vector<std::string>{R"({"id":2})"});
}

TEST_F(SourceTest, ARollbackToASavepointWithATemporaryTableTakesItsRowsAlone) {
  Sql("CREATE TABLE k (id INT PRIMARY KEY)");
  Sql("BEGIN");
  Sql("CREATE TEMPORARY TABLE x (a INT) ENGINE=InnoDB");
  Sql("INSERT INTO k VALUES (1)");
  Sql("SAVEPOINT s");
  Sql("INSERT INTO k VALUES (2)");
  Sql("SAVEPOINT `In``ner`");
  Sql("INSERT INTO k VALUES (3)");
  Sql("ROLLBACK TO s");
  Sql("INSERT INTO k VALUES (4)");
  Sql("COMMIT");
  const auto all = ReadAll();
  ASSERT_EQ(all.back().rows.size(), 2u);
  EXPECT_EQ(all.back().rows[0].after, R"({"id":1})");
  EXPECT_EQ(all.back().rows[1].after, R"({"id":4})");
}

}  // namespace
}  // namespace srdf::test
