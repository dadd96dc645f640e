// Two queues looked through as one.
#include "srdfctl/wagon_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

model::v1::WagonInfo Wagon(uint64_t sequence, const std::string& uid, const std::string& status) {
  model::v1::WagonInfo wagon;
  wagon.mutable_header()->set_epoch(1);
  wagon.mutable_header()->set_sequence(sequence);
  wagon.mutable_header()->set_uid(uid);
  wagon.set_status(status);
  return wagon;
}

// A queue that answers in pages of two, as the services do: by sequence alone.
WagonSearch::List Queue(std::vector<model::v1::WagonInfo> wagons) {
  return [wagons = std::move(wagons)](uint64_t before) -> Result<std::vector<model::v1::WagonInfo>> {
    std::vector<model::v1::WagonInfo> page;
    for (const model::v1::WagonInfo& wagon : wagons) {
      if (page.size() < 2 && (before == 0 || wagon.header().sequence() < before)) page.push_back(wagon);
    }
    return page;
  };
}

WagonSearch::List Away(const std::string& why) {
  return [why](uint64_t) -> Result<std::vector<model::v1::WagonInfo>> {
    return Status(StatusCode::kUnavailable, why);
  };
}

std::vector<std::string> All(WagonSearch* search) {
  std::vector<std::string> out;
  while (true) {
    const auto wagon = search->Next();
    if (!wagon.ok()) return {wagon.status().message()};
    if (!wagon->has_value()) return out;
    out.push_back((*wagon)->header().uid() + ((*wagon)->outbox ? "o" : "") + ((*wagon)->inbox ? "i" : "") +
                  " " + (*wagon)->status());
  }
}

TEST(WagonSearch, WhatBothHaveComesOnceAndTheRestFromTheOneThatHasIt) {
  WagonSearch search(Queue({Wagon(5, "e", "pending"), Wagon(4, "d", "acked"), Wagon(3, "c", "applied")}),
                     Queue({Wagon(4, "d", "applied"), Wagon(3, "c", "applied"), Wagon(2, "b", "applied"),
                            Wagon(1, "a", "skipped")}));
  EXPECT_THAT(All(&search),
              ElementsAre("eo pending", "doi applied", "coi applied", "bi applied", "ai skipped"));
  EXPECT_TRUE(search.outbox_trouble().ok() && search.inbox_trouble().ok());
}

TEST(WagonSearch, ASupersededWagonStandsBesideTheOneInItsPlaceAlsoOverPages) {
  WagonSearch search(Queue({Wagon(3, "c", "sent"), Wagon(2, "x", "superseded"), Wagon(2, "b", "applied"),
                            Wagon(1, "y", "superseded"), Wagon(1, "a", "applied")}),
                     Queue({Wagon(2, "b", "applied"), Wagon(1, "a", "applied")}));
  EXPECT_THAT(All(&search),
              ElementsAre("co sent", "xo superseded", "boi applied", "yo superseded", "aoi applied"));
}

TEST(WagonSearch, AQueueThatIsAwayIsLeftOutAndBothAreAnError) {
  WagonSearch one(Away("no shipper"), Queue({Wagon(1, "a", "applied")}));
  EXPECT_THAT(All(&one), ElementsAre("ai applied"));
  EXPECT_EQ(one.outbox_trouble().message(), "no shipper");
  WagonSearch none(Away("no shipper"), Away("no receiver"));
  EXPECT_THAT(All(&none), ElementsAre("no shipper"));
  WagonSearch empty(Queue({}), Queue({}));
  EXPECT_THAT(All(&empty), IsEmpty());
}

}  // namespace
}  // namespace srdf::ctl
