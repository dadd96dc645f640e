// The shipper is killed between sending a wagon and storing it: the destination may have a wagon more than
// the outbox. With the destination there it is asked and adopted; while it is away capture waits, visibly,
// and goes on by itself, or at an operator's word.
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "e2e/support/mesh_test.h"
#include "failpoint/failpoint_board.h"

namespace srdf::test {
namespace {

using failpoint::Board;
using failpoint::kNames;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint32_t kAlways = 1000000;  // ppm

class SentEarly : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    board_path_ = "/tmp/srdf-board-early-" + std::to_string(getpid());
    auto board = Board::Create(board_path_);
    ASSERT_OK(board.status());
    board_ = std::move(board).value();
    ASSERT_NO_FATAL_FAILURE(StartMesh({}, {{"SRDF_FAILPOINT_BOARD", board_path_}}));
    ASSERT_OK(source_->Execute({"CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)"}));
    ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  }
  void TearDown() override {
    if (stopped_ != 0) kill(stopped_, SIGCONT);
    MeshTest::TearDown();
    std::error_code ignored;
    std::filesystem::remove(board_path_, ignored);
  }

  static size_t Point() {
    return static_cast<size_t>(std::find(std::begin(kNames), std::end(kNames), "shipper.after_early_send") -
                               std::begin(kNames));
  }
  void Arm(int64_t budget) {
    board_->slot(Point()).budget = budget;
    board_->slot(Point()).chance_ppm = kAlways;
  }
  // Single commits, so that the link is idle before each, until the point has ended so many shippers.
  void CommitUntilKilled() {
    ASSERT_TRUE(Eventually(seconds(60), [&] {
      EXPECT_TRUE(source_->Execute({"INSERT INTO app.t VALUES (" + std::to_string(++rows_) + ")"}).ok());
      std::this_thread::sleep_for(milliseconds(20));
      return board_->slot(Point()).budget <= 0;
    }));
    board_->slot(Point()).chance_ppm = 0;
  }
  // Neither answers nor ends; what is sent to it lies in the kernel's buffers.
  void StopReceiver() {
    stopped_ = mesh_->Pid("receiver");
    ASSERT_GT(stopped_, 0);
    ASSERT_EQ(kill(stopped_, SIGSTOP), 0);
  }
  void LetReceiverGoOn() { kill(std::exchange(stopped_, 0), SIGCONT); }
  // That it waits for the destination.
  bool Tells(const std::string& service) const {
    const nlohmann::json flow = FlowStatus();
    for (const nlohmann::json& problem : flow.value("problems", nlohmann::json::array())) {
      if (problem.value("service", "") == service &&
          problem.value("message", "").find("were sent before they were stored") != std::string::npos) {
        return true;
      }
    }
    return false;
  }
  void KillWithTheReceiverStopped() {
    ASSERT_NO_FATAL_FAILURE(StopReceiver());
    Arm(1);
    ASSERT_NO_FATAL_FAILURE(CommitUntilKilled());
    ASSERT_TRUE(Eventually(seconds(30), [&] { return Tells("shipper"); })) << Problems();
  }

  std::string board_path_;
  std::unique_ptr<Board> board_;
  int rows_ = 0;
  pid_t stopped_ = 0;
};

TEST_F(SentEarly, TrapWhatADeadShipperHadSentIsAdopted) {
  Arm(5);
  ASSERT_NO_FATAL_FAILURE(CommitUntilKilled());
  EXPECT_GE(mesh_->Starts("shipper"), 5);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  EXPECT_EQ(*target_->Value("SELECT MAX(`sequence`) - MIN(`sequence`) + 1 - COUNT(*) FROM srdf.apply_log"),
            "0");
}

TEST_F(SentEarly, TrapCaptureWaitsWhileTheDestinationCannotBeAsked) {
  ASSERT_NO_FATAL_FAILURE(KillWithTheReceiverStopped());
  const int64_t tip = OutboxNumber("SELECT tip_sequence FROM flow");
  ASSERT_TRUE(Eventually(seconds(60), [&] { return Tells("batcher"); })) << Problems();
  EXPECT_NE(Problems().find("--without-agreement"), std::string::npos) << Problems();
  EXPECT_EQ(OutboxNumber("SELECT tip_sequence FROM flow"), tip);
  EXPECT_EQ(OutboxNumber("SELECT sends_early FROM flow"), 1);
  LetReceiverGoOn();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  // A moment later: what is sent early is at the target before it is stored.
  EXPECT_TRUE(Eventually(seconds(20), [&] { return OutboxNumber("SELECT tip_sequence FROM flow") > tip; }));
  EXPECT_TRUE(Eventually(seconds(20), [&] { return !Tells("shipper") && !Tells("batcher"); })) << Problems();
}

TEST_F(SentEarly, AnOperatorLetsTheShipperStoreWithoutTheDestination) {
  ASSERT_NO_FATAL_FAILURE(KillWithTheReceiverStopped());
  const int64_t tip = OutboxNumber("SELECT tip_sequence FROM flow");
  const CommandResult resumed = mesh_->Ctl({"flow", "resume", "e2e", "--without-agreement"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_TRUE(Eventually(seconds(30), [&] { return OutboxNumber("SELECT tip_sequence FROM flow") > tip; }));
  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM audit WHERE action = 'flow.resume_without_agreement'"), 1);
  LetReceiverGoOn();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
}

}  // namespace
}  // namespace srdf::test
