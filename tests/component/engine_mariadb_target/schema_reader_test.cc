// What a source shows of its schema, made anew at a target as wagons: is it the same?
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine_mariadb/source_engine.h"
#include "engine_mariadb/sql_mode.h"
#include "engine_mariadb/view_order.h"
#include "support/database_compare.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

using engine::SchemaDump;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class SchemaReaderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = MariaDbServer::Start();
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    source_ = std::move(*server);
  }
  static void TearDownTestSuite() { source_.reset(); }

  void SetUp() override {
    auto session = source_->ConnectOrDie();
    ASSERT_TRUE(session->Execute("SET SESSION foreign_key_checks=0").ok());
    auto names = session->Query(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ('mysql', "
        "'information_schema', 'performance_schema', 'sys', 'srdf')");
    ASSERT_TRUE(names.ok());
    for (const auto& row : *names) {
      ASSERT_TRUE(session->Execute("DROP DATABASE `" + row[0].value_or("") + "`").ok());
    }
  }

  // Runs a file of statements through the `mariadb` client.
  static void Load(const std::string& file) {
    const std::string command =
        "mariadb --no-defaults --default-character-set=utf8mb4 --user=root --socket='" + source_->socket() +
        "' <'" + file + "' >/dev/null";
    const int status = std::system(command.c_str());
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command;
  }
  static void Sql(const std::vector<std::string>& statements) {
    const Status status = source_->Execute(statements);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }

  static Result<SchemaDump> Read(const engine::SchemaRequest& request = {},
                                 const std::string& user = "root") {
    engine_mariadb::SourceOptions options;
    options.endpoint = source_->Endpoint(user);
    options.server_id = 99;
    return engine_mariadb::NewSourceEngine(options)->ReadSchema(request);
  }
  static SchemaDump ReadOrFail(const engine::SchemaRequest& request = {}) {
    auto dump = Read(request);
    EXPECT_TRUE(dump.ok()) << dump.status().ToString();
    return dump.ok() ? std::move(*dump) : SchemaDump();
  }

  // Each statement is a wagon of its own.
  void Apply(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) {
      PayloadBuilder payload;
      payload.Ddl(statement);
      const auto applied = target_.Apply(&payload);
      ASSERT_TRUE(applied.ok()) << statement.sql << ": " << applied.status().ToString();
    }
  }

  static std::string DefinitionsDiffer(const MariaDbServer& target) {
    CompareOptions options;
    options.rows = false;
    auto difference = Differences(*source_, target, options);
    return difference.ok() ? *difference : difference.status().ToString();
  }

  static std::unique_ptr<MariaDbServer> source_;
  Target target_;
};

std::unique_ptr<MariaDbServer> SchemaReaderTest::source_;

