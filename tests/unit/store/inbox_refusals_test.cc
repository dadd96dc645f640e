// Refusals in the inbox: counted for ever, the newest kept one by one.
#include <gtest/gtest.h>

#include "store/inbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

InboxRefusal Refusal(uint64_t number, const std::string& flow = kFlow) {
  return {flow,
          static_cast<int64_t>(number),
          number,
          std::string(32, 'a'),
          "rejected",
          "forked",
          "another wagon …",
          "ipv4:192.0.2.1:4711"};
}

TEST(InboxRefusals, AreThereAfterARestartTheNewestFirst) {
  TemporaryDirectory directory;
  auto inbox = Must(Inbox::Open(directory / "inbox.db"));
  ASSERT_OK(inbox->NoteRefusal(Refusal(7)));
  ASSERT_OK(inbox->NoteRefusal(Refusal(uint64_t{1} << 63)));
  ASSERT_OK(inbox->NoteRefusal(Refusal(3, "another")));
  inbox.reset();
  inbox = Must(Inbox::Open(directory / "inbox.db"));
  const auto kept = Must(inbox->Refusals(kFlow, 10));
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].sequence, uint64_t{1} << 63);
  EXPECT_EQ(kept[1].sequence, 7u);
  EXPECT_EQ(kept[1].peer, "ipv4:192.0.2.1:4711");
  const auto counts = Must(inbox->RefusalCounts(kFlow));
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].refusals, 2u);
  EXPECT_EQ(counts[0].first_at_ms, 7);
}

TEST(InboxRefusals, TakeBoundedRoomHoweverManyThereAre) {
  TemporaryDirectory directory;
  auto inbox = Must(Inbox::Open(directory / "inbox.db"));
  ASSERT_OK(inbox->NoteRefusal(Refusal(1, "another")));
  for (uint64_t i = 1; i <= kRefusalsKept + 20; ++i) {
    InboxRefusal refusal = Refusal(i);
    refusal.error = std::string(10'000, 'e');
    ASSERT_OK(inbox->NoteRefusal(refusal));
  }
  const auto kept = Must(inbox->Refusals(kFlow, 10 * kRefusalsKept));
  EXPECT_EQ(kept.size(), kRefusalsKept);
  EXPECT_EQ(kept.front().sequence, kRefusalsKept + 20);
  EXPECT_EQ(kept.front().error.size(), kRefusalErrorBytesMax);
  EXPECT_EQ(Must(inbox->RefusalCounts(kFlow)).at(0).refusals, kRefusalsKept + 20);
  EXPECT_EQ(Must(inbox->Refusals("another", 10)).size(), 1u);
}

}  // namespace
}  // namespace srdf::store
