// A wagon of one chunk goes to the inbox in one write: the same receipts as for any other, and nothing of a
// refused one is kept.
#include <gtest/gtest.h>

#include <functional>

#include "unit/receiver/line_fixture.h"

namespace srdf::receiver::test {
namespace {

using K = ReceiptKind;
using R = ReceiptReason;

constexpr size_t kChunkBytes = 64 << 10;
constexpr uint64_t kOne = kFirstSequence, kTwo = kOne + 1;

struct Case {
  const char* name;
  std::function<Message(const std::vector<Wagon>&)> message;  // instead of wagon kTwo
  K kind;
  R reason;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Message Only(const Wagon& wagon) { return Cut(wagon, kChunkBytes).at(0); }

template <typename Change>
Message Changed(const Wagon& wagon, bool with_checksum, Change change) {
  Message message = Only(wagon);
  change(&message);
  if (!with_checksum) message.crc32.reset();
  return message;
}

template <typename Change>
Message Remade(const Wagon& wagon, Change change) {
  WagonHeader header = wagon.header;
  change(&header);
  return Only(MakeWagon(std::move(header), "other"));
}

std::vector<Case> Cases() {
  const auto flip = [](Message* m) { m->data[m->data.size() / 2] ^= 1; };
  return {
      {"FlippedBitWithChecksum", [flip](const auto& wagons) { return Changed(wagons[1], true, flip); },
       K::kPartiallyAccepted, R::kTampered},
      {"FlippedBitWithoutChecksum", [flip](const auto& wagons) { return Changed(wagons[1], false, flip); },
       K::kInvalidPayload, R::kTampered},
      {"Cut",
       [](const auto& wagons) {
         return Changed(wagons[1], false, [](Message* m) { m->data.resize(m->data.size() - 9); });
       },
       K::kInvalidPayload, R::kTorn},
      {"Longer",
       [](const auto& wagons) { return Changed(wagons[1], false, [](Message* m) { m->data += 'x'; }); },
       K::kInvalidPayload, R::kTorn},
      {"Rubbish",
       [](const auto& wagons) {
         return Changed(wagons[1], false, [](Message* m) { m->data.assign(m->data.size(), 'r'); });
       },
       K::kInvalidPayload, R::kNotAWagon},
      {"AnnouncedHashIsNotTheFrames",
       [](const auto& wagons) { return Changed(wagons[1], true, [](Message* m) { m->hash[0] ^= 1; }); },
       K::kInvalidPayload, R::kTampered},
      {"OfAnotherFlow",
       [](const auto& wagons) { return Remade(wagons[1], [](WagonHeader* h) { h->flow = "payroll"; }); },
       K::kRejected, R::kForeign},
      {"OfAnOldEpoch",
       [](const auto& wagons) { return Remade(wagons[1], [](WagonHeader* h) { --h->epoch; }); }, K::kRejected,
       R::kOldEpoch},
      {"OfALaterEpoch",
       [](const auto& wagons) { return Remade(wagons[1], [](WagonHeader* h) { ++h->epoch; }); }, K::kRejected,
       R::kLaterEpoch},
      {"AfterAnotherWagon",
       [](const auto& wagons) {
         return Remade(wagons[1], [](WagonHeader* h) { h->previous_hash = std::string(32, 'x'); });
       },
       K::kRejected, R::kChainBroken},
      {"TheOneAfterIt", [](const auto& wagons) { return Only(wagons[2]); }, K::kRejected, R::kMissingWagon},
      {"TheOneBefore", [](const auto& wagons) { return Only(wagons[0]); }, K::kDuplicate, R::kReplayed},
      {"AnotherOneBefore", [](const auto& wagons) { return Only(MakeWagon(wagons[0].header, "fork")); },
       K::kRejected, R::kForked},
  };
}

class OneChunk : public ::testing::TestWithParam<Case> {};

// TRAP 37.
TEST_P(OneChunk, IsRefusedWithoutATraceAndTheTrueOneIsAccepted) {
  Line line;
  const auto wagons = line.MakeWagons(3, 300);
  line.SendHonestly({wagons[0]}, kChunkBytes);
  Status ended;
  const auto said = line.Send({GetParam().message(wagons)}, &ended);
  ASSERT_OK(ended);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, GetParam().kind) << ReceiptKindName(said[0].kind);
  EXPECT_EQ(said[0].reason, GetParam().reason) << ReceiptReasonName(said[0].reason);
  EXPECT_EQ(line.Tip().sequence, kOne);
  EXPECT_EQ(store::Must(line.inbox()->GetPartial(store::kFlow)).sequence, 0u);

  const auto then = line.Send({Only(wagons[1]), Only(wagons[1]), Only(wagons[2])}, &ended);
  ASSERT_OK(ended);
  ASSERT_EQ(then.size(), 3u);
  EXPECT_EQ(then[0].kind, K::kAccepted);
  EXPECT_EQ(then[1].kind, K::kDuplicate);
  EXPECT_EQ(then[2].kind, K::kAccepted);
  for (const Wagon& wagon : wagons) line.ExpectHolds(wagon);
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind, OneChunk, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

TEST(OneChunkWagon, TakesThePlaceOfAnotherOneThatWasBegun) {
  Line line;
  const auto wagons = line.MakeWagons(2, 5000);
  Status ended;
  auto half = Cut(wagons[0], 900);
  half.resize(3);
  EXPECT_TRUE(line.Send(half, &ended).empty());
  EXPECT_EQ(store::Must(line.inbox()->GetPartial(store::kFlow)).chunks, 3u);
  line.Reconnect();
  const auto said = line.Send({Only(wagons[0]), Only(wagons[1])}, &ended);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[1].kind, K::kAccepted);
  for (const Wagon& wagon : wagons) line.ExpectHolds(wagon);
}

}  // namespace
}  // namespace srdf::receiver::test
