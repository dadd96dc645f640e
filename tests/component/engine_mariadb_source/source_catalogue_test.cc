// What the catalogue knows, when it is certain, and what that makes of runs.
#include <fstream>

#include "source_fixture.h"

namespace srdf::test {
namespace {

// A stream that is followed change by change.
class CatalogueTest : public SourceTest {
 protected:
  void StartStream(const std::string& before_image = "key") {
    engine_ = engine_mariadb::NewSourceEngine(Options(before_image));
    reader_ = engine_->NewReader();
    run_ = std::make_unique<ReaderRun>(reader_.get(), SourcePosition{LogEnd(), "", 0}, &recorder_);
  }
  // Runs the statement and returns the rows of its transaction.
  std::vector<RecordedRow> Do(const std::string& statement) {
    Sql(statement);
    run_->WaitForPosition(LogEnd());
    const auto all = recorder_.transactions();
    return all.empty() ? std::vector<RecordedRow>() : all.back().rows;
  }
  // Makes the facts of a table certain: one transaction of its own is passed.
  void Know(const std::string& insert) { Do(insert); }

  StreamRecorder recorder_;
  std::unique_ptr<engine::SourceEngine> engine_;
  std::unique_ptr<engine::ChangeReader> reader_;
  std::unique_ptr<ReaderRun> run_;
};

TEST_F(CatalogueTest, FactsAreCertainAfterOneTransactionOfAQuietStream) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  StartStream();
  EXPECT_TRUE(Do("INSERT INTO a VALUES (1)").at(0).in_place());
  EXPECT_FALSE(Do("INSERT INTO a VALUES (2)").at(0).in_place());
}

TEST_F(CatalogueTest, AStatementMakesFactsUncertainAgain) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, x INT)");
  StartStream();
  Know("INSERT INTO a VALUES (1, 1)");
  EXPECT_FALSE(Do("INSERT INTO a VALUES (2, 1)").at(0).in_place());
  Do("CREATE TABLE other (id INT)");
  EXPECT_TRUE(Do("INSERT INTO a VALUES (3, 1)").at(0).in_place());
  EXPECT_FALSE(Do("INSERT INTO a VALUES (4, 1)").at(0).in_place());
}

// Who reads the stream keeps every description for as long as the stream lasts.
TEST_F(CatalogueTest, StatementsDoNotGiveATableNewNumbersForEver) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, x INT)");
  Sql("CREATE TABLE other (id INT)");
  StartStream();
  for (int i = 0; i < 5; ++i) {
    Do("TRUNCATE TABLE other");
    EXPECT_TRUE(Do("INSERT INTO a VALUES (" + std::to_string(2 * i) + ", 1)").at(0).in_place());
    EXPECT_FALSE(Do("INSERT INTO a VALUES (" + std::to_string(2 * i + 1) + ", 1)").at(0).in_place());
  }
  EXPECT_EQ(run_->Stop().code(), StatusCode::kCancelled);
  EXPECT_EQ(recorder_.schemas.size(), 2u);  // with certain facts, and without
}

TEST_F(CatalogueTest, ASkippedStatementDropsFactsUnlessItIsOfAccounts) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  StartStream();
  Know("INSERT INTO a VALUES (1)");
  Do("CREATE OR REPLACE USER somebody");
  EXPECT_FALSE(Do("INSERT INTO a VALUES (2)").at(0).in_place());
  Do("ANALYZE TABLE a");
  EXPECT_TRUE(Do("INSERT INTO a VALUES (3)").at(0).in_place());
  EXPECT_FALSE(Do("INSERT INTO a VALUES (4)").at(0).in_place());
}

