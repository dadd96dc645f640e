#include "e2e/establish/copied_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace srdf::test {

namespace {

// Of 100 rows in all.
constexpr uint64_t kItems = 60, kNames = 20, kParents = 4, kChildren = 8, kTree = 3, kLog = 5;

uint64_t Share(uint64_t rows, uint64_t percent) { return std::max<uint64_t>(rows * percent / 100, 10); }

// Rows 1 … count, by the server itself; `select` refers to them as `seq`.
std::string Fill(const std::string& into, const std::string& select, uint64_t from, uint64_t to) {
  return fmt::format("INSERT INTO copied.{} SELECT {} FROM seq_{}_to_{}", into, select, from, to);
}

}  // namespace

Status MakeCopiedTables(const MariaDbServer& server, uint64_t rows) {
  SRDF_RETURN_IF_ERROR(server.Execute({
      "DROP DATABASE IF EXISTS copied",
      "CREATE DATABASE copied CHARACTER SET utf8mb4",
      "CREATE TABLE copied.items (id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL, c CHAR(120) NOT NULL,"
      " pad VARCHAR(60), price DOUBLE, amount DECIMAL(20,6), changed TIMESTAMP(3) NULL, KEY k (k))",
      "CREATE TABLE copied.names (name VARCHAR(64) COLLATE utf8mb4_general_ci NOT NULL, part SMALLINT NOT "
      "NULL,"
      " body BLOB, doc JSON, PRIMARY KEY (name, part))",
      "CREATE TABLE copied.parents (id INT PRIMARY KEY, label VARCHAR(40), UNIQUE KEY label (label))",
      "CREATE TABLE copied.children (id INT PRIMARY KEY, parent INT, note TEXT,"
      " FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE)",
      "CREATE TABLE copied.tree (id INT PRIMARY KEY, above INT, FOREIGN KEY (above) REFERENCES tree (id)"
      " ON DELETE CASCADE)",
      // A cascade gives its rows other keys.
      "CREATE TABLE copied.details (parent INT, n INT, note VARCHAR(40), PRIMARY KEY (parent, n),"
      " FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE)",
      // Checks what it refers to, and comes before it by name.
      "CREATE TABLE copied.a_bills (id INT PRIMARY KEY, vendor INT NOT NULL, v INT)",
      "CREATE TABLE copied.vendors (id INT PRIMARY KEY)",
      "CREATE TABLE copied.bill_lines (id INT AUTO_INCREMENT PRIMARY KEY, bill INT,"
      " FOREIGN KEY (bill) REFERENCES a_bills (id) ON DELETE CASCADE)",
      "ALTER TABLE copied.a_bills ADD FOREIGN KEY (vendor) REFERENCES copied.vendors (id)",
      "CREATE TABLE copied.parts (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id)"
      " (PARTITION low VALUES LESS THAN (500000000), PARTITION high VALUES LESS THAN MAXVALUE)",
      "CREATE TABLE copied.part (id INT PRIMARY KEY, v INT)",
      "CREATE TABLE copied.log (at DATETIME(6), line VARCHAR(100))",
      "CREATE TABLE copied.nothing (id INT PRIMARY KEY)",
      "CREATE TABLE copied.audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40))",
      "CREATE VIEW copied.cheap AS SELECT id, price FROM copied.items WHERE price < 10",
      "CREATE TRIGGER copied.parents_gone AFTER DELETE ON copied.parents FOR EACH ROW"
      " INSERT INTO copied.audit (what) VALUES (CONCAT('parent ', OLD.id))",
      "CREATE TRIGGER copied.items_gone AFTER DELETE ON copied.items FOR EACH ROW"
      " INSERT INTO copied.audit (what) VALUES (CONCAT('item ', OLD.id))",
      "CREATE PROCEDURE copied.nop() SELECT 1",
      "CREATE EVENT copied.hourly ON SCHEDULE EVERY 1 HOUR DO DELETE FROM copied.log LIMIT 1",
  }));
  // In pieces: one transaction of everything would be one huge one in the source's log.
  constexpr uint64_t kPiece = 200000;
  const auto fill = [&](const std::string& into, const std::string& select, uint64_t count) {
    for (uint64_t from = 1; from <= count; from += kPiece) {
      const uint64_t to = std::min(count, from + kPiece - 1);
      SRDF_RETURN_IF_ERROR(server.Execute({"USE copied", Fill(into, select, from, to)}));
    }
    return Status::Ok();
  };
  SRDF_RETURN_IF_ERROR(
      fill("items",
           "seq * 2, seq % 5000, RPAD(SHA1(seq), 110, MD5(seq)), SHA2(seq, 224), SIN(seq) * 1000, seq / 7,"
           " FROM_UNIXTIME(1600000000 + seq / 1000)",
           Share(rows, kItems)));
  SRDF_RETURN_IF_ERROR(fill("names",
                            "CONCAT(CHAR(97 + seq % 26), SHA1(seq)), seq % 7, UNHEX(SHA2(seq, 512)),"
                            " JSON_OBJECT('n', seq)",
                            Share(rows, kNames)));
  SRDF_RETURN_IF_ERROR(fill("parents", "seq, CONCAT('p', seq)", Share(rows, kParents)));
  const uint64_t parents = Share(rows, kParents);
  SRDF_RETURN_IF_ERROR(fill("children", fmt::format("seq, 1 + seq % {}, REPEAT('n', seq % 50)", parents),
                            Share(rows, kChildren)));
  SRDF_RETURN_IF_ERROR(
      fill("details", fmt::format("1 + seq % {}, seq, 'detail'", parents), Share(rows, kChildren)));
  SRDF_RETURN_IF_ERROR(fill("vendors", "seq", 1000));
  SRDF_RETURN_IF_ERROR(fill("a_bills", "seq, 1 + seq % 1000, 0", Share(rows, kTree)));
  SRDF_RETURN_IF_ERROR(fill("bill_lines", "NULL, seq", Share(rows, kTree)));
  SRDF_RETURN_IF_ERROR(fill("parts", "seq, 1", Share(rows, kTree)));
  SRDF_RETURN_IF_ERROR(fill("part", "seq, 2", Share(rows, kTree)));
  SRDF_RETURN_IF_ERROR(fill("tree", "seq, IF(seq < 3, NULL, FLOOR(seq / 2))", Share(rows, kTree)));
  return fill("log", "FROM_UNIXTIME(1600000000 + seq * 0.25), CONCAT('line ', seq % 1000)",
              Share(rows, kLog));
}

