// Rows at a real target: every operation, atomicity, divergence, size limits.
#include <gtest/gtest.h>

#include "target_fixture.h"

namespace srdf::test {
namespace {

const SimpleTable kItem{"d", "item", {"i", "v80"}};
const SimpleTable kLog{"d", "log", {"i", "v80"}, false};

std::vector<std::string> MakeTables() {
  return {"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20))",
          "CREATE TABLE d.log(c0 INT, c1 VARCHAR(20))"};
}

std::string Items(Target& t) {
  return t.Value("SELECT GROUP_CONCAT(c0,'=',IFNULL(c1,'NULL') ORDER BY c0,c1) FROM d.item");
}
std::string Logs(Target& t) {
  return t.Value("SELECT GROUP_CONCAT(c0,'=',IFNULL(c1,'NULL') ORDER BY c0,c1) FROM d.log");
}

#define ASSERT_APPLIED(result)                                  \
  do {                                                          \
    const auto& applied_ = (result);                            \
    ASSERT_TRUE(applied_.ok()) << applied_.status().ToString(); \
  } while (false)

TEST(TargetRows, InsertUpdateDeleteWithFullAndKeyOnlyBeforeImages) {
  Target t;
  t.Execute(MakeTables());
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Insert(item, {{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", std::nullopt}, {"5", "e"}});
  p.Update(item, {{{"1", "a"}, {"1", "A"}}}, /*key_only=*/false);
  p.Update(item, {{{"2", ""}, {"2", "B"}}, {{"4", ""}, {"6", "moved"}}}, /*key_only=*/true);
  p.Delete(item, {{"3", "c"}}, /*key_only=*/false);
  p.Delete(item, {{"5", ""}}, /*key_only=*/true);
  auto stats = t.Apply(&p);
  ASSERT_APPLIED(stats);
  EXPECT_EQ(10u, stats->rows);
  EXPECT_EQ(1u, stats->server_statements);
  EXPECT_EQ("1=A,2=B,6=moved", Items(t));
  const auto c = t.Checkpoint();
  EXPECT_EQ(1u, c.sequence);
  EXPECT_EQ("wagon-1", c.wagon_uid);
  EXPECT_EQ(Target::HashOf(t.NextHeader()).size(), c.wagon_hash.size());
  EXPECT_EQ("0-1-101", c.position.gtid);
  EXPECT_EQ("10", t.Value("SELECT `rows` FROM srdf.apply_log WHERE flow='shop' AND `sequence`=1"));
}

// A server annotates its log by default: each row event would carry the statement it came with, thousands of
// times.
TEST(TargetRows, TheTargetsOwnLogHoldsRowsAndNotTheStatementsThatBroughtThem) {
  MariaDbServerOptions options;
  options.config = {"binlog_annotate_row_events=ON"};
  Target t(options);
  t.Execute(MakeTables());
  const uint64_t before =
      std::stoull(t.Value("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
                          "WHERE VARIABLE_NAME='BINLOG_BYTES_WRITTEN'"));
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  for (int i = 0; i < 2000; ++i) p.Insert(item, {{std::to_string(i), "some words"}});
  ASSERT_APPLIED(t.Apply(&p));
  const uint64_t after =
      std::stoull(t.Value("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
                          "WHERE VARIABLE_NAME='BINLOG_BYTES_WRITTEN'"));
  EXPECT_LT(after - before, 2000 * 250u);
}

TEST(TargetRows, KeylessTablesAreMultisets) {
  Target t;
  t.Execute(MakeTables());
  PayloadBuilder p;
  const auto log = p.Table(kLog);
  p.Insert(log, {{"1", "x"}, {"1", "x"}, {"1", "x"}, {"2", std::nullopt}});
  p.Delete(log, {{"1", "x"}}, false);
  p.Update(log, {{{"1", "x"}, {"1", "y"}}, {{"2", std::nullopt}, {"2", "z"}}}, false);
  ASSERT_APPLIED(t.Apply(&p));
  EXPECT_EQ("1=x,1=y,2=z", Logs(t));
}

TEST(TargetRows, ManyStatementsAreOneTransaction) {
  Target t;
  t.Execute(MakeTables());
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  for (int piece = 0; piece < 5; ++piece) {
    p.Insert(item, {{std::to_string(piece), "new"}});
    p.EndPiece();
  }
  p.Delete(item, {{"99", "not there"}}, false);
  auto failed = t.Apply(&p);
  EXPECT_EQ(StatusCode::kDivergence, failed.status().code());
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM d.item"));
  EXPECT_EQ(0u, t.Checkpoint().sequence);
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM srdf.apply_log"));
  // The session goes on, with the same wagon number.
  PayloadBuilder again;
  again.Insert(again.Table(kItem), {{"7", "ok"}});
  ASSERT_APPLIED(t.Apply(&again));
  EXPECT_EQ("7=ok", Items(t));
}

TEST(TargetRows, NothingIsVisibleBeforeCommit) {
  Target t;
  t.Execute(MakeTables());
  // A payload that looks at the target from outside between its pieces.
  class Watching : public PayloadBuilder {
   public:
    explicit Watching(Target* target) : target_(target) {}
    Result<std::string_view> Next() override {
      seen_ += target_->Value("SELECT COUNT(*) FROM d.item");
      return PayloadBuilder::Next();
    }
    std::string seen_;
    Target* target_;
  } p(&t);
  const auto item = p.Table(kItem);
  for (int i = 0; i < 4; ++i) {
    p.Insert(item, {{std::to_string(i), "x"}});
    p.EndPiece();
  }
  ASSERT_APPLIED(t.Apply(&p));
  EXPECT_EQ("000000", p.seen_ + (p.seen_.size() == 5 ? "0" : ""));
  EXPECT_EQ("4", t.Value("SELECT COUNT(*) FROM d.item"));
}

TEST(TargetRows, AMissingRowIsNamed) {
  Target t;
  t.Execute(MakeTables());
  t.Execute(
      {"USE d", "INSERT INTO d.item SELECT seq, 'v' FROM seq_1_to_3000", "DELETE FROM d.item WHERE c0=2345"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  std::vector<std::pair<Cells, Cells>> rows;
  for (int i = 1; i <= 3000; ++i) rows.push_back({{std::to_string(i), "v"}, {std::to_string(i), "w"}});
  p.Insert(item, {{"5000", "x"}});
  p.Update(item, rows, /*key_only=*/true);
  p.Delete(item, {{"5000", "x"}}, true);
  auto failed = t.Apply(&p);
  ASSERT_EQ(StatusCode::kDivergence, failed.status().code()) << failed.status().ToString();
  const std::string text = failed.status().ToString();
  EXPECT_NE(std::string::npos, text.find("`d`.`item`: update of row {\"c0\":2345}")) << text;
  EXPECT_NE(std::string::npos, text.find("no row with this key")) << text;
  EXPECT_NE(std::string::npos, text.find("1032")) << text;
  EXPECT_EQ("2999", t.Value("SELECT COUNT(*) FROM d.item WHERE c1='v'"));
}

TEST(TargetRows, AClashingRowIsNamed) {
  Target t;
  t.Execute(MakeTables());
  t.Execute({"INSERT INTO d.item VALUES(77,'already here')"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  std::vector<Cells> rows;
  for (int i = 1; i <= 1000; ++i) rows.push_back({std::to_string(i), "n"});
  p.Insert(item, rows);
  auto failed = t.Apply(&p);
  ASSERT_EQ(StatusCode::kDivergence, failed.status().code());
  const std::string text = failed.status().ToString();
  EXPECT_NE(std::string::npos, text.find("`d`.`item`: insert of row {\"c0\":77,\"c1\":\"n\"}")) << text;
  EXPECT_NE(std::string::npos, text.find("1062")) << text;
  EXPECT_EQ("77=already here", Items(t));
}

TEST(TargetRows, AKeylessRowThatDiffersIsADivergence) {
  Target t;
  t.Execute(MakeTables());
  t.Execute({"INSERT INTO d.log VALUES(1,'other')"});
  PayloadBuilder p;
  p.Delete(p.Table(kLog), {{"1", "mine"}}, false);
  auto failed = t.Apply(&p);
  ASSERT_EQ(StatusCode::kDivergence, failed.status().code());
  EXPECT_NE(std::string::npos, failed.status().message().find("no row with all these values"));
}

TEST(TargetRows, IdempotentModeAtTheServerIsRefused) {
  if (kSqlApply) GTEST_SKIP() << "a setting that SQL statements do not heed";
  Target t;
  t.Execute(MakeTables());
  t.Execute({"SET GLOBAL slave_exec_mode='IDEMPOTENT'"});
  PayloadBuilder p;
  p.Delete(p.Table(kItem), {{"1", "gone"}}, false);
  auto failed = t.Apply(&p);
  ASSERT_EQ(StatusCode::kFailedPrecondition, failed.status().code());
  EXPECT_NE(std::string::npos, failed.status().remedy().find("slave_exec_mode='STRICT'"));
}

TEST(TargetRows, ATableThatCannotRollBackIsRefusedUntilItIsAltered) {
  Target t;
  t.Execute(MakeTables());
  PayloadBuilder first;
  first.Insert(first.Table(kItem), {{"1", "x"}});
  ASSERT_APPLIED(t.Apply(&first));
  // The source's own statement: what was known of the table is forgotten.
  PayloadBuilder ddl;
  ddl.Ddl(OrdinaryStatement("d", "ALTER TABLE item ENGINE=MyISAM"));
  ASSERT_APPLIED(t.Apply(&ddl));
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"2", "x"}});
  auto failed = t.Apply(&p);
  ASSERT_EQ(StatusCode::kFailedPrecondition, failed.status().code()) << failed.status().ToString();
  EXPECT_NE(std::string::npos, failed.status().message().find("`d`.`item` has engine MyISAM"))
      << failed.status().ToString();
  const std::string remedy = failed.status().remedy();
  t.Execute({remedy.substr(0, remedy.find(" at the target"))});
  p.Rewind();
  ASSERT_APPLIED(t.Apply(&p));
  EXPECT_EQ("1=x,2=x", Items(t));
}

TEST(TargetRows, AnotherKeyAtTheTargetIsRefused) {
  Target t;
  const std::pair<const char*, const char*> kKeys[] = {
      {"", "no primary or unique key at the target, the rows are told apart by the key (c0)"},
      {", UNIQUE(c1)", "the unique keys (c1) at the target, the rows are told apart by the key (c0)"},
  };
  for (const auto& [key, message] : kKeys) {
    t.Execute({"CREATE OR REPLACE DATABASE d",
               "CREATE TABLE d.item(c0 INT NOT NULL, c1 VARCHAR(20)" + std::string(key) + ")",
               "INSERT INTO d.item(c0,c1) VALUES(1,'a')"});
    t.CloseSession();
    PayloadBuilder p;
    p.Delete(p.Table(kItem), {{"1", ""}}, /*key_only=*/true);
    auto failed = t.Apply(&p);
    ASSERT_EQ(StatusCode::kFailedPrecondition, failed.status().code()) << failed.status().ToString();
    EXPECT_NE(std::string::npos, failed.status().message().find(message)) << failed.status().ToString();
    EXPECT_EQ("1=a", Items(t));
  }
}

TEST(TargetRows, ARunningEventSchedulerIsRefused) {
  Target t;
  t.Execute(MakeTables());
  (void)t.session();
  t.Execute({"SET GLOBAL event_scheduler=ON"});
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"1", "x"}});
  auto failed = t.Apply(&p);
  t.Execute({"SET GLOBAL event_scheduler=OFF"});
  ASSERT_EQ(StatusCode::kFailedPrecondition, failed.status().code());
  EXPECT_NE(std::string::npos, failed.status().remedy().find("event_scheduler=OFF"));
  p.Rewind();
  ASSERT_APPLIED(t.Apply(&p));
}

TEST(TargetRows, AMissingTableAndAnotherTypeAreNamed) {
  Target t;
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.log(c0 DATE, c1 VARCHAR(20))"});
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"1", "x"}});
  auto failed = t.Apply(&p);
  EXPECT_EQ(StatusCode::kFailedPrecondition, failed.status().code());
  EXPECT_NE(std::string::npos, failed.status().message().find("`d`.`item`")) << failed.status().ToString();
  PayloadBuilder q;
  q.Insert(q.Table(kLog), {{"1", "x"}});
  failed = t.Apply(&q);
  EXPECT_EQ(StatusCode::kFailedPrecondition, failed.status().code());
  EXPECT_NE(std::string::npos, failed.status().message().find("`d`.`log`")) << failed.status().ToString();
  EXPECT_NE(std::string::npos, failed.status().message().find("`c0` is int in the rows, date at the target"))
      << failed.status().ToString();
}

