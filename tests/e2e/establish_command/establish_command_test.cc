// `srdfctl establish` as an operator uses it: the plan, the copy of a source that is in use, tables of a
// running flow anew, and the start from a restored backup.
#include <sys/wait.h>

#include <cstdlib>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class EstablishCommand : public MeshTest {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(StartServers()); }

  // A mesh whose flow has no checkpoint.
  void StartUnstartedMesh() {
    MeshOptions options;
    options.source = source_.get();
    options.target = target_.get();
    options.may_copy = true;
    options.init_flow = false;
    auto mesh = Mesh::Create(options);
    ASSERT_OK(mesh.status());
    mesh_ = std::move(*mesh);
    ASSERT_OK(mesh_->Up());
  }
  void MakeShop() {
    ASSERT_OK(source_->Execute({
        "CREATE DATABASE app CHARACTER SET utf8mb4",
        "USE app",
        "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40), UNIQUE (name))",
        "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer INT NOT NULL, note TEXT, "
        "FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE)",
        "CREATE TABLE log (at DATETIME(6), what VARCHAR(80))",
        "CREATE VIEW names AS SELECT name FROM customer",
        "CREATE PROCEDURE nothing() BEGIN END",
        "CREATE TRIGGER noted AFTER INSERT ON orders FOR EACH ROW INSERT INTO log VALUES (NOW(6), 'order')",
        "INSERT INTO customer (name) SELECT CONCAT('c', seq) FROM seq_1_to_500",
        "INSERT INTO orders SELECT seq, 1 + seq % 500, REPEAT('x', seq % 100) FROM seq_1_to_5000",
    }));
  }
  CommandResult Run(const std::vector<std::string>& arguments, int exit_code = 0) {
    const CommandResult result = mesh_->Ctl(arguments);
    EXPECT_EQ(exit_code, result.exit_code) << result.output << result.errors;
    return result;
  }
  nlohmann::json Plan(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"establish", "e2e", "--output", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    nlohmann::json plan = nlohmann::json::parse(Run(arguments).output, nullptr, false);
    return plan.is_object() ? plan : nlohmann::json::object();
  }
  static std::string ActionOf(const nlohmann::json& plan, const std::string& table) {
    for (const auto& planned : plan.value("tables", nlohmann::json::array())) {
      if (planned["table"] == table) return planned["action"];
    }
    return "not in the plan";
  }
};

TEST_F(EstablishCommand, ASourceInUseIsCopiedToAnEmptyTargetAndTheFlowGoesOn) {
  ASSERT_NO_FATAL_FAILURE(MakeShop());
  ASSERT_NO_FATAL_FAILURE(StartUnstartedMesh());
  const auto plan = Plan();
  EXPECT_EQ(false, plan.value("has_checkpoint", true)) << plan.dump(1);
  EXPECT_EQ("create and copy", ActionOf(plan, "orders"));
  EXPECT_EQ("0", *target_->Value("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='app'"));

  std::jthread writer([&](const std::stop_token& stop) {
    for (int i = 6000; !stop.stop_requested(); ++i) {
      (void)source_->Execute(
          {"INSERT INTO app.orders VALUES (" + std::to_string(i) + ", 7, 'new')",
           "DELETE FROM app.orders WHERE id=" + std::to_string(i - 5990),
           "UPDATE app.customer SET name=CONCAT(name, '!') WHERE id=" + std::to_string(i % 500)});
    }
  });
  Run({"establish", "e2e", "--yes"});
  writer.request_stop();
  writer.join();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));
  EXPECT_NE(std::string::npos, Run({"audit", "list", "--flow", "e2e"}).output.find("flow.establish"));

  // A running flow: nothing to copy by itself, and what is asked for is copied anew.
  EXPECT_EQ("compare", ActionOf(Plan(), "orders"));
  EXPECT_EQ("nothing", ActionOf(Plan({"--compare"}), "orders"));
  ASSERT_OK(target_->Execute({"DELETE FROM app.orders WHERE id % 2 = 0", "UPDATE app.customer SET name=id"}));
  const auto compared = Plan({"--compare"});
  EXPECT_EQ("copy", ActionOf(compared, "orders"));
  EXPECT_EQ("copy", ActionOf(compared, "customer"));
  EXPECT_NE(std::string::npos, Run({"establish", "e2e", "--yes"}).output.find("has every table"));
  Run({"establish", "e2e", "--table", "app.orders", "--table", "app.customer", "--yes"});
  ExpectEqual(seconds(60));
}

// So many sessions are at work at the source that a copy waits.
class BusySource {
 public:
  explicit BusySource(MariaDbServer* source) : holder_(source->ConnectOrDie()) {
    EXPECT_TRUE(holder_->Execute("DO GET_LOCK('busy', 0)").ok());
    const unsigned sessions = std::max(8u, 4 * std::thread::hardware_concurrency()) + 1;
    for (unsigned i = 0; i < sessions; ++i) {
      threads_.emplace_back([connection = source->ConnectOrDie()] {
        (void)connection->Execute("DO GET_LOCK('busy', 300), RELEASE_LOCK('busy')");
      });
    }
    EXPECT_TRUE(Eventually(seconds(60), [&] {
      const auto running = holder_->QueryValue(
          "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO GET_LOCK%'");
      return running.ok() && std::stoul(*running) >= sessions;
    }));
  }
  ~BusySource() { holder_.reset(); }

