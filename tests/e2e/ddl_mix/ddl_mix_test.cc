// DDL of many kinds, between row changes, in many sessions' own settings.
#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class DdlMix : public MeshTest {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(StartServers()); }
};

TEST_F(DdlMix, EveryKindArrivesInItsPlace) {
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  // One session: what it sets holds for what follows.
  const std::vector<std::string> statements = {
      "CREATE DATABASE app CHARACTER SET latin1 COLLATE latin1_german1_ci",
      "USE app",
      "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40), born DATE)",
      "INSERT INTO t (name, born) VALUES ('é', '2000-02-29'), ('ü', NULL)",
      "ALTER TABLE t ADD COLUMN price DECIMAL(10,2) NOT NULL DEFAULT 1.50 AFTER name, ADD KEY by_name (name)",
      "INSERT INTO t (name, price) VALUES ('after', 2.25)",
      "ALTER TABLE t CHANGE COLUMN born day DATETIME(3) NULL, ALGORITHM=COPY",
      "UPDATE t SET day = '2001-01-01 10:00:00.125' WHERE id = 2",
      "CREATE UNIQUE INDEX once ON t (name, price)",
      "ALTER TABLE t DROP COLUMN day",
      "DELETE FROM t WHERE id = 1",
      "CREATE TABLE copy LIKE t",
      "INSERT INTO copy SELECT * FROM t",
      "CREATE TABLE chosen (KEY (id)) AS SELECT id, UPPER(name) AS shout, NOW(6) AS at FROM t",
      "RENAME TABLE copy TO archive, t TO t2",
      "UPDATE t2 SET name = CONCAT(name, '!') ORDER BY id DESC",
      "TRUNCATE TABLE archive",
      "INSERT INTO archive (id, name, price) VALUES (90, 'again', 9)",
      "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
      "CREATE TABLE \"odd name\" (\"a b\" INT DEFAULT 7, c VARCHAR(9) DEFAULT ('x' || 'y'), PRIMARY KEY (\"a "
      "b\"))",
      "INSERT INTO \"odd name\" (\"a b\") VALUES (1), (2)",
      "SET sql_mode = DEFAULT, foreign_key_checks = 0",
      "CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES late (id) ON "
      "DELETE CASCADE)",
      "CREATE TABLE late (id INT PRIMARY KEY)",
      "SET foreign_key_checks = 1",
      "INSERT INTO late VALUES (1), (2)",
      "INSERT INTO child VALUES (10, 1), (11, 2)",
      "DELETE FROM late WHERE id = 1",
      "CREATE TRIGGER child_in AFTER INSERT ON child FOR EACH ROW INSERT INTO chosen VALUES (NEW.id, "
      "'trigger', NOW(6))",
      "INSERT INTO child VALUES (12, 2)",
      "CREATE VIEW dear AS SELECT id, price FROM t2 WHERE price > 2",
      "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2",
      "CREATE PROCEDURE fill(IN n INT) INSERT INTO late SELECT n + seq FROM seq_1_to_5",
      "CALL fill(100)",
      "ALTER TABLE chosen ENGINE=InnoDB, COMMENT 'schön'",
      "CREATE TABLE made (id INT PRIMARY KEY, half INT AS (id / 2) STORED, part VARCHAR(9) AS (CONCAT('p', "
      "id)) VIRTUAL,"
      " hidden INT INVISIBLE DEFAULT 3, at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6))",
      "INSERT INTO made (id) VALUES (1), (20)",
      "UPDATE made SET hidden = 4 WHERE id = 20",
      "DROP TRIGGER child_in",
      "DROP VIEW dear",
      "DROP TABLE archive, child",
      "CREATE DATABASE short_lived",
      "CREATE TABLE short_lived.t (a INT)",
      "INSERT INTO short_lived.t VALUES (1), (1)",
      "DROP DATABASE short_lived",
      "CREATE OR REPLACE TABLE late (id BIGINT PRIMARY KEY, word TEXT) CHARACTER SET utf8mb4",
      "INSERT INTO late VALUES (1, '🚃')",
  };
  auto session = source_->ConnectOrDie();
  for (const std::string& statement : statements) {
    const Status status = session->Execute(statement);
    ASSERT_TRUE(status.ok()) << statement << ": " << status.ToString();
  }
  ExpectEqual(seconds(60));
}

TEST_F(DdlMix, DeathBetweenStatementAndConfirmationNeitherRepeatsNorSkips) {
  ASSERT_NO_FATAL_FAILURE(
      StartMesh({}, {{"SRDF_FAILPOINTS", "applier.after_ddl_intent=crash@3,applier.after_ddl=crash@2"}}));
  ASSERT_OK(source_->Execute({
      "CREATE DATABASE app",
      "CREATE TABLE app.t (id INT PRIMARY KEY)",
      "INSERT INTO app.t VALUES (1), (2), (3)",
      "ALTER TABLE app.t ADD COLUMN a INT DEFAULT 1",
      "ALTER TABLE app.t ADD COLUMN b INT DEFAULT 2",
      "UPDATE app.t SET b = 5 WHERE id = 2",
      "RENAME TABLE app.t TO app.t2",
      "CREATE TABLE app.t (id INT PRIMARY KEY)",
      "DROP TABLE app.t",
  }));
  ExpectEqual(seconds(90));
  EXPECT_GE(mesh_->Starts("applier"), 3);
}

}  // namespace
}  // namespace srdf::test
