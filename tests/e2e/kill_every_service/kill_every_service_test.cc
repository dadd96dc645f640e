// Every service and the target server are killed at random moments while the source is being written to.
#include <iostream>
#include <random>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class KillEveryService : public MeshTest {};

TEST_F(KillEveryService, AtRandomMomentsUnderLoadLosesNothingAndDoublesNothing) {
  std::mt19937_64 random(seed());
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());

  const int seconds = Seconds(40);
  BackgroundLoad load(Load(seconds, 250));
  std::vector<std::string> victims = kServices;
  victims.emplace_back("target server");
  std::map<std::string, int> kills;
  while (load.running()) {
    std::shuffle(victims.begin(), victims.end(), random);
    for (const std::string& victim : victims) {
      // The fault's moment is random; nothing is waited for here.
      std::this_thread::sleep_for(milliseconds(200 + random() % 2500));
      if (!load.running()) break;
      if (victim == "target server") {
        target_->Kill();
        std::this_thread::sleep_for(milliseconds(random() % 1000));
        ASSERT_OK(target_->Restart());
      } else {
        ASSERT_OK(mesh_->Kill(victim));
      }
      ++kills[victim];
    }
  }
  const auto report = load.Wait();
  ASSERT_OK(report.status());
  EXPECT_GT(report->transactions, static_cast<uint64_t>(seconds) * 20);
  for (const auto& [victim, count] : kills) std::cout << victim << " killed " << count << " times; ";
  std::cout << std::endl;
  for (const std::string& victim : victims) EXPECT_GE(kills[victim], 1) << victim;
  ExpectEqual();
}

TEST_F(KillEveryService, SupervisorAndAllServicesAtOnce) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  std::mt19937_64 random(seed());
  BackgroundLoad load(Load(0, 250));
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(milliseconds(500 + random() % 1500));
    ASSERT_OK(mesh_->KillAll());
    ASSERT_OK(mesh_->Up());
  }
  ASSERT_OK(load.Stop().status());
  ExpectEqual();
}

}  // namespace
}  // namespace srdf::test
