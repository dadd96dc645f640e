#include "shipper/send_pace.h"

#include <gtest/gtest.h>

namespace srdf::shipper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SendPace::Time kStart = SendPace::Time() + std::chrono::hours(1);

// Bytes that leave in `duration` when pieces of `piece` bytes always wait.
uint64_t SentIn(SendPace* pace, uint64_t piece, std::chrono::milliseconds duration,
                SendPace::Time begin = kStart) {
  uint64_t sent = 0;
  for (auto now = begin; now < begin + duration;) {
    if (pace->Ready(now)) {
      pace->Spend(piece, now);
      sent += piece;
    } else {
      now = pace->ReadyAt(now);
    }
  }
  return sent;
}

TEST(SendPace, WithoutALimitEverythingMayLeave) {
  SendPace pace;
  pace.Spend(1ull << 40, kStart);
  EXPECT_TRUE(pace.Ready(kStart));
}

TEST(SendPace, TheRateIsKeptWithinATenthOverFiveSeconds) {
  for (const uint64_t rate : {uint64_t{1} << 10, uint64_t{64} << 10, uint64_t{1} << 20, uint64_t{1} << 30}) {
    for (const uint64_t pieces_per_second : {4, 8, 100}) {
      SendPace pace;
      pace.SetRate(rate, kStart);
      const auto sent = static_cast<double>(SentIn(&pace, rate / pieces_per_second, seconds(5)));
      EXPECT_NEAR(sent, 5.0 * static_cast<double>(rate), 0.5 * static_cast<double>(rate)) << rate;
    }
  }
}

TEST(SendPace, AnIdleTimeSavesAQuarterOfASecondAndNoMore) {
  SendPace pace;
  pace.SetRate(1000, kStart);
  const auto later = kStart + seconds(60);
  uint64_t at_once = 0;
  while (pace.Ready(later)) {
    pace.Spend(10, later);
    at_once += 10;
  }
  EXPECT_EQ(at_once, 260u);
}

TEST(SendPace, ALargePieceIsPaidAfterwards) {
  SendPace pace;
  pace.SetRate(1000, kStart);
  pace.Spend(600, kStart);
  EXPECT_FALSE(pace.Ready(kStart + milliseconds(599)));
  EXPECT_TRUE(pace.Ready(kStart + milliseconds(600)));
  EXPECT_EQ(pace.ReadyAt(kStart), kStart + milliseconds(600));
}

TEST(SendPace, AHigherRatePaysAnOldDebtSooner) {
  SendPace pace;
  pace.SetRate(1000, kStart);
  pace.Spend(10000, kStart);
  pace.SetRate(100000, kStart);
  EXPECT_EQ(pace.ReadyAt(kStart), kStart + milliseconds(100));
  pace.SetRate(0, kStart);
  EXPECT_TRUE(pace.Ready(kStart));
}

TEST(SendPace, AClockThatStandsStillOrGoesBackGivesNothing) {
  SendPace pace;
  pace.SetRate(1000, kStart);
  pace.Spend(100, kStart);
  EXPECT_FALSE(pace.Ready(kStart - seconds(10)));
}

}  // namespace
}  // namespace srdf::shipper