// The server itself would fill or drop the columns that one side lacks, and say nothing.
TEST(TargetRows, AnotherNumberOrOrderOfColumnsIsRefused) {
  Target t;
  t.Execute(MakeTables());
  for (const char* change : {"ALTER TABLE d.item ADD extra INT", "ALTER TABLE d.item DROP extra, DROP c1",
                             "ALTER TABLE d.item ADD c1 VARCHAR(20) FIRST"}) {
    t.Execute({change});
    PayloadBuilder p;
    p.Insert(p.Table(kItem), {{"1", "x"}});
    auto failed = t.Apply(&p);
    EXPECT_EQ(StatusCode::kFailedPrecondition, failed.status().code());
    EXPECT_NE(std::string::npos, failed.status().message().find("`d`.`item` has the columns"))
        << failed.status().ToString();
  }
  t.Execute({"ALTER TABLE d.item MODIFY c1 VARCHAR(20) AFTER c0"});
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"1", "x"}});
  ASSERT_APPLIED(t.Apply(&p));
}

TEST(TargetRows, CascadesRunAtTheTargetUnlessTheFlagForbidsThem) {
  for (const bool flagged : {false, true}) {
    Target t;
    t.Execute(
        {"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(20))",
         "CREATE TABLE d.child(id INT PRIMARY KEY, item INT, FOREIGN KEY(item) REFERENCES d.item(c0) ON "
         "DELETE CASCADE)",
         "INSERT INTO d.item VALUES(1,'a'),(2,'b')", "INSERT INTO d.child VALUES(10,1),(11,1),(12,2)"});
    PayloadBuilder p;
    p.Delete(p.Table(kItem), {{"1", "a"}}, true, flagged ? kRunNoForeignKeyChecks : 0);
    // The flag holds for its own run only.
    p.Delete(1, {{"2", "b"}}, true);
    ASSERT_APPLIED(t.Apply(&p));
    EXPECT_EQ(flagged ? "10,11" : "NULL", t.Value("SELECT GROUP_CONCAT(id ORDER BY id) FROM d.child"))
        << flagged;
  }
}

