#include "e2e/crash_points/churn.h"

#include <chrono>
#include <vector>

namespace srdf::test {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kBigEvery = 2;  // cycles
constexpr int kClashEvery = 2;
constexpr std::chrono::seconds kRefusalWait{600};

// Between any two of these the ledger goes on.
const std::vector<std::string> kCycle = {
    "CREATE DATABASE churn2",
    "CREATE OR REPLACE TABLE churn.a (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40))",
    "CREATE OR REPLACE TABLE churn.b (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40))",
    "INSERT INTO churn.a (v) SELECT CONCAT('a', seq) FROM seq_1_to_60",
    "INSERT INTO churn.b (v) SELECT CONCAT('b', seq) FROM seq_1_to_40",
    "RENAME TABLE churn.a TO churn.c, churn.b TO churn.a, churn.c TO churn.b",
    "UPDATE churn.a SET v = CONCAT(v, '!')",
    "ALTER TABLE churn.a ADD COLUMN n INT NOT NULL DEFAULT 7, ALGORITHM=COPY",
    "ALTER TABLE churn.a ADD INDEX (v)",
    "ALTER TABLE churn.a ENGINE=InnoDB",
    "UPDATE churn.a SET n = n + id",
    "CREATE TABLE churn.s (KEY (id)) AS SELECT id, v, NOW(6) AS at FROM churn.a",
    "ALTER TABLE churn.a DROP COLUMN n",
    "TRUNCATE TABLE churn.b",
    "INSERT INTO churn.b (v) VALUES ('after')",
    "CREATE VIEW churn.w AS SELECT id FROM churn.a",
    "CREATE OR REPLACE VIEW churn.w AS SELECT id, v FROM churn.a",
    "CREATE TRIGGER churn.tr AFTER INSERT ON churn.b FOR EACH ROW INSERT INTO churn.s VALUES (NEW.id, NEW.v, "
    "NOW(6))",
    "INSERT INTO churn.b (v) VALUES ('one'), ('two')",
    "CREATE OR REPLACE TRIGGER churn.tr AFTER INSERT ON churn.b FOR EACH ROW DELETE FROM churn.s WHERE id = "
    "NEW.id",
    "INSERT INTO churn.b (v) VALUES ('three')",
    "CREATE TABLE churn.p (x INT PRIMARY KEY) PARTITION BY RANGE (x) (PARTITION p0 VALUES LESS THAN (100), "
    "PARTITION p1 VALUES LESS THAN (200))",
    "CREATE TABLE churn.q (x INT PRIMARY KEY)",
    "INSERT INTO churn.p VALUES (1), (2), (150)",
    "INSERT INTO churn.q VALUES (7), (8), (9)",
    "ALTER TABLE churn.p EXCHANGE PARTITION p0 WITH TABLE churn.q",
    "INSERT INTO churn.p VALUES (11)",
    "ALTER TABLE churn.p ADD PARTITION (PARTITION p2 VALUES LESS THAN (300))",
    "ALTER TABLE churn.p DROP PARTITION p1",
    "CREATE TABLE churn2.t LIKE churn.q",
    "INSERT INTO churn2.t SELECT * FROM churn.q",
    "RENAME TABLE churn2.t TO churn.t2",
    "CREATE TABLE churn2.parent (id INT PRIMARY KEY)",
    "CREATE TABLE churn2.child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES "
    "churn2.parent (id) ON DELETE CASCADE)",
    "INSERT INTO churn2.parent VALUES (1), (2)",
    "INSERT INTO churn2.child VALUES (10, 1), (20, 2)",
    "DELETE FROM churn2.parent WHERE id = 1",
    "ALTER TABLE churn2.child ADD FOREIGN KEY (parent) REFERENCES churn2.parent (id) ON DELETE CASCADE",
    "DROP VIEW churn.w",
    "DROP TABLE churn.s, churn.p, churn.q, churn.t2",
    "DROP DATABASE churn2",
};

// The statement that makes 6 MB of rows: larger than the window, and in chunks.
constexpr const char* kBig =
    "INSERT INTO churn.big (body) SELECT CONCAT(MD5(RAND()), REPEAT(MD5(seq), 60)) FROM seq_1_to_3000";

}  // namespace

Churn::~Churn() {
  if (thread_.joinable()) (void)Stop();
}

