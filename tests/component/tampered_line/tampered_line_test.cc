// Somebody sits between the sites and changes what passes: refused with the right receipt, and nothing is
// lost.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <set>

#include "component/tampered_line/delivered_line.h"

namespace srdf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kLarge = (2u << 20) + 1000;  // three chunks
constexpr size_t kSmall = 2000;

uint64_t Seed() {
  const char* chosen = std::getenv("SRDF_TEST_SEED");
  const uint64_t seed = chosen == nullptr ? std::random_device()() : std::strtoull(chosen, nullptr, 10);
  std::cerr << "SRDF_TEST_SEED=" << seed << std::endl;
  return seed;
}

std::set<std::string> Statuses(store::Outbox* outbox) {
  std::set<std::string> words;
  for (const store::StatusCount& count : store::Must(outbox->Counts(store::kFlow))) {
    if (count.wagons != 0) words.insert(count.status);
  }
  return words;
}

std::set<std::string> Reasons(store::Inbox* inbox) {
  std::set<std::string> words;
  for (const store::RefusalCount& count : store::Must(inbox->RefusalCounts(store::kFlow)))
    words.insert(count.reason);
  return words;
}

struct Kind {
  Fault fault;
  const char* reason;  // kept at the receiver; nullptr: none, it is harmless or leaves no trace
};

class TamperedLine : public ::testing::TestWithParam<Kind> {};

TEST_P(TamperedLine, IsToldByTheReceiptAndTheTrueWagonsFollow) {
  DeliveredLine line(Seed());
  line.Store(kSmall);
  ASSERT_TRUE(line.WaitApplied(seconds(20)));
  line.tamperer()->Arm(GetParam().fault);
  line.Store(kLarge);
  line.Store(kSmall);
  line.Store(kLarge);
  ASSERT_TRUE(line.WaitApplied(seconds(30))) << line.wrong() << line.link()->GetStatus().problem.ToString();
  EXPECT_EQ(line.tamperer()->done().size(), 1u);
  EXPECT_EQ(Statuses(line.outbox()), std::set<std::string>{"applied"});
  if (GetParam().reason == nullptr) return;
  EXPECT_EQ(Reasons(line.inbox()).count(GetParam().reason), 1u)
      << ::testing::PrintToString(Reasons(line.inbox()));
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, TamperedLine,
    ::testing::Values(Kind{Fault::kFlip, "tampered"},
                      Kind{Fault::kFlipKnowingly, nullptr},  // depends on the place
                      Kind{Fault::kDrop, "missing_chunk"}, Kind{Fault::kRepeat, nullptr},
                      Kind{Fault::kSwap, "missing_chunk"}, Kind{Fault::kTruncate, "torn"},
                      Kind{Fault::kRubbish, "not_a_wagon"}, Kind{Fault::kCountLies, "tampered"},
                      Kind{Fault::kUidLies, "tampered"}, Kind{Fault::kHashLies, "tampered"},
                      Kind{Fault::kSequenceLies, "missing_wagon"}, Kind{Fault::kReplay, "replayed"},
                      Kind{Fault::kDropWagon, "missing_wagon"}, Kind{Fault::kCut, nullptr}),
    [](const auto& test) { return FaultName(test.param.fault); });

TEST(TamperedLineUnderLoad, LosesNothingAndDoublesNothing) {
  const uint64_t seed = Seed();
  DeliveredLine line(seed);
  std::mt19937_64 random(seed);
  line.tamperer()->SetRandom(15);
  const auto end = std::chrono::steady_clock::now() + seconds(8);
  while (std::chrono::steady_clock::now() < end) {
    line.Store(random() % 8 == 0 ? random() % kLarge : random() % kSmall);
    std::this_thread::sleep_for(milliseconds(10));
  }
  line.tamperer()->SetRandom(0);
  EXPECT_TRUE(line.WaitApplied(seconds(60))) << line.wrong() << line.link()->GetStatus().problem.ToString();
  EXPECT_EQ(line.applied(), line.stored());
  EXPECT_EQ(line.wrong(), "");
  EXPECT_EQ(Statuses(line.outbox()), std::set<std::string>{"applied"});
  uint64_t faults = 0;
  for (const auto& [fault, times] : line.tamperer()->done()) faults += times;
  EXPECT_GT(faults, 10u);
  std::cerr << line.stored().sequence << " wagons, " << faults << " faults, refused as "
            << ::testing::PrintToString(Reasons(line.inbox())) << std::endl;
}

}  // namespace
}  // namespace srdf::test
