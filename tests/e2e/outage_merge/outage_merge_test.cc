// The destination is away while many small wagons are sealed: they are merged as they wait, and catching up
// is a fraction of what it would have been. Processes that end in the middle of it change nothing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

constexpr int kHotRows = 5;

// Keeps a service away: its process is ended, and its port is taken, so that the next one cannot serve.
class ServiceAway {
 public:
  ServiceAway(Mesh* mesh, const std::string& service) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(mesh->grpc_port(service));
    away_ = Eventually(seconds(30), [&] {
      (void)mesh->Kill(service);
      const int reuse = 1;  // of connections that are closing
      setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
      return bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
             listen(socket_, 1) == 0;  // a port that is only bound can be shared
    });
  }
  ~ServiceAway() { close(socket_); }
  bool away() const { return away_; }

 private:
  int socket_ = -1;
  bool away_ = false;
};

class OutageMerge : public MeshTest {
 protected:
  void Start(std::map<std::string, std::string> settings,
             const std::map<std::string, std::string>& environment = {}) {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    settings.emplace("batch_mode", "on_commit");
    ASSERT_NO_FATAL_FAILURE(StartMesh(settings, environment));
    ASSERT_OK(source_->Execute({"CREATE DATABASE hot",
                                "CREATE TABLE hot.counters (id INT PRIMARY KEY, n INT NOT NULL, note "
                                "VARCHAR(200), UNIQUE KEY (note))",
                                "INSERT INTO hot.counters VALUES (1,0,'a'),(2,0,'b'),(3,0,'c'),(4,0,'d'),"
                                "(5,0,'e')"}));
    // Capture believes the catalogue only after a look of its own: rows that come before are left in place.
    for (int i = 0; i < 3; ++i) {
      ASSERT_OK(source_->Execute({"UPDATE hot.counters SET n = n + 1"}));
      ASSERT_NO_FATAL_FAILURE(ExpectEqual());
    }
  }

  // Every statement is a transaction, and so a wagon.
  void Commit(int transactions) {
    std::vector<std::string> statements;
    for (int i = 0; i < transactions; ++i) {
      const std::string id = std::to_string(1 + i % kHotRows);
      statements.push_back(
          "UPDATE hot.counters SET n = n + 1, note = CONCAT('note ', id, ' of ', n) WHERE id = " + id);
    }
    ASSERT_OK(source_->Execute(statements));
    committed_ += transactions;
  }

  int64_t Merged() const { return OutboxNumber("SELECT COUNT(*) FROM delivery WHERE status = 'merged'"); }
  int64_t Waiting() const { return OutboxNumber("SELECT COUNT(*) FROM delivery WHERE status = 'sealed'"); }
  bool AllSealed() const {
    return OutboxNumber("SELECT tip_gtid = '" + *mesh_->SourcePosition() + "' FROM flow") == 1;
  }

  void ExpectExactlyOnce() {
    ASSERT_NO_FATAL_FAILURE(ExpectEqual());
    EXPECT_EQ(*target_->Value("SELECT SUM(n) FROM hot.counters"), std::to_string(3 * kHotRows + committed_));
    // Every number once, without a gap.
    EXPECT_EQ(
        *target_->Value("SELECT CONCAT(COUNT(*) - COUNT(DISTINCT `sequence`), ' ', MAX(`sequence`) - "
                        "MIN(`sequence`) + 1 - COUNT(*), ' ', (SELECT `sequence` FROM srdf.checkpoint) - "
                        "MAX(`sequence`)) FROM srdf.apply_log"),
        "0 0 0");
  }

  int committed_ = 0;
};

