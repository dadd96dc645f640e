// A target is damaged in every way that comparisons overlook, while a load writes: verify finds exactly what
// was damaged, repair mends it, and nothing is ever reported that is only lag.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "e2e/support/mesh_test.h"
#include "support/corrupter.h"
#include "support/vault.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr uint64_t kRows = 1500;
constexpr int kCorruptions = 200;
constexpr uint64_t kLoadRate = 100;

using Row = std::pair<std::string, uint64_t>;  // table, number

class VerifyRepair : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    for (MariaDbServer* server : {source_.get(), target_.get()}) {
      ASSERT_OK(server->Execute(VaultSchema()));
      ASSERT_OK(server->Execute(VaultRows(1, kRows, seed())));
    }
    MeshOptions options;
    options.source = source_.get();
    options.target = target_.get();
    options.may_copy = true;
    auto mesh = Mesh::Create(options);
    ASSERT_OK(mesh.status());
    mesh_ = std::move(*mesh);
    ASSERT_OK(mesh_->Up());
  }

  std::string ReportPath() const { return mesh_->directory() + "/verify.json"; }

  // `srdfctl verify`, with its report.
  CommandResult Verify(nlohmann::json* report) {
    (void)std::remove(ReportPath().c_str());
    CommandResult result = mesh_->Ctl({"verify", "e2e", "--report", ReportPath()});
    std::ifstream in(ReportPath());
    *report = nlohmann::json::parse(in, nullptr, false);
    return result;
  }

  static std::string FromHex(const std::string& hex) {
    std::string out;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
      out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return out;
  }

  // The lines of an undo file, without the first and the last, which say that it is whole.
  static std::vector<nlohmann::json> UndoLines(const std::string& path) {
    std::ifstream in(path);
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(in, line);) {
      lines.push_back(nlohmann::json::parse(line, nullptr, false));
      EXPECT_TRUE(lines.back().is_object()) << line;
    }
    EXPECT_GE(lines.size(), 2u);
    if (lines.size() < 2) return {};
    EXPECT_EQ(lines.front().value("format", ""), "srdf-repair-undo");
    EXPECT_EQ(lines.back(), nlohmann::json({{"end", true}}));
    return {lines.begin() + 1, lines.end() - 1};
  }

  // What the report says of each row.
  static std::map<Row, std::set<std::string>> Findings(const nlohmann::json& report) {
    std::map<Row, std::set<std::string>> out;
    for (const nlohmann::json& table : report.at("tables")) {
      const std::string name = table.at("table");
      EXPECT_EQ(table.at("database"), "vault");
      for (const nlohmann::json& row : table.at("rows")) {
        const auto number =
            VaultNumber(name, FromHex(row.value(name == "readings" ? "image" : "key_image", "")));
        EXPECT_TRUE(number.has_value()) << row.dump();
        out[{name, number.value_or(0)}].insert(row.at("finding"));
      }
    }
    return out;
  }

  // Each row that was found is there as it was at the target, or is said to have been absent.
  static void ExpectUndone(const std::vector<nlohmann::json>& lines,
                           const std::map<Row, std::set<std::string>>& found) {
    std::set<Row> there;
    std::set<Row> absent;
    std::string table;
    for (const nlohmann::json& line : lines) {
      if (line.contains("schema")) {
        table = line.at("table");
        continue;
      }
      const auto number =
          VaultNumber(table, FromHex(line.value(table == "readings" ? "image" : "key_image", "")));
      ASSERT_TRUE(number.has_value()) << line.dump();
      const bool was_there = !line.value("absent", false) && line.value("copies", 1) > 0;
      (was_there ? there : absent).insert({table, *number});
      if (was_there) {
        EXPECT_FALSE(line.value("image", "").empty()) << line.dump();
        EXPECT_FALSE(line.value("row", "").empty()) << line.dump();
      }
    }
    for (const auto& [row, words] : found) {
      EXPECT_TRUE(words.count("missing") == 0 ? there.count(row) == 1
                                              : there.count(row) + absent.count(row) > 0)
          << row.first << " " << row.second << " " << ::testing::PrintToString(words);
    }
  }

  static bool Fits(CorruptionKind kind, const std::set<std::string>& words) {
    using Words = std::set<std::string>;
    switch (kind) {
      case CorruptionKind::kMissingRow:
        return words == Words{"missing"};
      case CorruptionKind::kExtraRow:
        return words == Words{"extra"};
      case CorruptionKind::kKeyCase:  // one key for the server, two for whoever compares bytes
        return words == Words{"different"} || words == Words{"missing", "extra"};
      case CorruptionKind::kKeylessSwap:
        return words == Words{"missing", "extra"};
      case CorruptionKind::kKeylessMissing:
        return words == Words{"missing"};
      case CorruptionKind::kKeylessExtra:
        return words == Words{"extra"};
      default:
        return words == Words{"different"};
    }
  }
};