// The rows were made under a unique key that was dropped before anybody looked: facts of a later time must
// not be trusted for them.
TEST_F(CatalogueTest, RowsFromBeforeAStatementNeverUseFactsFromAfterIt) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, u INT UNIQUE)");
  const std::string from = LogEnd();
  Sql("INSERT INTO a VALUES (1, 1), (2, 2)");
  Sql("UPDATE a SET u = 3 WHERE id = 1");
  Sql("ALTER TABLE a DROP KEY u");
  Sql("UPDATE a SET u = 9");
  const auto all = ReadAll(from);
  ASSERT_EQ(all.size(), 4u);
  for (const auto& t : all) {
    for (const auto& row : t.rows) EXPECT_TRUE(row.in_place());
  }
}

TEST_F(CatalogueTest, AReconnectKeepsWhatIsCertain) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  StartStream();
  Know("INSERT INTO a VALUES (1)");
  EXPECT_EQ(run_->Stop().code(), StatusCode::kCancelled);
  run_ = std::make_unique<ReaderRun>(reader_.get(), recorder_.position(), &recorder_);
  EXPECT_FALSE(Do("INSERT INTO a VALUES (2)").at(0).in_place());
}

TEST_F(CatalogueTest, GoingBackMakesFactsUncertainUntilTheOldPlaceIsReached) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  StartStream();
  const std::string before = LogEnd();
  Know("INSERT INTO a VALUES (1)");
  Do("INSERT INTO a VALUES (2)");
  EXPECT_EQ(run_->Stop().code(), StatusCode::kCancelled);
  StreamRecorder again;
  ReaderRun rerun(reader_.get(), {before, "", 0}, &again);
  rerun.WaitForPosition(LogEnd());
  Sql("INSERT INTO a VALUES (3)");
  rerun.WaitForPosition(LogEnd());
  (void)rerun.Stop();
  const auto all = again.transactions();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[0].rows[0].in_place());
  EXPECT_TRUE(all[1].rows[0].in_place());
  EXPECT_FALSE(all[2].rows[0].in_place());
}

TEST_F(CatalogueTest, EveryDomainMustBePassed) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  const std::string from = LogEnd();
  Sql("INSERT INTO a VALUES (1)");
  Sql("SET SESSION gtid_domain_id = 7");
  Sql("INSERT INTO a VALUES (2)");
  Sql("INSERT INTO a VALUES (3)");
  Sql("SET SESSION gtid_domain_id = 0");
  const std::string middle = LogEnd();
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {from, "", 0}, &recorder);
  run.WaitForPosition(middle);
  Sql("INSERT INTO a VALUES (4)");
  run.WaitForPosition(LogEnd());
  (void)run.Stop();
  const auto all = recorder.transactions();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[2].end.gtid, "0-11-3,7-11-2");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(all[i].rows[0].in_place()) << i;
  EXPECT_FALSE(all[3].rows[0].in_place());
}

TEST_F(CatalogueTest, UniqueValuesThatChangeAreNamed) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY, u INT, v INT, w INT, UNIQUE(u), UNIQUE(v, w))");
  StartStream();
  Know("INSERT INTO a VALUES (1, 1, 1, 1)");
  EXPECT_EQ(Do("UPDATE a SET u = 2").at(0).row_flags, kRowUniqueChanged);
  EXPECT_EQ(Do("UPDATE a SET w = NULL").at(0).row_flags, kRowUniqueChanged);
  EXPECT_FALSE(Do("UPDATE a SET v = 2").at(0).in_place());
  for (const auto& [ref, schema] : recorder_.schemas) EXPECT_TRUE(schema.has_secondary_unique);
  Sql("CREATE TABLE b (id INT PRIMARY KEY, x INT)");
  Know("INSERT INTO b VALUES (1, 1)");
  EXPECT_EQ(Do("UPDATE b SET x = 2").at(0).row_flags, 0);
}

