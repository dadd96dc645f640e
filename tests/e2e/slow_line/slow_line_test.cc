// The line between the sites is slow, narrow, cut, flapping or mute: the flow recovers by itself, in order,
// with nothing lost and nothing doubled, and the source never waits.
#include <iostream>

#include "e2e/support/two_sites.h"

namespace srdf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr uint64_t kKiB = 1024;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class SlowLine : public TwoSitesTest {
 protected:
  // For how long a fault lasts: SRDF_NETWORK_SECONDS (minutes, in the soak), else `otherwise`.
  static seconds FaultTime(int otherwise) {
    const char* chosen = std::getenv("SRDF_NETWORK_SECONDS");
    return seconds(chosen == nullptr ? otherwise : std::max(1, std::atoi(chosen)));
  }
  // Keeps the load going while the fault lasts.
  void UnderLoad(seconds fault_time, const std::function<void()>& fault, const std::function<void()>& heal) {
    BackgroundLoad load(Load(0, 40));
    fault();
    std::this_thread::sleep_for(fault_time);
    heal();
    auto report = load.Stop();
    ASSERT_OK(report.status());
    ExpectSourceNeverWaited(*report, fault_time);
  }
};

TEST_F(SlowLine, ALongDelayAndANarrowBandSlowNothingButTheDelivery) {
  ASSERT_NO_FATAL_FAILURE(StartSites());
  InitShop();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  const LineFaults narrow = {.delay = milliseconds(200), .bytes_per_second = 256 * kKiB};
  UnderLoad(
      FaultTime(5), [&] { relay_->SetFaults(narrow); }, [] {});
  // Still over the slow line.
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ExpectNothingWasGivenUp();
}

// TRAPS: duplicate, missing, reordered wagons.
TEST_F(SlowLine, AWagonThatWasCutInTheMiddleGoesOnAtItsChunk) {
  ASSERT_NO_FATAL_FAILURE(StartSites());
  InsertNoise(1);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  const int64_t frames_before = SourceOutbox("SELECT SUM(frame_bytes) FROM wagon");
  const uint64_t bytes_before = relay_->Bytes(RelayWay::kToServer);
  relay_->SetFaults(RelayWay::kToServer, {.bytes_per_second = 4096 * kKiB});
  relay_->ResetAfter(RelayWay::kToServer, 5 * kKiB * kKiB);
  InsertNoise(8);
  ASSERT_TRUE(Eventually(seconds(30), [&] { return relay_->Resets() > 0; }));
  relay_->Cut();
  std::this_thread::sleep_for(FaultTime(2));
  relay_->Heal();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  const auto frames = static_cast<double>(SourceOutbox("SELECT SUM(frame_bytes) FROM wagon") - frames_before);
  const auto crossed = static_cast<double>(relay_->Bytes(RelayWay::kToServer) - bytes_before);
  std::cout << "frames " << frames << " bytes, crossed " << crossed << std::endl;
  EXPECT_GT(frames, 8e6);
  EXPECT_GE(crossed, frames);
  EXPECT_LT(crossed, 1.5 * frames);
  ExpectNothingWasGivenUp();
}

TEST_F(SlowLine, AFlappingLineDeliversEverythingInTheEnd) {
  ASSERT_NO_FATAL_FAILURE(StartSites());
  InitShop();
  UnderLoad(
      FaultTime(10), [&] { relay_->Flap(milliseconds(700), milliseconds(700)); }, [&] { relay_->Heal(); });
  EXPECT_GT(relay_->Connections(), 1u);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ExpectNothingWasGivenUp();
}

// TLS finds a changed byte wherever it is: the connection ends there, and the next one goes on. Nothing of
// the wagon is to blame, so nothing is refused and no operator is needed.
TEST_F(SlowLine, AFlippedByteEndsTheConnectionAndNotTheFlow) {
  ASSERT_NO_FATAL_FAILURE(StartSites());
  InitShop();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  BackgroundLoad load(Load(0, 40));
  for (const RelayWay way : {RelayWay::kToServer, RelayWay::kToClient, RelayWay::kToServer}) {
    const uint64_t connections = relay_->Connections();
    relay_->FlipByteAfter(way, way == RelayWay::kToServer ? 20000 : 300);
    EXPECT_TRUE(Eventually(seconds(20), [&] { return relay_->Connections() > connections; }));
    EXPECT_TRUE(WaitForLink("streaming", seconds(20)));
  }
  ASSERT_OK(load.Stop().status());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ExpectNothingWasGivenUp();
}

