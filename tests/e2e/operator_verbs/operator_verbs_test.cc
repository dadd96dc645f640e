// What an operator can ask of a running flow.
#include <signal.h>

#include <algorithm>

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
  // What `srdfctl explain` says of a row.
  nlohmann::json Explain(std::vector<std::string> arguments, int exit_code) {
    arguments.insert(arguments.begin(), {"explain", "e2e", "--output", "json"});
    const CommandResult result = mesh_->Ctl(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.output << result.errors;
    nlohmann::json document = nlohmann::json::parse(result.output, nullptr, false);
    EXPECT_TRUE(document.is_object()) << result.output << result.errors;
    return document;
  }
  static int Words(const nlohmann::json& explanation, const std::string& word) {
    const nlohmann::json& changes = explanation.at("changes");
    return static_cast<int>(std::count_if(changes.begin(), changes.end(), [&](const nlohmann::json& change) {
      return change.at("change") == word;
    }));
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

// A key of every kind, as a person writes it.
TEST_F(OperatorVerbs, ExplainFindsARowByAKeyOfAnyType) {
  const std::vector<std::vector<std::string>> keys = {
      // type, value in SQL, as it is asked for, another row's
      {"DECIMAL(10,2)", "12.5", "012.50", "12.51"},
      {"DATETIME(3)", "'2026-01-31 12:00:05.25'", "2026-01-31 12:00:05.25", "2026-01-31 12:00:05.26"},
      {"TIMESTAMP", "'2026-01-31 12:00:05'", "2026-01-31T12:00:05", "2026-01-31"},
      {"TIME(1)", "'-01:02:03.5'", "-01:02:03.5", "01:02:03.5"},
      {"DATE", "'2026-01-31'", "2026-01-31", "2026-02-01"},
      {"ENUM('new','old')", "'old'", "old", "new"},
      {"BIT(10)", "513", "513", "512"},
      {"YEAR", "2026", "2026", "2027"},
      {"BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615", "-1"},
      {"DOUBLE", "0.1e0", "0.1", "0.10000000000000002"},
      {"FLOAT", "0.1e0", "0.1", "0.2"},
      {"VARCHAR(20) COLLATE utf8mb4_general_ci", "'It''s, A '", "'It''s, A '", "'it''s, A '"},
      {"CHAR(20) CHARACTER SET latin1", "_utf8mb4 x'c3a9'", "x'e9'", "x'e8'"},
      {"VARBINARY(20)", "x'006100'", "x'006100'", "x'0061'"},
      {"BINARY(4)", "x'6100'", "x'61'", "x'62'"},
      {"UUID", "'550e8400-e29b-41d4-a716-446655440000'", "550e8400-e29b-41d4-a716-446655440000",
       "550e8400-e29b-41d4-a716-446655440001"},
      {"INET6", "'2001:db8::1'", "2001:db8::1", "2001:db8::2"}};
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  std::vector<std::string> statements = {"CREATE DATABASE app", "SET time_zone = '+00:00'"};
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string table = "app.k" + std::to_string(i);
    statements.push_back("CREATE TABLE " + table + " (n INT, k " + keys[i][0] +
                         " NOT NULL, PRIMARY KEY (k))");
    statements.push_back("INSERT INTO " + table + " VALUES (1, " + keys[i][1] + ")");
  }
  const auto connection = source_->ConnectOrDie();
  for (const std::string& statement : statements) ASSERT_OK(connection->Execute(statement));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string row = "app.k" + std::to_string(i) + ":";
    const nlohmann::json found = Explain({"--key", row + keys[i][2]}, 0);
    EXPECT_EQ(Words(found, "insert"), 1) << keys[i][0] << " " << found.dump(1);
    EXPECT_EQ(Words(Explain({"--key", row + keys[i][3]}, 0), "insert"), 0) << keys[i][0] << ": another row";
  }
}

