// The test tool itself: what it says it has damaged is what differs, on real servers, and nothing else does.
#include "support/corrupter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/mariadb_server.h"
#include "support/vault.h"

namespace srdf::test {
namespace {

constexpr uint64_t kRows = 1000;
constexpr uint64_t kSeed = 11;

class CorrupterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = MariaDbServer::Start();
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = server->release();
  }
  static void TearDownTestSuite() { delete server_; }

  void SetUp() override {
    connection_ = server_->ConnectOrDie();
    for (const std::string& statement : VaultSchema()) Run(statement);
    for (const std::string& statement : VaultRows(1, kRows, kSeed)) Run(statement);
  }
  void Run(const std::string& statement) {
    const Status status = connection_->Execute(statement);
    ASSERT_TRUE(status.ok()) << status.ToString() << ": " << statement.substr(0, 200);
  }

  // Every row as the bytes that are stored, with its table, sorted; and its number.
  using Rows = std::vector<std::pair<std::string, uint64_t>>;
  Rows Contents() {
    static const std::map<std::string, std::string> kNumbers = {
        {"accounts", "id"},
        {"prices", "item"},
        {"words", "SUBSTR(word, -9)"},
        {"files", "CONV(HEX(SUBSTR(hash, 5)), 16, 10)"},
        {"readings", "n"}};
    Rows rows;
    for (const auto& [table, number] : kNumbers) {
      const std::string columns = table == "accounts"
                                      ? "id, HEX(name), balance, ratio, weight + 0e0, HEX(note), seen"
                                  : table == "words"    ? "HEX(word), HEX(meaning), seen"
                                  : table == "files"    ? "HEX(hash), HEX(body), HEX(meta), size"
                                  : table == "readings" ? "n, at, value, raw + 0e0, HEX(tag)"
                                                        : "item, HEX(region), amount, changes";
      const auto found =
          connection_->Query(fmt::format("SELECT {}, {} FROM vault.{}", number, columns, table));
      EXPECT_TRUE(found.ok()) << found.status().ToString();
      for (const engine_mariadb::ResultRow& row : *found) {
        std::string text = table;
        for (size_t i = 1; i < row.size(); ++i) text += "|" + row[i].value_or("NULL");
        rows.emplace_back(text, std::stoull(row[0].value_or("0")));
      }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // The numbers of rows that one of the two has more often, by table.
  static std::set<std::pair<std::string, uint64_t>> Different(const Rows& a, const Rows& b) {
    Rows different;
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(different));
    std::set<std::pair<std::string, uint64_t>> out;
    for (const auto& [text, number] : different) out.emplace(text.substr(0, text.find('|')), number);
    return out;
  }

  static MariaDbServer* server_;
  std::unique_ptr<engine_mariadb::Connection> connection_;
};
MariaDbServer* CorrupterTest::server_ = nullptr;

TEST_F(CorrupterTest, WhatItSaysIsWhatDiffersAndNothingElse) {
  const Rows before = Contents();
  ASSERT_GT(before.size(), 5 * kRows) << "some rows of the table without a key are there several times";
  Corrupter corrupter(connection_.get(), kRows, kSeed);
  const auto corruptions = corrupter.Corrupt(200);
  ASSERT_TRUE(corruptions.ok()) << corruptions.status().ToString();
  std::set<std::pair<std::string, uint64_t>> said;
  std::set<CorruptionKind> kinds;
  for (const Corruption& corruption : *corruptions) {
    kinds.insert(corruption.kind);
    for (const uint64_t number : corruption.numbers) {
      EXPECT_EQ(number % 2, 0u) << corruption.what;
      EXPECT_TRUE(said.emplace(corruption.table, number).second) << corruption.what << " was damaged twice";
    }
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(kCorruptionKinds));
  EXPECT_EQ(Different(before, Contents()), said);
}

TEST_F(CorrupterTest, TheLoadWritesAllTablesAndNeverAQuietRow) {
  const auto quiet = [](Rows rows) {
    rows.erase(std::remove_if(rows.begin(), rows.end(), [](const auto& row) { return row.second % 2 == 1; }),
               rows.end());
    return rows;
  };
  const Rows before = Contents();
  VaultLoad load([] { return server_->Connect(); }, kRows, kSeed, 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (load.transactions() < 300 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const auto transactions = load.Stop();
  ASSERT_TRUE(transactions.ok()) << transactions.status().ToString();
  EXPECT_GE(*transactions, 300u);
  const Rows after = Contents();
  EXPECT_EQ(quiet(before), quiet(after));
  std::set<std::string> written;
  for (const auto& [table, number] : Different(before, after)) written.insert(table);
  EXPECT_EQ(written.size(), std::size(kVaultTables));
}

TEST(VaultNumberText, NumbersAreReadFromKeyImages) {
  EXPECT_EQ(VaultNumber("accounts", std::string("\x02\x01\x00\x00", 4)), 258u);
  EXPECT_EQ(VaultNumber("words", "\x0eWord-000000042"), 42u);
  EXPECT_EQ(VaultNumber("files", std::string("\x0c\0\0\0\0\0\0\0\0\0\0\x01\x02", 13)), 258u);
  EXPECT_EQ(VaultNumber("readings", std::string("\xe0\x07\x00\x00\x00 rest", 10)), 7u);
  EXPECT_EQ(VaultNumber("files", "short"), std::nullopt);
}

}  // namespace
}  // namespace srdf::test