TEST_F(CatalogueTest, ANotNullUniqueKeyIsTheLogicalKeyWithoutAPrimaryOne) {
  Sql("CREATE TABLE a (x INT, u INT NOT NULL, n INT, UNIQUE nn (n), UNIQUE uu (u))");
  StartStream();
  Know("INSERT INTO a VALUES (1, 2, 3)");
  const RecordedRow row = Do("UPDATE a SET x = 5").at(0);
  EXPECT_EQ(row.key_kind, KeyKind::kUniqueNotNull);
  EXPECT_EQ(row.key, std::string("\x02\0\0\0", 4));
  EXPECT_EQ(row.before, R"({"x":1,"u":2,"n":3})");  // whole: only a primary key finds rows by itself
  EXPECT_FALSE(row.in_place());
}

TEST_F(CatalogueTest, CascadingChangesStayInPlace) {
  Sql("CREATE TABLE p (id INT PRIMARY KEY, code INT UNIQUE, v INT)");
  Sql("CREATE TABLE c (id INT PRIMARY KEY, pid INT, FOREIGN KEY (pid) REFERENCES p(id) ON DELETE CASCADE)");
  Sql("CREATE TABLE d (id INT PRIMARY KEY, pc INT, FOREIGN KEY (pc) REFERENCES p(code) ON UPDATE CASCADE)");
  StartStream();
  Know("INSERT INTO p VALUES (1, 10, 0), (2, 20, 0), (3, 30, 0)");
  Know("INSERT INTO c VALUES (1, 1)");
  EXPECT_FALSE(Do("INSERT INTO p VALUES (4, 40, 0)").at(0).in_place());
  EXPECT_FALSE(Do("UPDATE p SET v = 1 WHERE id = 1").at(0).in_place());
  EXPECT_FALSE(Do("UPDATE p SET id = 9 WHERE id = 4").at(0).in_place());  // no ON UPDATE action on id
  // One event with both kinds of rows.
  const auto mixed = Do("UPDATE p SET code = IF(id = 2, 21, code), v = 2 WHERE id < 4");
  ASSERT_EQ(mixed.size(), 3u);
  EXPECT_FALSE(mixed[0].in_place());
  EXPECT_TRUE(mixed[1].in_place());
  EXPECT_FALSE(mixed[2].in_place());
  EXPECT_EQ(mixed[1].before, R"({"id":2,"code":20,"v":0})");  // whole where in place
  EXPECT_EQ(mixed[2].before, R"({"id":3})");
  EXPECT_TRUE(Do("DELETE FROM p WHERE id = 1").at(0).in_place());
  EXPECT_FALSE(Do("INSERT INTO c VALUES (2, 3)").at(0).in_place());
  EXPECT_FALSE(Do("DELETE FROM c").at(0).in_place());
  // Without foreign key checks nothing cascaded at the source.
  Sql("SET foreign_key_checks = 0");
  const RecordedRow unchecked = Do("DELETE FROM p WHERE id = 2").at(0);
  EXPECT_EQ(unchecked.run_flags, kRunNoForeignKeyChecks);
}

TEST_F(CatalogueTest, ForeignKeysOfOtherSchemasCount) {
  Sql("CREATE TABLE p (id INT PRIMARY KEY)");
  Sql("CREATE DATABASE IF NOT EXISTS t2");
  Sql("CREATE TABLE t2.c (pid INT, FOREIGN KEY (pid) REFERENCES t.p(id) ON DELETE SET NULL)");
  StartStream();
  Know("INSERT INTO p VALUES (1), (2)");
  EXPECT_TRUE(Do("DELETE FROM p WHERE id = 1").at(0).in_place());
  Sql("DROP DATABASE t2");
  Know("INSERT INTO p VALUES (5)");
  EXPECT_FALSE(Do("DELETE FROM p WHERE id = 2").at(0).in_place());
}