TEST_F(SchemaReaderTest, EveryDefinitionIsTheSameAtTheTargetAlsoOverWhatWasThere) {
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(SRDF_SCHEMAS_DIR)) {
    if (entry.path().extension() != ".sql") continue;
    ASSERT_NO_FATAL_FAILURE(Load(entry.path()));
    ++files;
  }
  ASSERT_GE(files, 3U);
  ASSERT_NO_FATAL_FAILURE(Sql({
      "USE suite_shop",
      // Children and parents, a circle, and a reference to another database's sequence.
      "CREATE TABLE a_child (id INT PRIMARY KEY, p INT UNSIGNED, FOREIGN KEY (p) REFERENCES customer (id)) "
      "WITH SYSTEM VERSIONING",
      "CREATE TABLE numbered (n BIGINT DEFAULT NEXT VALUE FOR suite_stock.batch_number PRIMARY KEY, "
      "t TIMESTAMP NOT NULL DEFAULT '2020-01-01 00:00:00', u TIMESTAMP NULL) COMMENT 'don''t \\\\ panic'",
      "SET SESSION explicit_defaults_for_timestamp=1",
      "CREATE TABLE bare_times (t TIMESTAMP NOT NULL, u TIMESTAMP NOT NULL)",
      "CREATE TABLE parts (id INT NOT NULL, at DATE NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE "
      "COLUMNS(at) (PARTITION p0 VALUES LESS THAN ('2020-01-01'), PARTITION p1 VALUES LESS THAN MAXVALUE)",
      "CREATE TABLE `odd ``name; --` (`a``b` INT, `from` INT)",
      "CREATE VIEW `aa first` AS SELECT `a``b` AS `zz last`, `from` FROM `odd ``name; --`",
      // In the order of names each is made before what it reads.
      "CREATE VIEW v3 AS SELECT id FROM customer",
      "CREATE VIEW v2 AS SELECT v3.id AS v1 FROM v3 JOIN `aa first` AS x",
      "CREATE VIEW v1 AS SELECT v1 AS v3 FROM v2 WHERE v1 IN (SELECT id FROM v3)",
      "CREATE SEQUENCE used_up START WITH 1 MAXVALUE 3 NOCACHE",
      "SELECT NEXT VALUE FOR used_up, NEXT VALUE FOR used_up",
      "SELECT NEXT VALUE FOR used_up",
      "SET timestamp=1000000000",
      "CREATE EVENT long_gone ON SCHEDULE AT '2001-09-10 00:00:00' ON COMPLETION NOT PRESERVE DISABLE DO "
      "SELECT 1",
  }));
  // Other things of the same names, and one that is none of ours.
  target_.Execute({"CREATE DATABASE suite_shop CHARACTER SET latin1 COMMENT 'other'", "USE suite_shop",
                   "CREATE TABLE v1 (a INT)", "CREATE VIEW customer AS SELECT 1 AS x",
                   "CREATE TABLE `order` (id INT PRIMARY KEY)",
                   "CREATE TABLE keeps (id INT, FOREIGN KEY (id) REFERENCES `order` (id))",
                   "CREATE TABLE used_up (a INT)", "CREATE FUNCTION vat () RETURNS INT RETURN 1"});
  const SchemaDump dump = ReadOrFail();
  EXPECT_TRUE(dump.left_out.empty()) << dump.left_out[0].object << " " << dump.left_out[0].what;
  EXPECT_EQ(source_->Value("SELECT @@gtid_binlog_pos").value(), dump.read_by.gtid);
  ASSERT_NO_FATAL_FAILURE(Apply(dump.before_rows));
  ASSERT_NO_FATAL_FAILURE(Apply(dump.after_rows));
  EXPECT_EQ("1", target_.Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_name='keeps'"));
  target_.Execute({"SET SESSION foreign_key_checks=0", "DROP TABLE suite_shop.keeps"});
  EXPECT_EQ("", DefinitionsDiffer(target_.server()));

  // Once more over itself.
  ASSERT_NO_FATAL_FAILURE(Apply(dump.before_rows));
  ASSERT_NO_FATAL_FAILURE(Apply(dump.after_rows));
  EXPECT_EQ("", DefinitionsDiffer(target_.server()));
  target_.Execute({"ALTER TABLE suite_shop.customer ADD difference INT"});
  EXPECT_THAT(DefinitionsDiffer(target_.server()), HasSubstr("difference"));
}

TEST_F(SchemaReaderTest, ChosenTablesBringTheirTriggersAndNothingElseOfTheirDatabase) {
  ASSERT_NO_FATAL_FAILURE(Load(SRDF_SCHEMAS_DIR "/shop_suite.sql"));
  const SchemaDump dump = ReadOrFail({{{"suite_shop", "customer"}, {"suite_stock", "article"}}});
  ASSERT_NO_FATAL_FAILURE(Apply(dump.before_rows));
  ASSERT_NO_FATAL_FAILURE(Apply(dump.after_rows));
  EXPECT_EQ("suite_shop.customer,suite_stock.article",
            target_.Value("SELECT GROUP_CONCAT(table_schema, '.', table_name ORDER BY 1) FROM "
                          "information_schema.tables WHERE table_schema LIKE 'suite%'"));
  EXPECT_EQ("customer_in", target_.Value("SELECT GROUP_CONCAT(trigger_name) FROM information_schema.triggers "
                                         "WHERE trigger_schema LIKE 'suite%'"));
  EXPECT_EQ("0", target_.Value("SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema LIKE "
                               "'suite%'"));

  const auto missing = Read({{{"suite_shop", "nowhere"}}});
  EXPECT_EQ(StatusCode::kNotFound, missing.status().code());
  EXPECT_THAT(missing.status().message(), HasSubstr("`suite_shop`.`nowhere`"));
}

TEST_F(SchemaReaderTest, ABrokenViewIsLeftOutByNameAndTheRestIsMade) {
  ASSERT_NO_FATAL_FAILURE(
      Sql({"CREATE DATABASE d", "USE d", "CREATE TABLE t (a INT)", "CREATE TABLE gone (a INT)",
           "CREATE VIEW broken AS SELECT a FROM gone", "CREATE VIEW above AS SELECT a FROM broken",
           "CREATE VIEW sound AS SELECT a FROM t", "DROP TABLE gone"}));
  const SchemaDump dump = ReadOrFail();
  ASSERT_EQ(2U, dump.left_out.size());
  EXPECT_EQ("view `d`.`above`", dump.left_out[0].object);
  EXPECT_EQ("view `d`.`broken`", dump.left_out[1].object);
  EXPECT_THAT(dump.left_out[1].what, HasSubstr("gone"));
  ASSERT_NO_FATAL_FAILURE(Apply(dump.before_rows));
  ASSERT_NO_FATAL_FAILURE(Apply(dump.after_rows));
  EXPECT_EQ("sound", target_.Value("SELECT GROUP_CONCAT(table_name) FROM information_schema.views WHERE "
                                   "table_schema='d'"));
}