CopiedTablesWriter::CopiedTablesWriter(const MariaDbServer& server, uint64_t rows, uint64_t rate,
                                       uint64_t seed)
    : server_(server), rows_(rows), rate_(rate), state_(seed), thread_([this](const std::stop_token& stop) {
        Run(stop);
      }) {}

CopiedTablesWriter::~CopiedTablesWriter() { Stop(); }

uint64_t CopiedTablesWriter::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  return transactions_;
}

// Statements about whole tables, one every few seconds.
std::string CopiedTablesWriter::TableStatement(uint64_t number) {
  static const std::vector<std::string> kStatements = {
      "ALTER TABLE parts EXCHANGE PARTITION low WITH TABLE part",
      "RENAME TABLE log TO log_before, log_before TO log",
      "CREATE OR REPLACE TABLE staging (id INT PRIMARY KEY, v INT) SELECT seq AS id, 1 AS v FROM seq_1_to_50",
      "SET STATEMENT lock_wait_timeout=10 FOR RENAME TABLE part TO part_before, part_before TO part",
      "DROP TABLE IF EXISTS staging",
  };
  return kStatements[number % kStatements.size()];
}

std::string CopiedTablesWriter::Statement(uint64_t number) {
  if (number % 300 == 150) return TableStatement(number / 300);
  const auto pick = [this](uint64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % below + 1;
  };
  const uint64_t items = Share(rows_, kItems), parents = Share(rows_, kParents), tree = Share(rows_, kTree);
  switch (pick(19)) {
    case 14:
      return fmt::format("INSERT IGNORE INTO parts VALUES ({}, {})", pick(tree * 2), number % 1000);
    case 15:
      return fmt::format("UPDATE part SET v = v + 1 WHERE id = {}", pick(tree));
    case 16:
      return fmt::format("INSERT IGNORE INTO vendors VALUES ({})", 1000 + number % 100000);
    case 17:
      return fmt::format("UPDATE a_bills SET vendor = (SELECT MAX(id) FROM vendors), v = v + 1 WHERE id = {}",
                         pick(tree));
    case 18:
      return fmt::format("UPDATE details SET note = 'later' WHERE parent = {}", pick(parents));
    case 1:
      return fmt::format("INSERT IGNORE INTO items (id, k, c) VALUES ({}, {}, 'new')", pick(items) * 2 - 1,
                         number % 1000);
    case 2:
      return fmt::format("DELETE FROM items WHERE id = {}", pick(items * 2));
    case 3:
      return fmt::format("UPDATE IGNORE items SET id = {} WHERE id = {}", pick(items * 2), pick(items * 2));
    case 4:
      return fmt::format("UPDATE names SET body = UNHEX(SHA1({})) WHERE name LIKE 'q{:x}%' LIMIT 2", number,
                         pick(256) - 1);
    case 5:
      return fmt::format("INSERT IGNORE INTO names VALUES (CONCAT(CHAR({}), 'New{}'), 3, 'b', '[1]')",
                         96 + pick(26), number);
    case 6:
      return fmt::format(
          "UPDATE IGNORE names SET name = CONCAT('M', name) WHERE name LIKE '{:c}{:x}%' LIMIT 1",
          static_cast<char>(96 + pick(26)), pick(16) - 1);
    case 7:
      return fmt::format("DELETE FROM parents WHERE id = {}", pick(parents));
    case 8:
      return fmt::format("UPDATE IGNORE parents SET id = id + {} WHERE id = {}", parents, pick(parents));
    case 9:
      return fmt::format(
          "INSERT IGNORE INTO children SELECT {}, id, 'late' FROM parents WHERE id >= {} LIMIT 1",
          1000000000 + number, pick(parents));
    case 10:
      return fmt::format("DELETE FROM tree WHERE id = {} AND id > {}", pick(tree), tree / 2);
    case 11:
      return fmt::format("INSERT INTO log VALUES (NOW(6), 'line {}')", number % 1000);
    case 12:
      return fmt::format("DELETE FROM log WHERE line = 'line {}' LIMIT 1", pick(1000) - 1);
    default:
      return fmt::format("UPDATE items SET k = k + 1, price = price / 3, changed = NOW(3) WHERE id = {}",
                         pick(items) * 2);
  }
}

void CopiedTablesWriter::Run(const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  std::unique_ptr<engine_mariadb::Connection> connection;
  const auto began = Clock::now();
  for (uint64_t number = 1; !stop.stop_requested(); ++number) {
    std::this_thread::sleep_until(began + std::chrono::microseconds(number * 1000000 / rate_));
    if (connection == nullptr) {
      auto opened = server_.Connect();
      if (!opened.ok() || !(*opened)->Execute("USE copied").ok()) continue;
      connection = std::move(opened).value();
    }
    const auto from = Clock::now();
    const Status done = connection->Execute(Statement(number));
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - from).count();
    if (done.ok()) {
      ++transactions_;
      slowest_us_ = std::max(slowest_us_.load(), static_cast<uint64_t>(took));
    } else if (done.code() == StatusCode::kUnavailable || done.code() == StatusCode::kOutcomeUnknown) {
      connection.reset();
    }
  }
}

}  // namespace srdf::test