// A foreign key that comes while the stream is followed acts from then on; statements in between do not
// matter.
TEST_F(CatalogueTest, ForeignKeysThatComeAndGoWithStatementsAreKnown) {
  Sql("CREATE TABLE p (id INT PRIMARY KEY, code INT UNIQUE)");
  StartStream();
  Know("INSERT INTO p VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)");
  EXPECT_FALSE(Do("DELETE FROM p WHERE id = 1").at(0).in_place());
  Do("CREATE TABLE c (pid INT, FOREIGN KEY by_id (pid) REFERENCES p(id) ON DELETE CASCADE)");
  Do("CREATE TABLE nothing_of_it (id INT)");
  Know("INSERT INTO p VALUES (6, 6)");
  EXPECT_TRUE(Do("DELETE FROM p WHERE id = 2").at(0).in_place());
  EXPECT_FALSE(Do("UPDATE p SET code = 30 WHERE id = 3").at(0).in_place());
  Do("ALTER TABLE c ADD pc INT, ADD FOREIGN KEY by_code (pc) REFERENCES p(code) ON UPDATE CASCADE");
  Know("INSERT INTO p VALUES (7, 7)");
  EXPECT_TRUE(Do("UPDATE p SET code = 31 WHERE id = 3").at(0).in_place());
  EXPECT_TRUE(Do("DELETE FROM p WHERE id = 3").at(0).in_place());
  Do("ALTER TABLE p CHANGE code number INT");
  Know("INSERT INTO p VALUES (8, 8)");
  EXPECT_TRUE(Do("UPDATE p SET number = 40 WHERE id = 4").at(0).in_place());
  Do("RENAME TABLE p TO q");
  Know("INSERT INTO q VALUES (9, 9)");
  EXPECT_TRUE(Do("DELETE FROM q WHERE id = 4").at(0).in_place());
  Do("DROP TABLE c");
  Know("INSERT INTO q VALUES (10, 10)");
  EXPECT_FALSE(Do("DELETE FROM q WHERE id = 5").at(0).in_place());
  EXPECT_FALSE(Do("UPDATE q SET number = 60 WHERE id = 6").at(0).in_place());
}

// A table that cannot be looked at holds up what looks at all tables; so nothing does, after the first time.
TEST_F(CatalogueTest, AStatementDoesNotMakeAllTablesBeLookedAtAgain) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  StartStream();
  Know("INSERT INTO a VALUES (1)");
  EXPECT_FALSE(Do("INSERT INTO a VALUES (2)").at(0).in_place());
  const auto blocker = server().ConnectOrDie();
  const std::string blocker_id = *blocker->QueryValue("SELECT CONNECTION_ID()");
  std::thread creator([&] {
    EXPECT_FALSE(blocker->Execute("CREATE TABLE t.locked (id INT PRIMARY KEY) SELECT SLEEP(300) AS id").ok());
  });
  const auto locked = [&] {
    return Value("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'") != "0";
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!locked() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  Do("DROP TABLE IF EXISTS b");
  Do("CREATE TABLE b (aid INT, FOREIGN KEY (aid) REFERENCES a(id) ON DELETE CASCADE)");
  Do("ANALYZE TABLE a");
  Know("INSERT INTO a VALUES (3)");
  EXPECT_FALSE(Do("INSERT INTO a VALUES (4)").at(0).in_place());
  EXPECT_TRUE(Do("DELETE FROM a WHERE id = 4").at(0).in_place());
  EXPECT_TRUE(locked());  // all the while
  Sql("KILL QUERY " + blocker_id);
  creator.join();
}

TEST_F(CatalogueTest, RestrictingForeignKeysDoNotHinder) {
  Sql("CREATE TABLE p (id INT PRIMARY KEY)");
  Sql("CREATE TABLE c (pid INT, FOREIGN KEY (pid) REFERENCES p(id))");
  StartStream();
  Know("INSERT INTO p VALUES (1), (2)");
  EXPECT_FALSE(Do("DELETE FROM p WHERE id = 1").at(0).in_place());
}