TEST_F(VerifyRepair, EveryDamagedRowIsFoundAndMendedUnderLoadAndNoneIsInvented) {
  VaultLoad load([this] { return source_->Connect(); }, kRows, seed(), kLoadRate);
  nlohmann::json report;
  const auto until = steady_clock::now() + seconds(Seconds(5));
  int verified = 0;
  do {
    const CommandResult equal = Verify(&report);
    ASSERT_EQ(equal.exit_code, 0) << equal.output << equal.errors;
    ++verified;
  } while (steady_clock::now() < until);
  std::cout << verified << " comparisons under load found nothing" << std::endl;

  const auto root = target_->ConnectOrDie();
  const auto corruptions = Corrupter(root.get(), kRows, seed()).Corrupt(kCorruptions);
  ASSERT_OK(corruptions.status());
  std::map<Row, const Corruption*> damaged;
  for (const Corruption& corruption : *corruptions) {
    for (const uint64_t number : corruption.numbers) damaged[{corruption.table, number}] = &corruption;
  }

  const CommandResult different = Verify(&report);
  ASSERT_EQ(different.exit_code, 1) << different.output << different.errors;
  ASSERT_TRUE(report.is_object());
  const auto found = Findings(report);
  for (const auto& [row, corruption] : damaged) {
    const auto finding = found.find(row);
    ASSERT_TRUE(finding != found.end()) << "not found: " << corruption->what;
    EXPECT_TRUE(Fits(corruption->kind, finding->second))
        << corruption->what << ": " << ::testing::PrintToString(finding->second);
  }
  for (const auto& [row, words] : found) {
    EXPECT_EQ(damaged.count(row), 1u)
        << "invented: vault." << row.first << " " << row.second << " " << ::testing::PrintToString(words);
  }

  const std::string undo = mesh_->directory() + "/undo";
  const CommandResult repaired =
      mesh_->Ctl({"repair", "e2e", "--from-report", ReportPath(), "--yes", "--undo", undo});
  ASSERT_EQ(repaired.exit_code, 0) << repaired.output << repaired.errors;
  ExpectUndone(UndoLines(undo), found);

  const CommandResult mended = Verify(&report);
  EXPECT_EQ(mended.exit_code, 0) << mended.output << mended.errors;
  const auto transactions = load.Stop();
  ASSERT_OK(transactions.status());
  std::cout << *transactions << " transactions of load" << std::endl;
  EXPECT_GT(*transactions, 100u);
  ExpectEqual();
}

// The report names row 1 alone. Its copy takes the place of what has its value at the target, row 500: so
// that row has to be in the repair and in the undo file as well.
TEST_F(VerifyRepair, ARowInTheWayOfAnotherIsRepairedWithItAndNotLost) {
  ASSERT_OK(
      source_->Execute({"USE vault", "CREATE TABLE vault.seats (id INT PRIMARY KEY, seat VARCHAR(20) UNIQUE)",
                        "INSERT INTO vault.seats SELECT seq, CONCAT('s', seq) FROM seq_1_to_1000"}));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  nlohmann::json all;
  EXPECT_EQ(Verify(&all).exit_code, 0);
  ASSERT_OK(target_->Execute(
      {"UPDATE vault.seats SET seat='other' WHERE id=1", "UPDATE vault.seats SET seat='s1' WHERE id=500"}));
  const CommandResult part =
      mesh_->Ctl({"verify", "e2e", "--range", "vault.seats:1..100", "--report", ReportPath()});
  ASSERT_EQ(part.exit_code, 1) << part.output << part.errors;
  EXPECT_EQ(std::filesystem::status(ReportPath()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
      << "keys are in clear there";
  EXPECT_EQ(*target_->Value("SELECT scope FROM srdf.verification"), "all tables")
      << "what was found of all tables still holds";

  EXPECT_EQ(mesh_->Ctl({"verify", "e2e", "--range", "vault.seats:2..499"}).exit_code, 0);
  EXPECT_EQ(mesh_->Ctl({"verify", "e2e", "--range", "vault.seats:500..500"}).exit_code, 1);
  EXPECT_EQ(mesh_->Ctl({"verify", "e2e", "--range", "vault.seats:100..1"}).exit_code, 2);
  const CommandResult twice =
      mesh_->Ctl({"verify", "e2e", "--range", "vault.seats:1..2", "--range", "vault.seats:500..500"});
  EXPECT_EQ(twice.exit_code, 2) << twice.output;

  const std::string undo = mesh_->directory() + "/undo";
  const CommandResult repaired =
      mesh_->Ctl({"repair", "e2e", "--from-report", ReportPath(), "--yes", "--undo", undo});
  EXPECT_EQ(repaired.exit_code, 0) << repaired.output << repaired.errors;
  std::set<std::string> keys;
  for (const nlohmann::json& line : UndoLines(undo)) keys.insert(line.value("key", ""));
  EXPECT_EQ(keys, (std::set<std::string>{"", "id=1", "id=500"}));
  const CommandResult nothing =
      mesh_->Ctl({"repair", "e2e", "--from-report", ReportPath(), "--yes", "--output", "json"});
  EXPECT_EQ(nothing.exit_code, 0) << nothing.errors;
  EXPECT_TRUE(nlohmann::json::accept(nothing.output)) << nothing.output;
  ASSERT_OK(source_->Execute({"UPDATE vault.seats SET seat='moved' WHERE id=500"}));
  ExpectEqual();
}

}  // namespace
}  // namespace srdf::test
