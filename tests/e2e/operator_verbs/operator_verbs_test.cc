// What an operator can ask of a running flow.
#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class OperatorVerbs : public MeshTest {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(StartServers()); }

  void CreateTable() {
    ASSERT_OK(source_->Execute({"CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, n INT)"}));
  }
  void Run(const std::vector<std::string>& command) {
    const CommandResult result = mesh_->Ctl(command);
    ASSERT_EQ(result.exit_code, 0) << result.output << result.errors;
  }
  void ExpectInWindow(int transactions) {
    EXPECT_TRUE(Eventually(seconds(30), [&] {
      const nlohmann::json flow = FlowStatus();
      return flow.contains("window") && flow["window"].is_object() &&
             flow["window"].value("transactions", 0) == transactions;
    })) << mesh_->Ctl({"status"}).output;
  }
  std::string RowsAtTarget() { return *target_->Value("SELECT COUNT(*) FROM app.t"); }
};

TEST_F(OperatorVerbs, PausedFlowGathersWagonsUntilResumed) {
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ASSERT_NO_FATAL_FAILURE(Run({"flow", "pause", "e2e"}));
  ASSERT_NO_FATAL_FAILURE(ExpectState("paused"));
  const int64_t before = OutboxNumber("SELECT MAX(sequence) FROM wagon");
  ASSERT_OK(source_->Execute({"INSERT INTO app.t VALUES (1, 1), (2, 2)"}));
  ASSERT_TRUE(
      Eventually(seconds(30), [&] { return OutboxNumber("SELECT MAX(sequence) FROM wagon") > before; }));
  EXPECT_EQ(RowsAtTarget(), "0");

  // A pause outlives the processes.
  ASSERT_OK(mesh_->Kill("shipper"));
  ASSERT_NO_FATAL_FAILURE(ExpectState("paused"));
  EXPECT_EQ(RowsAtTarget(), "0");

  ASSERT_NO_FATAL_FAILURE(Run({"flow", "resume", "e2e"}));
  ExpectEqual(seconds(60));
  EXPECT_EQ(RowsAtTarget(), "2");
}

TEST_F(OperatorVerbs, SealSendsAnOpenWindow) {
  ASSERT_NO_FATAL_FAILURE(StartMesh({{"batch_mode", "window"}, {"batch_max_age_seconds", "300"}}));
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  ASSERT_TRUE(Eventually(seconds(30), [&] { return target_->Value("SELECT COUNT(*) FROM app.t").ok(); }))
      << "DDL closes the window";
  // Right after DDL nothing is merged: what capture knows of the table does not hold yet. One wagon later it
  // does.
  ASSERT_OK(source_->Execute({"INSERT INTO app.t VALUES (1, 1)"}));
  ASSERT_NO_FATAL_FAILURE(ExpectInWindow(1));
  ASSERT_NO_FATAL_FAILURE(Run({"flow", "seal", "e2e"}));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));

  ASSERT_OK(source_->Execute({"INSERT INTO app.t VALUES (2, 1)", "UPDATE app.t SET n = 2 WHERE id = 2",
                              "UPDATE app.t SET n = 3 WHERE id = 2"}));
  ASSERT_NO_FATAL_FAILURE(ExpectInWindow(3));
  EXPECT_EQ(RowsAtTarget(), "1");
  ASSERT_NO_FATAL_FAILURE(Run({"flow", "seal", "e2e"}));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));
  EXPECT_EQ(OutboxNumber("SELECT transactions * 10 + rows_after FROM wagon ORDER BY sequence DESC LIMIT 1"),
            31)
      << "three transactions, one row after compaction";
  const CommandResult reason =
      mesh_->Sqlite("outbox.db", "SELECT seal_reason FROM wagon ORDER BY sequence DESC LIMIT 1");
  EXPECT_EQ(reason.output, "manual\n");
}

TEST_F(OperatorVerbs, WagonsCanBeListedAndRead) {
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  ASSERT_OK(source_->Execute({"INSERT INTO app.t VALUES (4242, 17)"}));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));
  const CommandResult list = mesh_->Ctl({"wagon", "list", "--output", "json"});
  ASSERT_EQ(list.exit_code, 0) << list.errors;
  const nlohmann::json wagons = nlohmann::json::parse(list.output, nullptr, false);
  ASSERT_FALSE(wagons.is_discarded()) << list.output;
  const CommandResult uid =
      mesh_->Sqlite("outbox.db", "SELECT uid FROM wagon ORDER BY sequence DESC LIMIT 1");
  const std::string newest = uid.output.substr(0, uid.output.find('\n'));
  EXPECT_NE(list.output.find(newest), std::string::npos) << list.output;
  const CommandResult show = mesh_->Ctl({"wagon", "show", newest, "--json", "rows"});
  EXPECT_EQ(show.exit_code, 0) << show.errors;
  EXPECT_NE(show.output.find("4242"), std::string::npos) << show.output;
}

TEST_F(OperatorVerbs, DownStopsInOrderAndUpGoesOn) {
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  BackgroundLoad load(Load(0, 200));
  ASSERT_TRUE(Eventually(seconds(30), [&] { return OutboxNumber("SELECT COUNT(*) FROM wagon") > 20; }));
  ASSERT_OK(mesh_->Down());
  for (const std::string& service : kServices) EXPECT_EQ(mesh_->Pid(service), 0) << service;
  ASSERT_OK(mesh_->Up());
  ASSERT_OK(load.Stop().status());
  ExpectEqual();
}

}  // namespace
}  // namespace srdf::test