TEST_F(CatalogueTest, TablesWithRulesThatAreNotModelledStayInPlace) {
  Sql("CREATE TABLE versioned (id INT PRIMARY KEY, x INT) WITH SYSTEM VERSIONING");
  Sql("CREATE TABLE hashed (id INT PRIMARY KEY, x TEXT, UNIQUE (x))");
  Sql("CREATE TABLE generated (id INT PRIMARY KEY, x INT, g INT AS (x + 1), UNIQUE (g))");
  Sql("CREATE TABLE prefix (id VARCHAR(100), x INT, PRIMARY KEY (id(5)))");
  StartStream();
  for (const std::string table : {"versioned", "hashed", "generated", "prefix"}) {
    const std::string insert = "INSERT INTO " + table + " (id, x) VALUES ";
    Know(insert + "(1, 1)");
    EXPECT_TRUE(Do(insert + "(2, 2)").at(0).in_place()) << table;
    EXPECT_EQ(Do("DELETE FROM " + table + " WHERE id = 2").at(0).before.find("{\"id\""), 0u) << table;
  }
}

// As a table whose file is gone: nobody can say what its foreign keys are, ever. What a sequence writes, and
// CREATE … SELECT, goes on only when the engine of its table is known.
TEST_F(CatalogueTest, ATableThatCannotBeOpenedStopsMergingAlone) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  std::ofstream(server().datadir() + "/t/broken.frm") << "not a table";
  Sql("CREATE SEQUENCE s");
  StartStream();
  EXPECT_EQ(Do("DO NEXTVAL(s)").size(), 1u);
  EXPECT_TRUE(Do("INSERT INTO a VALUES (1)").at(0).in_place());
  EXPECT_TRUE(Do("INSERT INTO a VALUES (2)").at(0).in_place());
  EXPECT_EQ(Do("CREATE TABLE b ENGINE=InnoDB AS SELECT 1 AS x").size(), 1u);
  Sql("CREATE TABLE m (id INT) ENGINE=MyISAM");
  Sql("INSERT INTO m VALUES (1)");
  const Status status = run_->WaitForEnd();
  EXPECT_NE(status.message().find("which cannot roll back"), std::string::npos) << status.ToString();
}

TEST_F(CatalogueTest, ALockedTableHoldsUpNothing) {
  Sql("CREATE TABLE a (id INT PRIMARY KEY)");
  StartStream();
  // An exclusive lock for as long as the test wants, on a table nobody asks for, while the foreign keys of
  // all tables are looked at.
  const auto blocker = server().ConnectOrDie();
  const std::string blocker_id = *blocker->QueryValue("SELECT CONNECTION_ID()");
  std::thread creator([&] {
    EXPECT_FALSE(blocker->Execute("CREATE TABLE t.locked (id INT PRIMARY KEY) SELECT SLEEP(300) AS id").ok());
  });
  const auto locked = [&] {
    return Value("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'") != "0";
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!locked() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(Do("INSERT INTO a VALUES (1)").at(0).in_place());
  EXPECT_TRUE(locked());  // all the while
  Sql("KILL QUERY " + blocker_id);
  creator.join();
  // Known as soon as the table is asked for again.
  bool certain = false;
  for (int id = 2; !certain && std::chrono::steady_clock::now() < deadline; ++id) {
    certain = !Do("INSERT INTO a VALUES (" + std::to_string(id) + ")").at(0).in_place();
  }
  EXPECT_TRUE(certain);
}

TEST_F(CatalogueTest, NamesThatDifferByCaseAloneAreDifferentTables) {
  Sql("CREATE TABLE Foo (id INT PRIMARY KEY, u INT UNIQUE)");
  Sql("CREATE TABLE foo (id INT PRIMARY KEY, u INT)");
  StartStream();
  Know("INSERT INTO Foo VALUES (1, 1)");
  Know("INSERT INTO foo VALUES (1, 1)");
  EXPECT_EQ(Do("UPDATE Foo SET u = 2").at(0).row_flags, kRowUniqueChanged);
  EXPECT_EQ(Do("UPDATE foo SET u = 2").at(0).row_flags, 0);
}

}  // namespace
}  // namespace srdf::test