TEST_F(SchemaReaderTest, ACharacterThatTheServerDoesNotShowIsADoubt) {
  ASSERT_NO_FATAL_FAILURE(
      Sql({"CREATE DATABASE d CHARACTER SET utf8mb4",
           "CREATE TABLE d.t (a VARCHAR(10) DEFAULT '\xF0\x9F\x9A\x83', b VARCHAR(10) DEFAULT 'plain', "
           "c ENUM('\xF0\x9F\x9A\x83', 'x'), d VARCHAR(10) DEFAULT (CONCAT('\xF0\x9F\x9A\x83', 'x')))"}));
  const SchemaDump dump = ReadOrFail();
  ASSERT_EQ(2U, dump.doubts.size());
  EXPECT_EQ("column `d`.`t`.`a`", dump.doubts[0].object);
  EXPECT_EQ("column `d`.`t`.`c`", dump.doubts[1].object);
}

TEST_F(SchemaReaderTest, AUserThatWouldNotSeeEverythingIsRefusedWithTheGrant) {
  ASSERT_NO_FATAL_FAILURE(Sql({"CREATE OR REPLACE USER reader@127.0.0.1",
                               "GRANT SELECT, SHOW VIEW, BINLOG MONITOR ON *.* TO reader@127.0.0.1"}));
  const auto refused = Read({}, "reader");
  EXPECT_EQ(StatusCode::kPermissionDenied, refused.status().code());
  EXPECT_EQ("GRANT TRIGGER, EVENT ON *.* TO 'reader'@'127.0.0.1'", refused.status().remedy());
  ASSERT_NO_FATAL_FAILURE(Sql({"GRANT TRIGGER, EVENT ON *.* TO reader@127.0.0.1"}));
  ASSERT_NO_FATAL_FAILURE(Load(SRDF_SCHEMAS_DIR "/shop_suite.sql"));
  const auto all = ReadOrFail();
  const auto seen = Read({}, "reader");
  ASSERT_TRUE(seen.ok()) << seen.status().ToString();
  EXPECT_EQ(all.before_rows.size(), seen->before_rows.size());
  EXPECT_EQ(all.after_rows.size(), seen->after_rows.size());
}

TEST_F(SchemaReaderTest, TheBitsOfEveryModeAreTheServersOwn) {
  const auto session = source_->ConnectOrDie();
  for (int bit = 0; bit < 35; ++bit) {
    const uint64_t wanted = uint64_t{1} << bit;
    // PIPES_AS_CONCAT and others are set by a mode of more than one bit, too.
    ASSERT_TRUE(session->Execute("SET sql_mode=" + std::to_string(wanted)).ok()) << bit;
    const std::string words = session->QueryValue("SELECT @@sql_mode").value();
    const auto bits = engine_mariadb::SqlModeBits(words);
    ASSERT_TRUE(bits.ok()) << bits.status().ToString();
    EXPECT_NE(0U, *bits & wanted) << words;
    ASSERT_TRUE(session->Execute("SET sql_mode=" + std::to_string(*bits)).ok());
    EXPECT_EQ(words, session->QueryValue("SELECT @@sql_mode").value());
  }
  EXPECT_EQ(0U, engine_mariadb::SqlModeBits("").value());
  EXPECT_EQ(StatusCode::kFailedPrecondition,
            engine_mariadb::SqlModeBits("STRICT_ALL_TABLES,NEW").status().code());
}

TEST(ViewOrder, PutsEachViewBehindThoseItReadsAndKeepsTheOrderOtherwise) {
  using engine_mariadb::OrderOfViews;
  EXPECT_THAT(
      OrderOfViews({{"d", "a", "CREATE VIEW `a` AS select `b`.`x` AS `c` from (`b` join `e`.`f` `c`)"},
                    {"d", "b", "CREATE VIEW `b` AS select 1 AS `x`"},
                    {"d", "c", "CREATE VIEW `c` AS select `a`.`c` AS `b` from `a`"},
                    {"e", "f", "CREATE VIEW `f` AS select `d`.`g`.`x` AS `x` from `d`.`g`"},
                    {"d", "g", "CREATE VIEW `g` AS select 'from `c`' AS `x`"}}),
      ElementsAre(1, 4, 3, 0, 2));
  EXPECT_THAT(OrderOfViews({}), ElementsAre());
}

}  // namespace
}  // namespace srdf::test
