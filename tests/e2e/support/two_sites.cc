#include "e2e/support/two_sites.h"

#include <cstdlib>
#include <iostream>

namespace srdf::test {

void TwoSitesTest::StartSites(const std::map<std::string, std::string>& settings,
                              const std::vector<std::string>& lines) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  auto relay = TcpRelay::Start();
  ASSERT_OK(relay.status());
  relay_ = std::move(relay).value();

  MeshOptions options;
  options.source = source_.get();
  options.target = target_.get();
  options.settings = settings;
  options.lines = lines;
  options.site = "target";
  auto target_site = Mesh::Create(options);
  ASSERT_OK(target_site.status());
  mesh_ = std::move(target_site).value();
  relay_->SetServer(mesh_->grpc_port("receiver"));

  options.site = "source";
  options.beside = mesh_.get();
  options.addresses = {{"receiver", relay_->address()}};
  auto source_site = Mesh::Create(options);
  ASSERT_OK(source_site.status());
  source_site_ = std::move(source_site).value();
  ASSERT_OK(mesh_->Up());
  ASSERT_OK(source_site_->Up());
}

void TwoSitesTest::InsertNoise(int mebibytes) {
  std::vector<std::string> statements = {
      "CREATE DATABASE IF NOT EXISTS noise",
      "CREATE TABLE IF NOT EXISTS noise.bytes (id INT PRIMARY KEY AUTO_INCREMENT, data LONGBLOB)", "BEGIN"};
  for (int i = 0; i < mebibytes * 1024; ++i) {
    statements.push_back("INSERT INTO noise.bytes (data) VALUES (RANDOM_BYTES(1024))");
  }
  statements.push_back("COMMIT");
  ASSERT_OK(source_->Execute(statements));
}

std::string TwoSitesTest::Link() const {
  const nlohmann::json flow = FlowStatus();
  return flow.contains("delivery") && flow["delivery"].is_object() ? flow["delivery"].value("link", "unknown")
                                                                   : "unknown";
}

bool TwoSitesTest::WaitForLink(const std::string& state, std::chrono::seconds deadline) const {
  return Eventually(deadline, [&] { return Link() == state; });
}

int64_t TwoSitesTest::SourceOutbox(const std::string& query) const {
  const CommandResult result = source_site_->Sqlite("outbox.db", query);
  EXPECT_EQ(result.exit_code, 0) << query << ": " << result.errors;
  return std::strtoll(result.output.c_str(), nullptr, 10);
}

void TwoSitesTest::ExpectSourceNeverWaited(const loadgen::Report& report,
                                           std::chrono::milliseconds outage) const {
  EXPECT_GT(report.transactions, 0u);
  EXPECT_LT(report.slowest_commit_seconds, std::chrono::duration<double>(outage).count());
  const auto held = source_->Value(
      "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p"
      " ON p.id = t.trx_mysql_thread_id WHERE p.user = 'srdf'");
  ASSERT_OK(held.status());
  EXPECT_EQ(*held, "0");
  const auto semisync = source_->Value("SELECT @@GLOBAL.rpl_semi_sync_master_enabled");
  ASSERT_OK(semisync.status());
  EXPECT_EQ(*semisync, "0");
}

void TwoSitesTest::ExpectNothingWasGivenUp() const {
  EXPECT_EQ(SourceOutbox("SELECT COUNT(*) FROM dead_letter"), 0);
  EXPECT_EQ(
      SourceOutbox("SELECT COUNT(*) FROM delivery WHERE status IN ('dead_letter', 'skipped', 'failed')"), 0);
  // The target's own count: each wagon moved the checkpoint by one.
  const auto sequence = target_->Value("SELECT `sequence` FROM srdf.checkpoint WHERE flow = 'e2e'");
  ASSERT_OK(sequence.status());
  const int64_t applied = std::strtoll(sequence->c_str(), nullptr, 10);
  // Word of it comes back after the commit.
  EXPECT_TRUE(Eventually(std::chrono::seconds(20),
                         [&] { return SourceOutbox("SELECT applied_sequence FROM flow") == applied; }));
}

void TwoSitesTest::TearDown() {
  if (relay_ != nullptr) {
    std::cout << "line: " << relay_->Bytes(RelayWay::kToServer) << " bytes to the target, "
              << relay_->Bytes(RelayWay::kToClient) << " back, " << relay_->Connections() << " connections, "
              << relay_->Resets() << " reset" << std::endl;
    relay_->Heal();
  }
  source_site_.reset();
  MeshTest::TearDown();
}

}  // namespace srdf::test