Status Churn::Init() {
  return source_->Execute({
      "CREATE DATABASE churn",
      "CREATE TABLE churn.ledger (n BIGINT, note VARCHAR(20))",
      "CREATE TABLE churn.counters (id INT PRIMARY KEY, n BIGINT NOT NULL)",
      "INSERT INTO churn.counters VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0)",
      "CREATE TABLE churn.big (id INT AUTO_INCREMENT PRIMARY KEY, body TEXT)",
  });
}

void Churn::Start() {
  result_ = {};
  thread_ = std::jthread([this](const std::stop_token& stop) {
    auto session = source_->Connect();
    result_ = session.status();
    // A table like seq_1_to_60 belongs to any database, but there has to be one.
    if (result_.ok()) result_ = (*session)->Execute("USE churn");
    while (result_.ok() && !stop.stop_requested()) result_ = Cycle(session->get());
  });
}

Status Churn::Stop() {
  thread_.request_stop();
  thread_.join();
  return result_;
}

Status Churn::Book(engine_mariadb::Connection* session) {
  const std::string n = std::to_string(++transactions_);
  for (const std::string& statement :
       {std::string("START TRANSACTION"), "INSERT INTO churn.ledger VALUES (" + n + ", 'booked')",
        "UPDATE churn.counters SET n = n + 1 WHERE id = " + n + " % 5", std::string("COMMIT")}) {
    SRDF_RETURN_IF_ERROR(session->Execute(statement));
  }
  return {};
}

Status Churn::Cycle(engine_mariadb::Connection* session) {
  ++cycle_;
  if (focus_ == Focus::kBig) return Big(session);
  if (focus_ == Focus::kClash) return Clash(session);
  if (focus_ == Focus::kQuiet) {
    std::this_thread::sleep_for(milliseconds(100));
    return Book(session);
  }
  for (const std::string& statement : kCycle) {
    SRDF_RETURN_IF_ERROR(session->Execute(statement).WithContext(statement));
    ++statements_;
    SRDF_RETURN_IF_ERROR(Book(session));
    std::this_thread::sleep_for(milliseconds(random_() % 20));
  }
  if (cycle_ % kBigEvery == 1) SRDF_RETURN_IF_ERROR(Big(session));
  return cycle_ % kClashEvery == 0 ? Clash(session) : Status();
}

Status Churn::Big(engine_mariadb::Connection* session) {
  SRDF_RETURN_IF_ERROR(session->Execute(kBig));
  SRDF_RETURN_IF_ERROR(session->Execute("TRUNCATE TABLE churn.big"));
  // No more than the mesh can follow between its deaths: what is behind delays whatever is waited for.
  std::this_thread::sleep_for(milliseconds(500));
  return Book(session);
}

Status Churn::Clash(engine_mariadb::Connection* session) {
  // A name of its own: the target may be behind, and still be about to drop the last one.
  const std::string name = "clash" + std::to_string(cycle_);
  const std::string is_wrong =
      "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'churn' AND table_name = '" +
      name + "' AND column_name = 'wrong'";
  const std::string is_refused =
      "SELECT COUNT(*) FROM srdf.ddl_intent WHERE sql_text LIKE 'CREATE TABLE churn." + name +
      " %' AND state = 'failed'";
  (void)target_->Execute({"CREATE TABLE churn." + name + " (wrong INT)"});
  SRDF_RETURN_IF_ERROR(session->Execute("CREATE TABLE churn." + name + " (id INT PRIMARY KEY)"));
  SRDF_RETURN_IF_ERROR(session->Execute("INSERT INTO churn." + name + " VALUES (1), (2)"));
  // Until the refusal is on record, where whoever mends it reads of it; what follows may fall between any two
  // steps of the attempts that go on. The target may be away for a while.
  const auto deadline = steady_clock::now() + kRefusalWait;
  for (;;) {
    const auto wrong = target_->Value(is_wrong);
    const auto refused = target_->Value(is_refused);
    if ((wrong.ok() && *wrong == "0") || (refused.ok() && *refused == "1")) break;
    if (steady_clock::now() > deadline) {
      return {StatusCode::kDeadlineExceeded, "the mesh has not met churn." + name + " at the target"};
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  std::this_thread::sleep_for(milliseconds(random_() % 1500));
  // The target may be down, or a DROP's reply may be lost; while the wrong table is there, the mesh cannot
  // get past it, so that what is dropped is never the right one.
  for (;;) {
    const auto wrong = target_->Value(is_wrong);
    if (wrong.ok() && *wrong == "0") break;
    if (wrong.ok() && target_->Execute({"DROP TABLE churn." + name}).ok()) ++refusals_;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return session->Execute("DROP TABLE churn." + name);
}

}  // namespace srdf::test
