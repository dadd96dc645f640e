#include "loadgen/schema.h"

#include <fmt/format.h>

#include <functional>

#include "loadgen/text.h"

namespace srdf::loadgen {

namespace {

constexpr unsigned kCustomers = 1500;
constexpr unsigned kOrders = 2500;
constexpr unsigned kEvents = 4000;
constexpr unsigned kDocuments = 60;
constexpr unsigned kSettings = 600;
constexpr unsigned kRowsPerStatement = 500;

const char* const kTables[] = {
    "CREATE TABLE customers ("
    " id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
    " email VARCHAR(190) NOT NULL,"
    " name VARCHAR(120) NOT NULL,"
    " credit DECIMAL(14,2) NOT NULL DEFAULT 0,"
    " note TEXT NULL,"
    " created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),"
    " changed_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"
    " UNIQUE KEY email (email)) CHARACTER SET utf8mb4",
    "CREATE TABLE accounts ("
    " id INT NOT NULL PRIMARY KEY,"
    " owner VARCHAR(60) NOT NULL,"
    " balance DECIMAL(18,4) NOT NULL,"
    " version BIGINT NOT NULL DEFAULT 0,"
    " touched_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))",
    "CREATE TABLE orders ("
    " id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
    " customer_id BIGINT UNSIGNED NOT NULL,"
    " status ENUM('new','paid','packed','sent','returned') NOT NULL DEFAULT 'new',"
    " flags SET('gift','express','fragile') NOT NULL DEFAULT '',"
    " total DECIMAL(12,2) NOT NULL DEFAULT 0,"
    " placed_at DATETIME(6) NOT NULL,"
    " KEY by_customer (customer_id),"
    " FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE)",
    "CREATE TABLE order_lines ("
    " order_id BIGINT UNSIGNED NOT NULL,"
    " line_no SMALLINT UNSIGNED NOT NULL,"
    " sku CHAR(12) CHARACTER SET latin1 NOT NULL,"
    " quantity MEDIUMINT NOT NULL,"
    " price DECIMAL(10,3) NOT NULL,"
    " weight DOUBLE NULL,"
    " amount DECIMAL(16,3) AS (quantity * price) STORED,"
    " PRIMARY KEY (order_id, line_no),"
    " FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)",
    "CREATE TABLE events ("
    " id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
    " kind TINYINT NOT NULL,"
    " payload VARBINARY(600) NOT NULL,"
    " flags BIT(11) NOT NULL DEFAULT b'0',"
    " happened_at DATETIME(6) NOT NULL,"
    " KEY by_kind (kind))",
    "CREATE TABLE documents ("
    " id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
    " customer_id BIGINT UNSIGNED NULL,"
    " title VARCHAR(200) NOT NULL,"
    " revision INT NOT NULL DEFAULT 1,"
    " body LONGBLOB NOT NULL,"
    " FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE SET NULL)",
    "CREATE TABLE audit ("
    " at DATETIME(6) NOT NULL,"
    " who VARCHAR(80) NULL,"
    " what VARCHAR(200) NOT NULL,"
    " amount FLOAT NULL)",
    "CREATE TABLE settings ("
    " scope VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL,"
    " name VARCHAR(60) COLLATE utf8mb4_general_ci NOT NULL,"
    " value TEXT NULL,"
    " version INT NOT NULL DEFAULT 1,"
    " PRIMARY KEY (scope, name))",
    "CREATE TABLE seats ("
    " id INT NOT NULL PRIMARY KEY,"
    " passenger INT NULL,"
    " row_no SMALLINT NOT NULL,"
    " UNIQUE KEY passenger (passenger))",
    "CREATE TABLE warehouses ("
    " code VARCHAR(24) NOT NULL PRIMARY KEY,"
    " slot INT NOT NULL UNIQUE,"
    " city VARCHAR(80) NOT NULL)",
    "CREATE TABLE stock ("
    " warehouse VARCHAR(24) NOT NULL,"
    " sku CHAR(12) NOT NULL,"
    " quantity INT NOT NULL,"
    " PRIMARY KEY (warehouse, sku),"
    " FOREIGN KEY (warehouse) REFERENCES warehouses (code) ON UPDATE CASCADE ON DELETE CASCADE)",
    "CREATE TABLE scratch ("
    " id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
    " word VARCHAR(200) NOT NULL)",
    "CREATE TRIGGER customers_credit AFTER UPDATE ON customers FOR EACH ROW BEGIN"
    " IF NOT (OLD.credit <=> NEW.credit) THEN"
    " INSERT INTO audit VALUES (NOW(6), OLD.email, CONCAT('credit of ', NEW.id), NEW.credit - OLD.credit);"
    " END IF; END",
    "CREATE VIEW open_orders AS SELECT customer_id, COUNT(*) AS orders, SUM(total) AS total"
    " FROM orders WHERE status <> 'sent' GROUP BY customer_id",
    "CREATE PROCEDURE order_total(IN wanted BIGINT) READS SQL DATA"
    " SELECT SUM(amount) FROM order_lines WHERE order_id = wanted",
};

// INSERTs of `count` rows, `row(i)` being the values of the i-th one, counted from 1.
void Fill(std::vector<std::string>* out, const std::string& into, unsigned count, unsigned rows_per_statement,
          const std::function<std::string(unsigned)>& row) {
  for (unsigned i = 1; i <= count;) {
    std::string statement = "INSERT INTO " + into + " VALUES ";
    for (unsigned n = 0; n < rows_per_statement && i <= count; ++n, ++i) {
      statement += (n == 0 ? "(" : ",(") + row(i) + ")";
    }
    out->push_back(std::move(statement));
  }
}

}  // namespace

std::vector<std::string> CreateStatements(const std::string& database) {
  const std::string name = engine_mariadb::Connection::QuoteIdentifier(database);
  std::vector<std::string> out = {"DROP DATABASE IF EXISTS " + name,
                                  "CREATE DATABASE " + name + " CHARACTER SET utf8mb4", "USE " + name};
  out.insert(out.end(), std::begin(kTables), std::end(kTables));
  return out;
}

std::vector<std::string> FillStatements(uint64_t seed) {
  Text text(seed);
  std::vector<std::string> out;
  Fill(&out, "customers (id, email, name, credit)", kCustomers, kRowsPerStatement, [&](unsigned i) {
    return fmt::format("{}, '{}{}@example.com', '{}', {}", i, text.Token(6), i, text.Words(2),
                       text.Between(0, 9000));
  });
  Fill(&out, "accounts (id, owner, balance)", kAccounts, kRowsPerStatement,
       [&](unsigned i) { return fmt::format("{}, '{}', {}", i, text.Words(2), text.Between(1000, 90000)); });
  Fill(&out, "orders (id, customer_id, total, placed_at)", kOrders, kRowsPerStatement, [&](unsigned i) {
    return fmt::format("{}, {}, {}, '2024-0{}-1{} 10:00:00.{:06}'", i, text.Between(1, kCustomers),
                       text.Between(1, 900), text.Between(1, 9), text.Between(0, 9), text.Between(0, 999999));
  });
  Fill(&out, "order_lines (order_id, line_no, sku, quantity, price, weight)", kOrders * 3, kRowsPerStatement,
       [&](unsigned i) {
         return fmt::format("{}, {}, '{}', {}, {}.{:03}, {}e-3", (i - 1) / 3 + 1, (i - 1) % 3 + 1,
                            text.Token(10), text.Between(1, 40), text.Between(1, 300), text.Between(0, 999),
                            text.Between(1, 90000));
       });
  Fill(&out, "events (kind, payload, flags, happened_at)", kEvents, kRowsPerStatement, [&](unsigned) {
    return fmt::format("{}, {}, {}, NOW(6)", text.Between(0, 9), text.BytesLiteral(text.Between(1, 40)),
                       text.Between(0, 2047));
  });
  Fill(&out, "documents (customer_id, title, body)", kDocuments, 5, [&](unsigned) {
    return fmt::format("{}, '{}', '{}'", text.Between(1, kCustomers), text.Words(3),
                       text.Body(text.Between(100, 60000)));
  });
  Fill(&out, "audit (at, who, what, amount)", kRowsPerStatement, kRowsPerStatement, [&](unsigned i) {
    // Some rows are exactly alike: a table without a key is a multiset.
    return fmt::format("'2024-01-01 00:00:00', {}, 'opening {}', {}", i % 3 == 0 ? "NULL" : "'system'",
                       i % 50, i % 7);
  });
  Fill(&out, "settings (scope, name, value)", kSettings, kRowsPerStatement,
       [&](unsigned i) { return fmt::format("'scope{}', 'Name {}', '{}'", i % 20, i, text.Words(4)); });
  Fill(&out, "seats (id, passenger, row_no)", kSeats, kRowsPerStatement, [&](unsigned i) {
    return fmt::format("{}, {}, {}", i, i % 4 == 0 ? "NULL" : std::to_string(1000 + i), i / 6);
  });
  Fill(&out, "warehouses (code, slot, city)", kWarehouses, kRowsPerStatement,
       [&](unsigned i) { return fmt::format("'wh-{}', {}, '{}'", i, i, text.Words(1)); });
  Fill(&out, "stock (warehouse, sku, quantity)", kWarehouses * 30, kRowsPerStatement, [&](unsigned i) {
    return fmt::format("'wh-{}', 'sku-{}', {}", (i - 1) % kWarehouses + 1, (i - 1) / kWarehouses,
                       text.Between(0, 500));
  });
  return out;
}

Status InitSchema(engine_mariadb::Connection* connection, const std::string& database, uint64_t seed) {
  for (const std::string& statement : CreateStatements(database)) {
    SRDF_RETURN_IF_ERROR(connection->Execute(statement));
  }
  for (const std::string& statement : FillStatements(seed)) {
    SRDF_RETURN_IF_ERROR(connection->Execute(statement));
  }
  return {};
}

}  // namespace srdf::loadgen