TEST_F(OperatorVerbs, ExplainTellsTheHistoryOfARow) {
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  const auto connection = source_->ConnectOrDie();
  for (const char* statement :
       {"INSERT INTO app.t VALUES (7, 1), (8, 1)", "UPDATE app.t SET n = 2 WHERE id = 7", "XA START 'x'",
        "UPDATE app.t SET n = 3 WHERE id = 7", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'",
        "UPDATE app.t SET id = 9 WHERE id = 7", "DELETE FROM app.t WHERE id = 8"}) {
    ASSERT_OK(connection->Execute(statement));
    // Each is a wagon of its own.
    if (std::string(statement).starts_with("XA")) continue;
    ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));
  }
  const nlohmann::json found = Explain({"--key", "app.t:7", "--values"}, 0);
  const nlohmann::json& changes = found.at("changes");
  std::vector<std::string> words;
  for (const nlohmann::json& change : changes) words.push_back(change.at("change"));
  ASSERT_GE(words.size(), 5u) << found.dump(1);
  EXPECT_EQ(words[0], "statement") << "CREATE TABLE names it";
  EXPECT_EQ(words[1], "insert");
  EXPECT_EQ(words[2], "update");
  EXPECT_EQ(changes[2].at("columns"), nlohmann::json({"n"}));
  EXPECT_EQ(changes[2].at("after").at("n"), 2);
  EXPECT_EQ(words[3], "update");
  EXPECT_NE(changes[3].value("xid", ""), "") << changes[3].dump(1);
  EXPECT_EQ(changes[3].value("outcome", "").rfind("xa_commit in wagon", 0), 0u) << changes[3].dump(1);
  for (const nlohmann::json& change : changes) {
    const nlohmann::json& wagon = change.at("wagon");
    EXPECT_EQ(wagon.at("status"), "applied");
    EXPECT_GT(wagon.at("applied_at_ms"), 0);
    EXPECT_TRUE(wagon.at("in_outbox") && wagon.at("in_inbox"));
  }
  EXPECT_GE(
      Words(Explain({"--key", "app.t:9"}, 0), "insert") + Words(Explain({"--key", "app.t:9"}, 0), "update"),
      1)
      << "the row is known under its new key";
  EXPECT_EQ(Words(Explain({"--key", "app.t:8"}, 0), "delete"), 1);
  EXPECT_EQ(Explain({"--key", "app.t:7", "--limit", "1"}, 0).at("changes").size(), 1u);
  EXPECT_EQ(Words(found, "insert"), 1);
  EXPECT_EQ(found.at("searched").at("not_asked").size(), 0u);

  // For people: values only when they are asked for.
  const CommandResult text = mesh_->Ctl({"explain", "e2e", "--key", "app.t:7"});
  EXPECT_NE(text.output.find("update of n"), std::string::npos) << text.output;
  EXPECT_EQ(text.output.find("before"), std::string::npos) << text.output;

  const CommandResult nothing = mesh_->Ctl({"explain", "e2e", "--key", "app.other:7"});
  EXPECT_EQ(nothing.exit_code, 1) << nothing.output;
  EXPECT_NE(nothing.output.find("0 changes of app.other:7 found in"), std::string::npos) << nothing.output;
  const CommandResult misfit = mesh_->Ctl({"explain", "e2e", "--key", "app.t:1,2"});
  EXPECT_EQ(misfit.exit_code, 1);
  EXPECT_NE(misfit.errors.find("the key of app.t is (id)"), std::string::npos) << misfit.errors;

  // The inbox answers for an outbox that does not.
  const pid_t shipper = mesh_->Pid("shipper");
  ASSERT_EQ(::kill(shipper, SIGSTOP), 0);
  const nlohmann::json inbox = Explain({"--key", "app.t:7"}, 0);
  ASSERT_EQ(::kill(shipper, SIGCONT), 0);
  EXPECT_EQ(inbox.at("changes").size(), changes.size());
  EXPECT_EQ(inbox.at("searched").at("not_asked").size(), 1u) << inbox.dump(1);
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