TEST(TargetRows, AForeignKeyViolationIsADivergenceThatNamesTheRow) {
  Target t;
  t.Execute(
      {"CREATE DATABASE d", "CREATE TABLE d.parent(id INT PRIMARY KEY)",
       "CREATE TABLE d.item(c0 INT PRIMARY KEY, c1 VARCHAR(20), FOREIGN KEY(c0) REFERENCES d.parent(id))",
       "INSERT INTO d.parent VALUES(1)"});
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"1", "a"}, {"2", "orphan"}});
  auto failed = t.Apply(&p);
  EXPECT_EQ(StatusCode::kDivergence, failed.status().code());
  EXPECT_NE(std::string::npos, failed.status().message().find("orphan")) << failed.status().ToString();
}

TEST(TargetRows, TriggersDoNotFire) {
  Target t;
  t.Execute(MakeTables());
  t.Execute(
      {"CREATE TRIGGER d.tr AFTER INSERT ON d.item FOR EACH ROW INSERT INTO d.log VALUES(NEW.c0,'trigger')"});
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"1", "a"}});
  if (kSqlApply) {
    const Status refused = t.Apply(&p).status();
    EXPECT_EQ(StatusCode::kFailedPrecondition, refused.code());
    EXPECT_NE(std::string::npos, refused.message().find("`d`.`item` has triggers")) << refused.ToString();
    EXPECT_EQ("0", t.Value("SELECT (SELECT COUNT(*) FROM d.item) + (SELECT COUNT(*) FROM d.log)"));
    return;
  }
  ASSERT_APPLIED(t.Apply(&p));
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM d.log"));
  EXPECT_EQ("1=a", Items(t));
}

