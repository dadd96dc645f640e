#include "loadgen/transaction_mix.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/schema.h"

namespace srdf::loadgen {

const std::array<TransactionMix::Share, 18> TransactionMix::kShares = {{
    {104, &TransactionMix::Transfer},
    {30, &TransactionMix::PlaceOrder},
    {30, &TransactionMix::AdvanceOrders},
    {8, &TransactionMix::RenumberLines},
    {4, &TransactionMix::DeleteOrders},
    {12, &TransactionMix::NewCustomer},
    {24, &TransactionMix::ChangeCustomer},
    {2, &TransactionMix::DeleteCustomer},
    {24, &TransactionMix::AppendEvents},
    {8, &TransactionMix::DeleteEvents},
    {8, &TransactionMix::WriteDocument},
    {12, &TransactionMix::Audit},
    {30, &TransactionMix::ChangeSetting},
    {12, &TransactionMix::SwapSeats},
    {1, &TransactionMix::RenameWarehouse},
    {4, &TransactionMix::MoveStock},
    {3, &TransactionMix::Scratch},
    {1, &TransactionMix::ManyRows},
}};

TransactionMix::TransactionMix(uint64_t seed, unsigned stream)
    : text_(seed * 1000003 + stream), stream_(stream) {}

std::vector<std::string> TransactionMix::Next(const Extents& extents) {
  statements_.clear();
  Add("BEGIN");
  // Mostly one operation, sometimes a handful, now and then dozens.
  const uint64_t dice = text_.Between(1, 100);
  const uint64_t operations = dice <= 70 ? 1 : dice <= 95 ? text_.Between(2, 6) : text_.Between(10, 40);
  unsigned total = 0;
  for (const Share& share : kShares) total += share.weight;
  bool savepoint = false;
  for (uint64_t i = 0; i < operations; ++i) {
    if (!savepoint && text_.Chance(4)) {
      Add("SAVEPOINT half_way");
      savepoint = true;
    }
    auto at = static_cast<unsigned>(text_.Between(1, total));
    for (const Share& share : kShares) {
      if (at <= share.weight) {
        (this->*share.operation)(extents);
        break;
      }
      at -= share.weight;
    }
    if (savepoint && text_.Chance(60)) {
      Add(text_.Chance(50) ? "ROLLBACK TO SAVEPOINT half_way" : "RELEASE SAVEPOINT half_way");
      savepoint = false;
    }
  }
  Add(text_.Chance(3) ? "ROLLBACK" : "COMMIT");
  return std::move(statements_);
}

unsigned TransactionMix::Account() {
  return static_cast<unsigned>(text_.Chance(80) ? text_.Between(1, 12) : text_.Between(1, kAccounts));
}

uint64_t TransactionMix::Recent(uint64_t extent) {
  if (extent > 200 && text_.Chance(70)) return text_.Between(extent - 200, extent);
  return text_.Between(1, extent);
}

void TransactionMix::Transfer(const Extents&) {
  unsigned from = Account();
  unsigned to = Account();
  // In the order of their keys, but for a few: deadlocks belong to a load.
  if (from > to && text_.Chance(97)) std::swap(from, to);
  const uint64_t cents = text_.Between(1, 99999);
  const char* update =
      "UPDATE accounts SET balance = balance {} {}.{:04}, version = version + 1 WHERE id = {}";
  Add(fmt::format(fmt::runtime(update), '-', cents / 10000, cents % 10000, from));
  Add(fmt::format(fmt::runtime(update), '+', cents / 10000, cents % 10000, to));
}

void TransactionMix::PlaceOrder(const Extents& extents) {
  const uint64_t customer = Recent(extents.customers);
  static constexpr const char* kFlags[] = {"", "gift", "express", "gift,fragile"};
  Add(fmt::format("INSERT INTO orders (customer_id, flags, total, placed_at) VALUES ({}, '{}', {}, NOW(6))",
                  customer, kFlags[text_.Between(0, 3)], text_.Between(1, 5000)));
  std::string lines =
      "INSERT IGNORE INTO order_lines (order_id, line_no, sku, quantity, price, weight) VALUES ";
  const uint64_t count = text_.Between(1, 8);
  for (uint64_t i = 1; i <= count; ++i) {
    lines += fmt::format("{}(LAST_INSERT_ID(), {}, '{}', {}, {}.{:03}, {})", i == 1 ? "" : ",", i,
                         text_.Token(8), text_.Between(1, 30), text_.Between(1, 200), text_.Between(0, 999),
                         text_.Chance(20) ? "NULL" : fmt::format("{}e-4", text_.Between(1, 1000000)));
  }
  Add(std::move(lines));
  Add(fmt::format("UPDATE customers SET credit = credit - {} WHERE id = {}", text_.Between(1, 50), customer));
}

void TransactionMix::AdvanceOrders(const Extents& extents) {
  const uint64_t first = Recent(extents.orders);
  Add(fmt::format("UPDATE orders SET status = {}, total = total + 0.01 WHERE id BETWEEN {} AND {}",
                  text_.Between(1, 5), first, first + text_.Between(0, 6)));
}

void TransactionMix::RenumberLines(const Extents& extents) {
  // The key of every line changes, through a range nobody uses and back by a random step.
  Add(fmt::format(
      "UPDATE order_lines SET line_no = (line_no + {}) % 60000 WHERE order_id = {} ORDER BY line_no DESC",
      text_.Between(100, 2000), Recent(extents.orders)));
}

void TransactionMix::DeleteOrders(const Extents& extents) {
  const uint64_t first = Recent(extents.orders);
  Add(fmt::format("DELETE FROM orders WHERE id BETWEEN {} AND {}", first, first + text_.Between(0, 3)));
}

void TransactionMix::NewCustomer(const Extents&) {
  Add(fmt::format(
      "INSERT INTO customers (email, name, credit, note) VALUES ('{}.{}.{}@example.org', '{}', {}, {})",
      text_.Token(5), stream_, ++emails_, text_.Words(2), text_.Between(0, 2000),
      text_.Chance(50) ? "NULL" : "'" + text_.Words(12) + "'"));
}

void TransactionMix::ChangeCustomer(const Extents& extents) {
  const uint64_t customer = Recent(extents.customers);
  switch (text_.Between(0, 3)) {
    case 0:
      Add(fmt::format("UPDATE customers SET email = '{}.{}.{}@example.net' WHERE id = {}", text_.Token(4),
                      stream_, ++emails_, customer));
      return;
    case 1: {
      // Two customers exchange their addresses.
      const uint64_t other = Recent(extents.customers);
      if (other == customer) return;
      Add(
          fmt::format("SET @a = (SELECT email FROM customers WHERE id = {}),"
                      " @b = (SELECT email FROM customers WHERE id = {})",
                      customer, other));
      Add(fmt::format(
          "UPDATE customers SET email = CONCAT('swap.', id, '.', UUID()) WHERE id = {} AND @b IS NOT NULL",
          customer));
      Add(fmt::format("UPDATE customers SET email = @a WHERE id = {} AND @a IS NOT NULL", other));
      Add(fmt::format("UPDATE customers SET email = @b WHERE id = {} AND @b IS NOT NULL", customer));
      return;
    }
    default:
      Add(fmt::format("UPDATE customers SET credit = credit + {}, note = '{}' WHERE id = {}",
                      text_.Between(1, 100), text_.Words(6), customer));
  }
}

void TransactionMix::DeleteCustomer(const Extents& extents) {
  const uint64_t customer = text_.Between(1, extents.customers);
  if (text_.Chance(50)) {
    // An order changes hands before its old owner goes: it must survive the cascade.
    Add(fmt::format("UPDATE orders SET customer_id = {} WHERE customer_id = {} LIMIT 1",
                    Recent(extents.customers), customer));
  }
  Add(fmt::format("DELETE FROM customers WHERE id = {}", customer));
}

void TransactionMix::AppendEvents(const Extents& extents) {
  std::string statement = extents.events_have_channel
                              ? "INSERT INTO events (kind, payload, flags, happened_at, channel) VALUES "
                              : "INSERT INTO events (kind, payload, flags, happened_at) VALUES ";
  const uint64_t count = text_.Between(1, 12);
  for (uint64_t i = 0; i < count; ++i) {
    statement +=
        fmt::format("{}({}, {}, {}, NOW(6)", i == 0 ? "" : ",", text_.Between(0, 9),
                    text_.BytesLiteral(static_cast<unsigned>(text_.Between(0, 120))), text_.Between(0, 2047));
    statement += extents.events_have_channel ? fmt::format(", '{}')", text_.Words(1)) : ")";
  }
  Add(std::move(statement));
}

void TransactionMix::DeleteEvents(const Extents& extents) {
  const uint64_t first = text_.Between(1, extents.events);
  Add(fmt::format("DELETE FROM events WHERE id BETWEEN {} AND {}", first, first + text_.Between(0, 25)));
}

void TransactionMix::WriteDocument(const Extents& extents) {
  const size_t bytes = text_.Chance(10) ? text_.Between(100000, 400000) : text_.Between(200, 20000);
  const uint64_t document = text_.Between(1, extents.documents);
  switch (text_.Between(0, 3)) {
    case 0:
      Add(
          fmt::format("INSERT INTO documents (customer_id, title, body) VALUES"
                      " ((SELECT id FROM customers WHERE id = {}), '{}', '{}')",
                      Recent(extents.customers), text_.Words(4), text_.Body(bytes)));
      return;
    case 1:
      Add(fmt::format("DELETE FROM documents WHERE id = {}", document));
      return;
    case 2:
      Add(fmt::format("UPDATE documents SET title = '{}', revision = revision + 1 WHERE id = {}",
                      text_.Words(5), document));
      return;
    default:
      Add(fmt::format("UPDATE documents SET body = '{}', revision = revision + 1 WHERE id = {}",
                      text_.Body(bytes), document));
  }
}

void TransactionMix::Audit(const Extents&) {
  const std::string who = text_.Chance(10) ? "NULL" : "'" + text_.Words(1) + "'";
  switch (text_.Between(0, 5)) {
    case 0:
      Add(fmt::format("UPDATE audit SET amount = COALESCE(amount, 0) * 1.5 + 0.1 WHERE who = '{}' LIMIT 2",
                      text_.Words(1)));
      return;
    case 1:
      Add(fmt::format("DELETE FROM audit WHERE what = 'opening {}' LIMIT 1", text_.Between(0, 49)));
      return;
    default:
      Add(fmt::format("INSERT INTO audit VALUES (NOW(6), {}, '{}', {}.25)", who, text_.Words(3),
                      text_.Between(0, 999)));
  }
}

void TransactionMix::ChangeSetting(const Extents&) {
  const uint64_t number = text_.Between(1, 700);
  const std::string scope = fmt::format("scope{}", number % 20);
  const std::string name = fmt::format("Name {}", number);
  switch (text_.Between(0, 5)) {
    case 0:
      Add(fmt::format("REPLACE INTO settings (scope, name, value) VALUES ('{}', '{}', '{}')", scope, name,
                      text_.Words(5)));
      return;
    case 1:
      // Only the letters' case changes: the same key for the collation, other bytes.
      Add(fmt::format("UPDATE settings SET name = {}(name) WHERE scope = '{}' AND name = '{}'",
                      text_.Chance(50) ? "UPPER" : "LOWER", scope, name));
      return;
    case 2:
      Add(fmt::format("UPDATE IGNORE settings SET scope = 'scope{}' WHERE scope = '{}' AND name = '{}'",
                      text_.Between(0, 19), scope, name));
      return;
    case 3:
      Add(fmt::format("DELETE FROM settings WHERE scope = '{}' AND name = '{}'", scope, name));
      return;
    default:
      Add(
          fmt::format("INSERT INTO settings (scope, name, value) VALUES ('{}', '{}', '{}')"
                      " ON DUPLICATE KEY UPDATE value = VALUES(value), version = version + 1",
                      scope, name, text_.Words(3)));
  }
}

void TransactionMix::SwapSeats(const Extents&) {
  const uint64_t a = text_.Between(1, kSeats);
  const uint64_t b = text_.Between(1, kSeats);
  if (a == b) return;
  // The lower seat is locked first; the values go round through NULL.
  Add(fmt::format("SET @a = NULL, @b = NULL"));
  Add(
      fmt::format("SELECT MAX(IF(id = {}, passenger, NULL)), MAX(IF(id = {}, passenger, NULL)) INTO @a, @b"
                  " FROM seats WHERE id IN ({}, {}) FOR UPDATE",
                  a, b, a, b));
  Add(fmt::format("UPDATE seats SET passenger = NULL WHERE id = {}", a));
  Add(fmt::format("UPDATE seats SET passenger = @a WHERE id = {}", b));
  Add(fmt::format("UPDATE seats SET passenger = @b WHERE id = {}", a));
}

void TransactionMix::RenameWarehouse(const Extents&) {
  Add(fmt::format("UPDATE IGNORE warehouses SET code = 'wh-{}' WHERE slot = {}", text_.Token(4),
                  text_.Between(1, kWarehouses)));
}

void TransactionMix::MoveStock(const Extents&) {
  Add(fmt::format("UPDATE stock SET quantity = quantity + {} WHERE sku = 'sku-{}'", text_.Between(1, 9),
                  text_.Between(0, 29)));
}

void TransactionMix::Scratch(const Extents&) {
  Add(fmt::format("INSERT INTO scratch (word) VALUES ('{}'), ('{}')", text_.Words(2), text_.Words(3)));
}

void TransactionMix::ManyRows(const Extents& extents) {
  const uint64_t first = text_.Between(1, extents.events);
  Add(fmt::format("UPDATE events SET kind = (kind + 1) % 100, flags = flags ^ 5 WHERE id BETWEEN {} AND {}",
                  first, first + text_.Between(50, 250)));
}

}  // namespace srdf::loadgen
