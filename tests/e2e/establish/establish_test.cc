// A target without anything is established while its source is written to: by one command, without a lock,
// and over the death of every service and of both servers.
//
// SRDF_ESTABLISH_ROWS: rows in all tables together (scripts/soak establish --rows).
#include <fmt/format.h>

#include <future>
#include <iostream>
#include <random>

#include "e2e/establish/copied_tables.h"
#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::milliseconds;

class Establish : public MeshTest {
 protected:
  void SetUp() override {
    if (Rows(0) >= 1'000'000) buffer_pool_size_ = "2G";
  }
  static uint64_t Rows(uint64_t otherwise) {
    const char* chosen = std::getenv("SRDF_ESTABLISH_ROWS");
    return chosen == nullptr ? otherwise : std::strtoull(chosen, nullptr, 10);
  }

  // A mesh whose flow was never started.
  void StartNewFlow(const std::map<std::string, std::string>& environment = {}) {
    MeshOptions options{source_.get(), target_.get(), "e2e", {}, environment};
    options.restart_pause = milliseconds(200);
    options.may_copy = true;
    options.init_flow = false;
    auto mesh = Mesh::Create(options);
    ASSERT_OK(mesh.status());
    mesh_ = std::move(mesh).value();
    ASSERT_OK(mesh_->Up());
  }

  // `srdfctl establish --yes` until it succeeds, as an operator would who sees it fail because something
  // died.
  CommandResult EstablishUntilDone(std::atomic<bool>* done) {
    CommandResult last;
    for (int i = 0; i < 200; ++i) {
      // Of a few rows small pieces, so that the copy lasts for some deaths.
      last = std::getenv("SRDF_ESTABLISH_ROWS") != nullptr
                 ? mesh_->Ctl({"establish", "e2e", "--yes"})
                 : mesh_->Ctl({"establish", "e2e", "--yes", "--chunk-bytes", "64kb"});
      if (last.exit_code == 0) break;
      std::this_thread::sleep_for(milliseconds(500));
    }
    *done = true;
    return last;
  }
};

TEST_F(Establish, TakesNoLockAndEndsEqualUnderLoad) {
  ASSERT_NO_FATAL_FAILURE(
      StartServers({"performance_schema=ON", "performance_schema_instrument='transaction=ON'",
                    "performance_schema_instrument='wait/lock/%=ON'",
                    "performance_schema_consumer_events_waits_current=ON",
                    "performance_schema_consumer_events_statements_current=ON",
                    "performance_schema_consumer_events_transactions_current=ON"}));
  const uint64_t rows = Rows(30000);
  ASSERT_OK(MakeCopiedTables(*source_, rows));
  ASSERT_NO_FATAL_FAILURE(StartNewFlow());
  CopiedTablesWriter writer(*source_, rows, 200, seed());
  const CommandResult established = mesh_->Ctl({"establish", "e2e", "--yes"});
  ASSERT_EQ(established.exit_code, 0) << established.output << established.errors << Problems();
  const uint64_t transactions = writer.Stop();
  EXPECT_GT(transactions, 10u);
  ExpectEqual();

  // What the server itself says of the user that reads: the longest that a statement of it waited for or held
  // a table lock, in picoseconds, and the rows it locked.
  const auto lock = source_->Value(
      "SELECT MAX(max_timer_wait) / 1e12 FROM performance_schema.table_lock_waits_summary_by_table"
      " WHERE object_schema = 'copied'");
  ASSERT_OK(lock.status());
  EXPECT_LT(std::stod(*lock), 1.0) << "seconds";
  // The longest that anybody waited for a metadata lock: what a snapshot holds of a table while it reads it.
  // A table without a key is read at once, so that statements about it wait for that when it is large.
  const auto metadata = source_->Value(
      "SELECT COALESCE(MAX(max_timer_wait) / 1e12, 0) FROM "
      "performance_schema.events_waits_summary_global_by_event_name WHERE event_name = "
      "'wait/lock/metadata/sql/mdl'");
  ASSERT_OK(metadata.status());
  if (rows < 1'000'000) {
    EXPECT_LT(std::stod(*metadata), 1.0) << "seconds";
  }
  const auto lock_tables = source_->Value(
      "SELECT COALESCE(SUM(count_star), 0) FROM "
      "performance_schema.events_statements_summary_by_user_by_event_name"
      " WHERE user = 'srdf' AND event_name IN ('statement/sql/lock_tables', 'statement/sql/flush',"
      " 'statement/sql/backup', 'statement/sql/backup_lock')");
  ASSERT_OK(lock_tables.status());
  EXPECT_EQ(*lock_tables, "0");
  const auto row_locks = source_->Value(
      "SELECT variable_value FROM information_schema.global_status WHERE variable_name = "
      "'Innodb_row_lock_time_max'");
  ASSERT_OK(row_locks.status());
  std::cout << "slowest write " << writer.slowest_seconds() << " s, longest table lock " << *lock
            << " s, longest wait for a metadata lock " << *metadata << " s, longest row lock wait "
            << *row_locks << " ms" << std::endl;
  EXPECT_LT(std::stod(*row_locks), 1000);
}

TEST_F(Establish, GoesOnOverTheDeathOfEveryServiceAndOfBothServers) {
  std::mt19937_64 random(seed());
  ASSERT_NO_FATAL_FAILURE(StartServers());
  const uint64_t rows = Rows(120000);
  ASSERT_OK(MakeCopiedTables(*source_, rows));
  ASSERT_NO_FATAL_FAILURE(StartNewFlow());
  CopiedTablesWriter writer(*source_, rows, 100, seed());
  std::atomic<bool> done{false};
  auto established = std::async(std::launch::async, [&] { return EstablishUntilDone(&done); });
  const auto copying = [&] {
    const auto state =
        target_->Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'copied'");
    return state.ok() && *state != "0";
  };
  EXPECT_TRUE(Eventually(std::chrono::seconds(120), [&] { return done || copying(); }));

  std::vector<std::string> victims = {"capture", "batcher",       "shipper",      "receiver",
                                      "applier", "source server", "target server"};
  std::map<std::string, int> kills;
  std::shuffle(victims.begin(), victims.end(), random);
  for (const std::string& victim : victims) {
    // The fault's moment is random; nothing is waited for here. The first comes at once, while all rows are
    // still to be copied.
    if (!kills.empty() || done) std::this_thread::sleep_for(milliseconds(random() % 1500));
    MariaDbServer* server = victim == "source server" ? source_.get() : target_.get();
    if (victim.find("server") != std::string::npos) {
      server->Kill();
      ASSERT_OK(server->Restart());
    } else {
      ASSERT_OK(mesh_->Kill(victim));
    }
    if (!done) ++kills[victim];
  }
  const CommandResult last = established.get();
  ASSERT_EQ(last.exit_code, 0) << last.output << last.errors << Problems();
  const uint64_t transactions = writer.Stop();
  std::cout << kills.size() << " of " << victims.size() << " died during the copy; " << transactions
            << " transactions" << std::endl;
  EXPECT_GT(kills.size(), 0u);
  ExpectEqual();
}

}  // namespace
}  // namespace srdf::test