TEST_F(OutageMerge, ManySmallWagonsOfAnOutageAreSentAsFew) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  const int64_t first = OutboxNumber("SELECT tip_sequence + 1 FROM flow");
  constexpr int kTransactions = 300;
  {
    ServiceAway away(mesh_.get(), "receiver");
    ASSERT_TRUE(away.away());
    ASSERT_NO_FATAL_FAILURE(Commit(kTransactions));
    ASSERT_TRUE(Eventually(seconds(60), [&] { return AllSealed(); })) << mesh_->Ctl({"status"}).output;
    ASSERT_TRUE(Eventually(seconds(60), [&] { return Merged() > 0 && Waiting() < 20; }))
        << Waiting() << " wait, " << Merged() << " are merged\n"
        << mesh_->Ctl({"status"}).output;
    EXPECT_NE(mesh_->Ctl({"status"}).output.find("that could not be sent"), std::string::npos);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectExactlyOnce());
  const std::string since =
      " FROM wagon w JOIN delivery d USING (wagon_id) WHERE w.sequence >= " + std::to_string(first);
  const int64_t queued =
      OutboxNumber("SELECT SUM(w.frame_bytes)" + since + " AND w.seal_reason = 'on_commit'");
  const int64_t sent = OutboxNumber("SELECT SUM(w.frame_bytes)" + since + " AND d.status = 'applied'");
  const int64_t wagons = OutboxNumber("SELECT COUNT(*)" + since + " AND d.status = 'applied'");
  std::cout << kTransactions << " wagons, " << queued << " bytes were queued; " << wagons << " wagons, "
            << sent << " bytes were sent: " << queued / std::max<int64_t>(1, sent) << " times fewer"
            << std::endl;
  EXPECT_LT(sent * 3, queued);
  EXPECT_LT(wagons, kTransactions / 5);
  // Nothing is lost sight of: the originals tell where they went, and the audit what was done.
  EXPECT_EQ(
      OutboxNumber("SELECT COUNT(*) FROM wagon WHERE merged_into <> '' AND seal_reason = 'on_commit'"),
      OutboxNumber("SELECT COUNT(*) FROM wagon WHERE merged_into <> '' AND seal_reason = 'on_commit' AND "
                   "payload_present = 1"));
  EXPECT_GT(
      OutboxNumber("SELECT COUNT(*) FROM audit WHERE action = 'merge' AND detail LIKE '%wagons became%'"), 0);
  EXPECT_NE(mesh_->Ctl({"wagon", "list", "--merged"}).output.find("merged into"), std::string::npos);
}

TEST_F(OutageMerge, ProcessesThatEndInTheMiddleOfAMergeLeaveAllOldOrAllNew) {
  ASSERT_NO_FATAL_FAILURE(
      Start({{"outage_merge_min_wagons", "4"}},
            {{"SRDF_FAILPOINTS",
              "batcher.before_merge=crash@2,batcher.after_merge=crash@3,shipper.before_merge=crash@2,"
              "shipper.after_merge=crash@3"}}));
  {
    ServiceAway away(mesh_.get(), "receiver");
    ASSERT_TRUE(away.away());
    const int batcher = mesh_->Starts("batcher"), shipper = mesh_->Starts("shipper");
    const bool ended = Eventually(seconds(60), [&] {
      EXPECT_NO_FATAL_FAILURE(Commit(20));
      return mesh_->Starts("batcher") > batcher + 1 && mesh_->Starts("shipper") > shipper + 1;
    });
    EXPECT_TRUE(ended) << "no process ended";
    EXPECT_GT(Merged(), 0);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectExactlyOnce());
}

TEST_F(OutageMerge, AnOperatorMergesWhatWaitsInAPausedFlow) {
  ASSERT_NO_FATAL_FAILURE(Start({{"outage_merge", "off"}}));
  ASSERT_EQ(mesh_->Ctl({"flow", "pause", "e2e"}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(Commit(40));
  ASSERT_OK(source_->Execute({"ALTER TABLE hot.counters ADD COLUMN extra INT"}));
  ASSERT_NO_FATAL_FAILURE(Commit(40));
  ASSERT_TRUE(Eventually(seconds(60), [&] { return AllSealed(); }));
  EXPECT_EQ(Merged(), 0) << "it is switched off";
  const auto dry = mesh_->Ctl({"flow", "merge", "e2e", "--dry-run"});
  EXPECT_NE(dry.output.find("would become"), std::string::npos) << dry.output << dry.errors;
  EXPECT_EQ(Merged(), 0);
  const auto merged = mesh_->Ctl({"flow", "merge", "e2e", "--output", "json"});
  ASSERT_EQ(merged.exit_code, 0) << merged.output << merged.errors;
  const auto saved = nlohmann::json::parse(merged.output);
  std::cout << merged.output << std::endl;
  EXPECT_GE(saved["wagons_before"].get<int>(), 78);
  EXPECT_LE(saved["wagons_after"].get<int>(), 6) << "the statement keeps its place between two of them";
  EXPECT_EQ(Waiting(), saved["wagons_after"].get<int>());
  EXPECT_NE(mesh_->Ctl({"flow", "merge", "e2e"}).output.find("no wagons wait"), std::string::npos);
  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM audit WHERE action = 'merge' AND actor <> ''"), 1);
  ASSERT_EQ(mesh_->Ctl({"flow", "resume", "e2e"}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(ExpectExactlyOnce());
}

}  // namespace
}  // namespace srdf::test
