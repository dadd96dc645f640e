#include "loadgen/transaction_mix.h"

#include <gtest/gtest.h>

#include "loadgen/schema.h"

namespace srdf::loadgen {
namespace {

std::vector<std::string> Statements(uint64_t seed, unsigned stream, int transactions) {
  TransactionMix mix(seed, stream);
  std::vector<std::string> out;
  for (int i = 0; i < transactions; ++i) {
    for (std::string& statement : mix.Next({})) out.push_back(std::move(statement));
  }
  return out;
}

bool AnyContains(const std::vector<std::string>& statements, const std::string& part) {
  for (const std::string& statement : statements) {
    if (statement.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST(TransactionMix, SameSeedGivesTheSameStatements) {
  EXPECT_EQ(Statements(7, 1, 300), Statements(7, 1, 300));
}

TEST(TransactionMix, SeedsAndStreamsDiffer) {
  EXPECT_NE(Statements(7, 1, 20), Statements(8, 1, 20));
  EXPECT_NE(Statements(7, 1, 20), Statements(7, 2, 20));
}

TEST(TransactionMix, EveryTransactionIsWhole) {
  TransactionMix mix(3, 0);
  for (int i = 0; i < 2000; ++i) {
    const auto statements = mix.Next({});
    ASSERT_GE(statements.size(), 2u);
    EXPECT_EQ(statements.front(), "BEGIN");
    EXPECT_TRUE(statements.back() == "COMMIT" || statements.back() == "ROLLBACK") << statements.back();
    for (size_t k = 1; k + 1 < statements.size(); ++k) {
      EXPECT_NE(statements[k], "COMMIT");
      EXPECT_NE(statements[k], "ROLLBACK");
    }
  }
}

TEST(TransactionMix, EveryKindOfChangeComesUp) {
  const auto statements = Statements(11, 0, 5000);
  for (const char* part : {"UPDATE accounts",
                           "INSERT INTO orders",
                           "UPDATE orders",
                           "UPDATE order_lines",
                           "DELETE FROM orders",
                           "INSERT INTO customers",
                           "SET email",
                           "DELETE FROM customers",
                           "INSERT INTO events",
                           "DELETE FROM events",
                           "UPDATE events",
                           "INSERT INTO documents",
                           "UPDATE documents",
                           "DELETE FROM documents",
                           "INSERT INTO audit",
                           "UPDATE audit",
                           "DELETE FROM audit",
                           "REPLACE INTO settings",
                           "ON DUPLICATE KEY UPDATE",
                           "SET scope",
                           "UPPER(name)",
                           "UPDATE seats",
                           "warehouses SET code",
                           "UPDATE stock",
                           "INSERT INTO scratch",
                           "ROLLBACK TO SAVEPOINT",
                           "RELEASE SAVEPOINT"}) {
    EXPECT_TRUE(AnyContains(statements, part)) << part;
  }
}

TEST(TransactionMix, NewColumnIsUsedOnceItIsThere) {
  Extents extents;
  extents.events_have_channel = true;
  TransactionMix mix(5, 0);
  std::vector<std::string> all;
  for (int i = 0; i < 500; ++i) {
    for (std::string& statement : mix.Next(extents)) all.push_back(std::move(statement));
  }
  EXPECT_TRUE(AnyContains(all, ", channel)"));
  EXPECT_FALSE(AnyContains(Statements(5, 0, 500), "channel"));
}

TEST(Schema, FirstRowsDependOnTheSeedAlone) {
  EXPECT_EQ(FillStatements(1), FillStatements(1));
  EXPECT_NE(FillStatements(1), FillStatements(2));
}

}  // namespace
}  // namespace srdf::loadgen