// MariaDB does not evaluate CHECK constraints for row events, with the flag or without: the source has.
TEST(TargetRows, CheckConstraintsAreTheSourcesBusiness) {
  Target t;
  t.Execute(MakeTables());
  t.Execute({"ALTER TABLE d.item ADD CONSTRAINT small CHECK (c0 < 100)"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Insert(item, {{"1000", "a"}}, kRunNoCheckConstraints);
  p.Insert(item, {{"2000", "a"}});
  ASSERT_APPLIED(t.Apply(&p));
  EXPECT_EQ("1000=a,2000=a", Items(t));
}

// The groups before the one that fails stay applied when a statement is refused: the row is found all the
// same.
TEST(TargetRows, TheRowIsFoundAmongManySmallRuns) {
  Target t;
  t.Execute(MakeTables());
  t.Execute({"INSERT INTO d.log VALUES(1,'keep')"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  const auto log = p.Table(kLog);
  for (int i = 1; i <= 50; ++i) {
    p.Insert(item, {{std::to_string(i), "x"}});
    p.Insert(log, {{std::to_string(i), "x"}});
    if (i == 30) p.Delete(log, {{"30", "nobody"}, {"31", "nobody"}}, false);
    p.Update(item, {{{std::to_string(i), "x"}, {std::to_string(1000 + i), "y"}}}, true);
  }
  auto failed = t.Apply(&p);
  ASSERT_EQ(StatusCode::kDivergence, failed.status().code());
  EXPECT_NE(std::string::npos,
            failed.status().message().find("`d`.`log`: delete of row {\"c0\":30,\"c1\":\"nobody\"}"))
      << failed.status().ToString();
  EXPECT_EQ("NULL", Items(t));
  EXPECT_EQ("1=keep", Logs(t));
}

TEST(TargetRows, ARowLargerThanAPacketGoesInFragmentsAndABiggerOneNamesTheVariable) {
  MariaDbServerOptions options;
  options.config = {"max_allowed_packet=1M"};
  Target t(options);
  t.Execute({"CREATE DATABASE d", "CREATE TABLE d.big(c0 INT PRIMARY KEY, c1 LONGBLOB)"});
  const SimpleTable big{"d", "big", {"i", "b"}};
  // A value of an SQL statement has to be in one packet.
  const std::vector<size_t> fitting = kSqlApply ? std::vector<size_t>{400'000, 800'000, 1'000'000, 1'048'000}
                                                : std::vector<size_t>{400'000, 800'000, 1'048'576, 1'500'000};
  for (const size_t bytes : fitting) {
    PayloadBuilder p;
    p.Insert(p.Table(big), {{std::to_string(bytes), std::string(bytes, 'x')}});
    ASSERT_APPLIED(t.Apply(&p));
    EXPECT_EQ(std::to_string(bytes),
              t.Value("SELECT LENGTH(c1) FROM d.big WHERE c0=" + std::to_string(bytes)));
  }
  PayloadBuilder p;
  p.Insert(p.Table(big), {{"1", "small"}, {"2", std::string(1'600'000, 'x')}, {"3", "small"}});
  auto failed = t.Apply(&p);
  EXPECT_EQ(StatusCode::kFailedPrecondition, failed.status().code());
  EXPECT_NE(std::string::npos, failed.status().message().find("`d`.`big`: insert of row {\"c0\":2"))
      << failed.status().message().substr(0, 300);
  EXPECT_NE(std::string::npos, failed.status().message().find("max_allowed_packet"));
  // The remedy, word for word, is enough.
  const std::string remedy = failed.status().remedy();
  t.Execute({remedy.substr(0, remedy.find(" at the target"))});
  t.CloseSession();
  p.Rewind();
  ASSERT_APPLIED(t.Apply(&p));
  EXPECT_EQ("7", t.Value("SELECT COUNT(*) FROM d.big"));
}

TEST(TargetRows, WritesCarryTheOriginInTheTargetsOwnLog) {
  Target t;
  t.Execute(MakeTables());
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"1", "a"}});
  ASSERT_APPLIED(t.Apply(&p));
  EXPECT_EQ("4711", t.Value("SELECT REGEXP_SUBSTR(@@gtid_binlog_pos, '(?<=-)[0-9]+(?=-)')"));
}

}  // namespace
}  // namespace srdf::test