// A connection that nobody ends: only keepalive can tell. Ten seconds without a word, ten for its answer.
class MuteLine : public SlowLine, public ::testing::WithParamInterface<RelayWay> {};

TEST_P(MuteLine, OneWayIsNoticedAndTheFlowGoesOnWhenItIsOpenAgain) {
  ASSERT_NO_FATAL_FAILURE(StartSites());
  InitShop();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  const auto begin = Clock::now();
  BackgroundLoad load(Load(0, 40));
  relay_->SetFaults(GetParam(), {.hole = BlackHole::kSwallow});
  const bool noticed = Eventually(seconds(40), [&] { return Link() != "streaming" && Link() != "unknown"; });
  const double noticed_after = SecondsSince(begin);
  EXPECT_TRUE(noticed) << mesh_->Ctl({"status"}).output;
  EXPECT_GT(noticed_after, 1);
  if (const auto more = FaultTime(0); more > Clock::now() - begin)
    std::this_thread::sleep_until(begin + more);
  relay_->Heal();
  auto report = load.Stop();
  ASSERT_OK(report.status());
  ExpectSourceNeverWaited(*report, seconds(10));
  const auto healed = Clock::now();
  EXPECT_TRUE(WaitForLink("streaming", seconds(30)));
  std::cout << "noticed after " << noticed_after << " s, streaming " << SecondsSince(healed)
            << " s after it was open again" << std::endl;
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ExpectNothingWasGivenUp();
}

INSTANTIATE_TEST_SUITE_P(BothWays, MuteLine, ::testing::Values(RelayWay::kToServer, RelayWay::kToClient),
                         [](const auto& which) {
                           return which.param == RelayWay::kToServer ? "ToTheTarget" : "FromTheTarget";
                         });

// The limit of a flow, changed while a wagon is being sent.
TEST_F(SlowLine, ALimitIsKeptAndHoldsAtOnceWhenItChanges) {
  ASSERT_NO_FATAL_FAILURE(StartSites({{"max_bytes_per_second", "256KiB"}}));
  InsertNoise(4);
  ASSERT_TRUE(Eventually(seconds(30), [&] { return relay_->Bytes(RelayWay::kToServer) > 256 * kKiB; }));
  const auto begin = Clock::now();
  const uint64_t before = relay_->Bytes(RelayWay::kToServer);
  std::this_thread::sleep_for(seconds(5));
  const double rate = static_cast<double>(relay_->Bytes(RelayWay::kToServer) - before) / SecondsSince(begin);
  std::cout << "limit " << 256 * kKiB << " B/s, measured " << rate << std::endl;
  // Frames and their protocol.
  EXPECT_NEAR(rate, 256.0 * kKiB, 0.1 * 256 * kKiB);

  const CommandResult set = mesh_->Ctl({"flow", "set", "e2e", "max_bytes_per_second=0", "priority=7"});
  ASSERT_EQ(set.exit_code, 0) << set.errors;
  const auto changed = Clock::now();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  EXPECT_LT(SecondsSince(changed), 8);  // 10 s were left at the old rate
  const nlohmann::json settings = FlowStatus()["delivery"]["settings"];
  EXPECT_EQ(settings["max_bytes_per_second"]["origin"], "set");
  EXPECT_EQ(settings["max_bytes_per_second"]["configured"], 256 * kKiB);
  EXPECT_EQ(SourceOutbox("SELECT COUNT(*) FROM audit WHERE action = 'flow.set'"), 1);
  ASSERT_OK(source_site_->Kill("shipper"));
  EXPECT_TRUE(WaitForLink("streaming", seconds(30)));
  EXPECT_EQ(FlowStatus()["delivery"]["settings"]["priority"]["value"], 7);
  EXPECT_EQ(mesh_->Ctl({"flow", "set", "e2e", "priority=10"}).exit_code, 2);
}

}  // namespace
}  // namespace srdf::test