 private:
  std::vector<std::jthread> threads_;
  std::unique_ptr<engine_mariadb::Connection> holder_;
};

TEST_F(EstablishCommand, ASourceWithoutTablesIsEstablishedWithWhatComesLater) {
  ASSERT_OK(source_->Execute({"CREATE DATABASE empty_one"}));
  ASSERT_NO_FATAL_FAILURE(StartUnstartedMesh());
  Run({"establish", "e2e", "--yes"});
  ASSERT_OK(
      source_->Execute({"CREATE DATABASE IF NOT EXISTS app", "CREATE TABLE app.late (id INT PRIMARY KEY)",
                        "INSERT INTO app.late VALUES (1)"}));
  ExpectEqual();
}

TEST_F(EstablishCommand, WhoFollowsACopyIsNotToldOfAnotherOneAndNotThatACancelledOneIsDone) {
  ASSERT_NO_FATAL_FAILURE(MakeShop());
  ASSERT_NO_FATAL_FAILURE(StartUnstartedMesh());
  BusySource busy(source_.get());  // before any copy: whether the source is busy is asked once a second
  // Begins a copy and cancels it while the command follows it.
  const auto cancelled = [&](const std::vector<std::string>& arguments, const auto& meanwhile) {
    CommandResult followed;
    {
      std::jthread follower([&] { followed = mesh_->Ctl(arguments); });
      EXPECT_TRUE(Eventually(seconds(60), [&] {
        return mesh_->Ctl({"establish", "e2e"}).errors.find("a copy is going on") != std::string::npos;
      }));
      meanwhile();
      Run({"establish", "e2e", "--cancel"});
    }
    EXPECT_EQ(1, followed.exit_code) << followed.output;
    EXPECT_NE(std::string::npos, followed.errors.find("was cancelled")) << followed.errors;
  };
  cancelled({"establish", "e2e", "--yes"}, [] {});
  cancelled({"establish", "e2e", "--table", "app.orders", "--yes"}, [&] {
    const CommandResult other = Run({"establish", "e2e", "--table", "app.customer", "--yes"}, 1);
    EXPECT_NE(std::string::npos, other.errors.find("without table app.customer")) << other.errors;
    Run({"establish", "e2e", "--all", "--yes"}, 1);
  });
}

TEST_F(EstablishCommand, ARestoredBackupIsCheckedBeforeItIsBelievedAndAfter) {
  ASSERT_NO_FATAL_FAILURE(MakeShop());
  ASSERT_NO_FATAL_FAILURE(StartUnstartedMesh());
  ASSERT_OK(source_->Execute({"CREATE TABLE app.later (id INT PRIMARY KEY)"}));
  const std::string gtid = *source_->Value("SELECT @@gtid_binlog_pos");
  // Neither the tables, nor the position.
  EXPECT_NE(
      std::string::npos,
      Run({"establish", "e2e", "--from-gtid", gtid, "--yes"}, 1).errors.find("app.customer is missing"));
  EXPECT_NE(std::string::npos, Run({"establish", "e2e", "--from-gtid", "0-1-999999", "--yes"}, 1)
                                   .errors.find("cannot serve its log from 0-1-999999"));

  const std::string copy =
      "mariadb-dump --no-defaults --user=root --socket='" + source_->socket() +
      "' --single-transaction --gtid --routines --triggers --events --hex-blob --databases app | mariadb "
      "--no-defaults --user=root --socket='" +
      target_->socket() + "'";
  const int status = std::system(copy.c_str());
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  // One of them into a table that was empty then.
  ASSERT_OK(source_->Execute(
      {"INSERT INTO app.orders VALUES (9000, 1, 'since the backup')", "INSERT INTO app.later VALUES (1)"}));
  const CommandResult can = Run({"establish", "e2e", "--from-gtid", gtid, "--output", "json"});
  EXPECT_EQ("can begin", nlohmann::json::parse(can.output, nullptr, false).value("result", "")) << can.output;
  ASSERT_OK(target_->Execute({"UPDATE app.orders SET note='other' WHERE id=3"}));
  const CommandResult refused = Run({"establish", "e2e", "--from-gtid", gtid, "--yes"}, 1);
  EXPECT_NE(std::string::npos, refused.errors.find("srdfctl repair e2e")) << refused.errors;
  EXPECT_NE(std::string::npos, refused.output.find("app.orders")) << refused.output;

  ASSERT_OK(target_->Execute({"UPDATE app.orders SET note=REPEAT('x', 3) WHERE id=3"}));
  Run({"establish", "e2e", "--from-gtid", gtid, "--yes"});
  ExpectEqual(seconds(60));
}

}  // namespace
}  // namespace srdf::test
