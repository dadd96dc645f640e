#include "shipper/delivery_tally.h"

#include <gtest/gtest.h>

namespace srdf::shipper {
namespace {

store::UnappliedWagons Unapplied(uint64_t tip, std::vector<store::UnappliedWagons::Wagon> wagons) {
  store::UnappliedWagons unapplied;
  unapplied.tip_sequence = tip;
  unapplied.wagons = std::move(wagons);
  return unapplied;
}

TEST(DeliveryTally, CountsWhatIsStoredAndNotApplied) {
  DeliveryTally tally;
  EXPECT_FALSE(tally.known());
  tally.Begin(Unapplied(7, {{6, 100}, {7, 50}}));
  tally.Stored(8, 10);
  EXPECT_EQ(tally.wagons(), 3u);
  EXPECT_EQ(tally.bytes(), 160u);
  tally.Applied(7);
  tally.Applied(6);  // said again
  EXPECT_EQ(tally.wagons(), 1u);
  EXPECT_EQ(tally.bytes(), 10u);
}

TEST(DeliveryTally, TrapAWagonThatWasReadFromTheOutboxBeforeItsStorerSpokeIsNotCountedTwice) {
  DeliveryTally tally;
  tally.Begin(Unapplied(7, {{7, 50}}));
  tally.Stored(7, 50);
  EXPECT_EQ(tally.wagons(), 1u);
}

TEST(DeliveryTally, TrapAWagonThatIsAppliedBeforeItsStorerSpokeDoesNotStayForEver) {
  DeliveryTally tally;
  tally.Begin(Unapplied(7, {}));
  tally.Applied(8);
  EXPECT_FALSE(tally.known()) << "the outbox is asked";
  tally.Stored(8, 10);
  EXPECT_FALSE(tally.known());
}

TEST(DeliveryTally, IsGivenUpWhenThereIsMoreThanItRemembersOrAGap) {
  DeliveryTally tally;
  tally.Begin(Unapplied(0, {}));
  for (uint64_t s = 1; s <= DeliveryTally::kWagonsMax; ++s) tally.Stored(s, 1);
  EXPECT_TRUE(tally.known());
  tally.Stored(DeliveryTally::kWagonsMax + 1, 1);
  EXPECT_FALSE(tally.known());
  tally.Begin(Unapplied(7, {}));
  tally.Stored(9, 1);
  EXPECT_FALSE(tally.known());
  store::UnappliedWagons more = Unapplied(7, {{7, 50}});
  more.all = false;
  tally.Begin(more);
  EXPECT_FALSE(tally.known());
}

}  // namespace
}  // namespace srdf::shipper
