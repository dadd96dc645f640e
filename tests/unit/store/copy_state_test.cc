// The state of a copy of tables is part of the positions that the queues keep.
#include "model/copy_state.h"

#include <gtest/gtest.h>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

// What first and last position may say of a copy.
const std::vector<std::pair<std::string, std::string>> kStates = {
    {"", std::string("begins\0here", 11)},
    {std::string("begins\0here", 11), std::string("begins\0here", 11)},
    {std::string("begins\0here", 11), std::string(kCopyStateBytesMax, 's')},
    {std::string(kCopyStateBytesMax, 's'), ""},
    {"", ""},
};

WagonHeader CopyingHeader(const ChainTip& tip) {
  WagonHeader header = FakeHeader(tip.sequence + 1, tip.hash);
  std::tie(header.first.copy, header.last.copy) = kStates[tip.sequence];
  return header;
}

TEST(CopyInTheQueues, EveryPositionOfTheOutboxComesBackAfterItWasOpenedAgain) {
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  for (const auto& [first, last] : kStates) {
    const ChainTip tip = Must(outbox->GetFlow(kFlow)).tip;
    EXPECT_EQ(tip.position.copy, first);
    auto writer = Must(outbox->NewWagon(kFlow));
    Must(writer->Append("frame"));
    const WagonHeader header = CopyingHeader(tip);
    Must(writer->Commit(header, FakeHash(header.sequence)));
    EXPECT_EQ(Must(outbox->GetFlow(kFlow)).tip.position, header.last);
  }
  outbox.reset();
  outbox = Must(Outbox::Open(directory / "outbox.db"));
  for (uint64_t i = 0; i < kStates.size(); ++i) {
    const auto wagon = Must(outbox->NextToSend(kFlow, i));
    ASSERT_EQ(wagon->header.sequence, i + 1);
    EXPECT_EQ(wagon->header.first.copy, kStates[i].first) << i;
    EXPECT_EQ(wagon->header.last.copy, kStates[i].second) << i;
  }
}

TEST(CopyInTheQueues, TheUnsentTailBeginsWithTheStateBeforeItsFirstWagon) {
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  for (int i = 0; i < 3; ++i) {
    auto writer = Must(outbox->NewWagon(kFlow));
    Must(writer->Append("frame"));
    WagonHeader header = CopyingHeader(Must(outbox->GetFlow(kFlow)).tip);
    header.seal_reason = i == 1 ? SealReason::kAdaptive : SealReason::kCopy;
    Must(writer->Commit(header, FakeHash(header.sequence)));
  }
  Must(outbox->BeginAttempt(kFlow, 1));
  const UnsentTail tail = Must(outbox->GetUnsentTail(kFlow, 10));
  ASSERT_EQ(tail.wagons.size(), 2u);
  EXPECT_EQ(tail.before.position.copy, kStates[1].first);
  EXPECT_FALSE(StandsAlone(tail.wagons[0].seal_reason));
  EXPECT_TRUE(StandsAlone(tail.wagons[1].seal_reason));
}

TEST(CopyInTheQueues, EveryPositionOfTheInboxComesBackAfterItWasOpenedAgain) {
  TemporaryDirectory directory;
  auto inbox = Must(Inbox::Open(directory / "inbox.db"));
  Must(inbox->AdoptCheckpoint(kFlow, Start(), {}));
  for (size_t i = 0; i < kStates.size(); ++i) {
    const WagonHeader header = CopyingHeader(Must(inbox->GetFlow(kFlow)).tip);
    Must(inbox->AcceptWhole(header, FakeHash(header.sequence), "frame"));
    EXPECT_EQ(Must(inbox->RecentFlow(kFlow)).tip.position, header.last);
  }
  inbox.reset();
  inbox = Must(Inbox::Open(directory / "inbox.db"));
  for (uint64_t i = 0; i < kStates.size(); ++i) {
    const auto wagon = Must(inbox->NextToApply(kFlow, i));
    ASSERT_EQ(wagon->header.sequence, i + 1);
    EXPECT_EQ(wagon->header.first.copy, kStates[i].first) << i;
    EXPECT_EQ(wagon->header.last.copy, kStates[i].second) << i;
  }
}

}  // namespace
}  // namespace srdf::store
