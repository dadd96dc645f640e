// The table of a delivery's steps: complete, unambiguous, and what the page says.
#include "store/delivery_machine.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace srdf::store {
namespace {

TEST(DeliveryMachine, EveryCaseIsDecidedByExactlyOneStep) {
  for (int event = 0; event < kDeliveryEventCount; ++event) {
    for (int status = 0; status < kDeliveryStatusCount; ++status) {
      for (const Whereabouts where : {Whereabouts::kHere, Whereabouts::kThere}) {
        int deciding = 0;
        for (const DeliveryStep& step : DeliverySteps()) {
          if (static_cast<int>(step.event) != event) continue;
          if (step.whereabouts != Whereabouts::kEither && step.whereabouts != where) continue;
          for (const DeliveryStatus from : step.from) deciding += static_cast<int>(from) == status ? 1 : 0;
        }
        EXPECT_EQ(deciding, 1) << DeliveryEventName(static_cast<DeliveryEvent>(event)) << " in "
                               << DeliveryStatusName(static_cast<DeliveryStatus>(status));
      }
    }
  }
}

TEST(DeliveryMachine, EveryStatusIsReachedFromTheOneAWagonBeginsWith) {
  std::set<DeliveryStatus> reached = {DeliveryStatus::kSealed};
  for (size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const DeliveryStep& step : DeliverySteps()) {
      for (const DeliveryStatus from : step.from) {
        if (step.to && reached.count(from) != 0) reached.insert(*step.to);
      }
    }
  }
  EXPECT_EQ(reached.size(), static_cast<size_t>(kDeliveryStatusCount));
}

TEST(DeliveryMachine, NothingButTheTargetEstablishedAnewMovesAWagonThatWasApplied) {
  for (const DeliveryStep& step : DeliverySteps()) {
    for (const DeliveryStatus from : step.from) {
      if (from != DeliveryStatus::kApplied || !step.to) continue;
      EXPECT_EQ(step.event, DeliveryEvent::kSuperseded) << DeliveryEventName(step.event);
    }
  }
}

// TRAPS 39: dropping one wagon breaks consistency. What ends without being applied is an operator's or the
// destination's decision, never the end of a schedule.
TEST(DeliveryMachine, UsedUpAttemptsNeverSkipAWagon) {
  for (const DeliveryStep& step : DeliverySteps()) {
    const bool gives_up = step.event == DeliveryEvent::kGivenUp && step.to.has_value();
    EXPECT_TRUE(!gives_up || *step.to == DeliveryStatus::kDeadLetter);
    EXPECT_TRUE(step.to != DeliveryStatus::kSkipped || step.event == DeliveryEvent::kSkipped);
  }
}

TEST(DeliveryMachine, WordsAreReadBack) {
  for (int status = 0; status < kDeliveryStatusCount; ++status) {
    const auto value = static_cast<DeliveryStatus>(status);
    EXPECT_EQ(ParseDeliveryStatus(DeliveryStatusName(value)), value);
  }
  EXPECT_FALSE(ParseDeliveryStatus("lost").has_value());
}

TEST(DeliveryMachine, StatementsTakeTheirStatusesFromTheTable) {
  EXPECT_EQ(MovesFrom(DeliveryEvent::kRestarted, DeliveryStatus::kPending), "'sending', 'sent'");
  // A dead letter that lies at the destination is not acked by being found there.
  EXPECT_EQ(MovesFrom(DeliveryEvent::kFoundThere, DeliveryStatus::kAcked).find("dead_letter"),
            std::string::npos);
  EXPECT_NE(
      MovesFrom(DeliveryEvent::kFoundThere, DeliveryStatus::kAcked, Whereabouts::kHere).find("dead_letter"),
      std::string::npos);
}

// SRDF_WRITE_PAGES=1 writes the generated part of the page anew.
TEST(DeliveryMachine, ThePageOfDeliveryIsUpToDate) {
  const std::string path = SRDF_SOURCE_DIR "/docs/operations/delivery.md";
  const std::string begin = "<!-- from libs/store/delivery_machine.cc: begin -->\n";
  const std::string end = "<!-- from libs/store/delivery_machine.cc: end -->\n";
  std::stringstream page;
  page << std::ifstream(path).rdbuf();
  const std::string text = page.str();
  const size_t from = text.find(begin), to = text.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  const std::string expected =
      text.substr(0, from + begin.size()) + DeliveryMachineMarkdown() + text.substr(to);
  if (std::getenv("SRDF_WRITE_PAGES") != nullptr) std::ofstream(path) << expected;
  EXPECT_EQ(text, expected) << "write it anew: SRDF_WRITE_PAGES=1 store_delivery_machine_test";
}

}  // namespace
}  // namespace srdf::store
