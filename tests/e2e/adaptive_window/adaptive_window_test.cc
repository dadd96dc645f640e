// The adaptive window: a quiet flow ships each commit at once, a backlog leaves in few large wagons.
#include <iostream>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::duration;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kBacklog = 2000;

class AdaptiveWindow : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    // No timer may help: the window's own is five minutes.
    ASSERT_NO_FATAL_FAILURE(StartMesh({{"batch_max_age_seconds", "300"}}));
    ASSERT_NO_FATAL_FAILURE(InitShop());
    ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  }

  int64_t Wagons() const { return OutboxNumber("SELECT COUNT(*) FROM wagon"); }

  // Commits one row and returns how long it took to be seen at the target.
  double SecondsUntilVisible(int row) {
    const std::string value = std::to_string(700000 + row);
    EXPECT_TRUE(source_->Execute({"UPDATE shop.accounts SET version = " + value + " WHERE id = 3"}).ok());
    const auto start = steady_clock::now();
    auto reader = target_->ConnectOrDie();
    const auto deadline = start + seconds(30);
    while (steady_clock::now() < deadline) {
      const auto seen = reader->QueryValue("SELECT version FROM shop.accounts WHERE id = 3");
      if (seen.ok() && *seen == value) return duration<double>(steady_clock::now() - start).count();
    }
    ADD_FAILURE() << "not visible after 30 s\n" << mesh_->Ctl({"status"}).output;
    return 30;
  }

  // Large wagons drain what had piled up; `before` wagons were there when it began.
  void ExpectFewLargeWagons(int64_t before) {
    const int64_t wagons = Wagons() - before;
    std::cout << kBacklog << " transactions of backlog left in " << wagons << " wagons, "
              << kBacklog / std::max<int64_t>(1, wagons) << " transactions each" << std::endl;
    EXPECT_GE(wagons, 1);
    EXPECT_LE(wagons, kBacklog / 20) << "a quiet flow makes a wagon per transaction";
  }
};

TEST_F(AdaptiveWindow, SingleCommitOnAQuietFlowIsVisibleWithoutWaitingForATimer) {
  const int64_t before = Wagons();
  double worst = 0;
  for (int row = 1; row <= 20; ++row) worst = std::max(worst, SecondsUntilVisible(row));
  std::cout << "20 single commits: visible at the target after " << worst * 1000 << " ms at worst"
            << std::endl;
  EXPECT_LT(worst, 5);
  EXPECT_EQ(Wagons() - before, 20) << "each has a wagon of its own";
  ExpectEqual();
}

TEST_F(AdaptiveWindow, BacklogOfAStoppedMeshLeavesInFewLargeWagons) {
  const int64_t before = Wagons();
  ASSERT_OK(mesh_->Down());
  ASSERT_OK(loadgen::RunBacklog(Load(0, 0), kBacklog).status());
  ASSERT_OK(mesh_->Up());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ExpectFewLargeWagons(before);
}

TEST_F(AdaptiveWindow, BacklogOfAPausedFlowLeavesInFewLargeWagons) {
  const int64_t before = Wagons();
  ASSERT_EQ(mesh_->Ctl({"flow", "pause", "e2e"}).exit_code, 0);
  ASSERT_OK(loadgen::RunBacklog(Load(0, 0), kBacklog).status());
  ASSERT_EQ(mesh_->Ctl({"flow", "resume", "e2e"}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ExpectFewLargeWagons(before);
}

}  // namespace
}  // namespace srdf::test
