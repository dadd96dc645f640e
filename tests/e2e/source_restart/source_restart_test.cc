// The source goes away and comes back, and its log rotates, while it is being written to.
#include <random>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class SourceRestart : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_NO_FATAL_FAILURE(StartMesh());
    ASSERT_NO_FATAL_FAILURE(InitShop());
  }
};

TEST_F(SourceRestart, CleanOrKilledAndRotatingUnderLoadLosesNothing) {
  std::mt19937_64 random(seed());
  BackgroundLoad load(Load(0, 300));
  const auto end = steady_clock::now() + seconds(Seconds(20));
  int restarts = 0;
  for (bool clean = true; steady_clock::now() < end; clean = !clean, ++restarts) {
    for (int i = 0; i < 3; ++i) {
      std::this_thread::sleep_for(milliseconds(random() % 700));
      ASSERT_OK(source_->Execute({"FLUSH BINARY LOGS"}));
    }
    if (!clean) source_->Kill();
    ASSERT_OK(source_->Restart());
  }
  EXPECT_GE(restarts, 2);
  const auto report = load.Stop();
  ASSERT_OK(report.status());
  EXPECT_GT(report->reconnects, 0u);
  ExpectEqual();
}

TEST_F(SourceRestart, WhileNothingHappensThenGoesOn) {
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ASSERT_OK(source_->Restart());
  ASSERT_OK(source_->Execute({"UPDATE shop.accounts SET balance = balance + 1 WHERE id = 1"}));
  ExpectEqual(seconds(60));
}

}  // namespace
}  // namespace srdf::test
