// Every kind of damage on the line, and the receipt for it. After each the true wagons are accepted, on the
// same stream and on a new one.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "unit/receiver/line_fixture.h"
#include "wire/frame_format.h"

namespace srdf::receiver::test {
namespace {

using K = ReceiptKind;
using R = ReceiptReason;
using C = ErrorClass;

constexpr size_t kChunkBytes = 900;
constexpr int kChunks = 6;  // of a wagon
constexpr uint64_t kOne = kFirstSequence, kTwo = kOne + 1, kThree = kOne + 2;

struct Said {
  uint64_t sequence;
  K kind;
  R reason;
  C error_class;
  uint32_t next_chunk = 0;

  friend bool operator==(const Said&, const Said&) = default;
};
std::ostream& operator<<(std::ostream& out, const Said& said) {
  return out << said.sequence << ' ' << ReceiptKindName(said.kind) << ' ' << ReceiptReasonName(said.reason)
             << ' ' << ErrorClassName(said.error_class) << ' ' << said.next_chunk;
}

Said Accepted(uint64_t sequence) { return {sequence, K::kAccepted, R::kNone, C::kNone}; }
Said Duplicate(uint64_t sequence) { return {sequence, K::kDuplicate, R::kReplayed, C::kNone}; }
Said Invalid(uint64_t sequence, R reason) { return {sequence, K::kInvalidPayload, reason, C::kFormat}; }
Said Rejected(uint64_t sequence, R reason, C error_class = C::kFormat) {
  return {sequence, K::kRejected, reason, error_class};
}
Said GoOn(uint64_t sequence, uint32_t next, R reason = R::kMissingChunk) {
  return {sequence, K::kPartiallyAccepted, reason, C::kFormat, next};
}

// What the case is given: wagon kOne is in the inbox; chunks of two and three are to come.
struct Traffic {
  std::vector<Wagon> wagons;
  Messages two, three;

  Messages All() const {
    Messages all = two;
    all.insert(all.end(), three.begin(), three.end());
    return all;
  }
  void WithoutChecksums() {
    for (Message& message : two) message.crc32.reset();
  }
  Messages Another(WagonHeader header) const {
    return Cut(MakeWagon(std::move(header), "other"), kChunkBytes);
  }
};

struct Case {
  const char* name;
  std::function<Messages(Traffic)> damage;
  std::vector<Said> receipts;
  uint64_t tip = kOne;  // afterwards
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Messages Flip(Traffic t, size_t chunk, size_t at, bool with_checksums) {
  if (!with_checksums) t.WithoutChecksums();
  t.two[chunk].data[at] = static_cast<char>(t.two[chunk].data[at] ^ 0x10);
  return t.All();
}

template <typename Change>
Messages ChangeOne(Traffic t, size_t chunk, Change change) {
  change(&t.two[chunk]);
  return t.All();
}

Messages Insert(Traffic t, size_t before, Message message) {
  t.two.insert(t.two.begin() + static_cast<long>(before), std::move(message));
  return t.All();
}

std::vector<Case> Cases() {
  const auto erase = [](size_t chunk) {
    return [chunk](Traffic t) {
      t.two.erase(t.two.begin() + static_cast<long>(chunk));
      return t.All();
    };
  };
  return {
      {"NothingDamaged", [](Traffic t) { return t.All(); }, {Accepted(kTwo), Accepted(kThree)}, kThree},
      {"ChunkDropped", erase(2), {GoOn(kTwo, 2), Rejected(kThree, R::kOutOfOrder)}},
      {"FirstChunkDropped", erase(0), {GoOn(kTwo, 0), Rejected(kThree, R::kMissingWagon)}},
      {"LastChunkDropped", erase(kChunks - 1), {GoOn(kTwo, 5), Rejected(kThree, R::kOutOfOrder)}},
      {"ChunkRepeated",
       [](Traffic t) { return Insert(t, 3, t.two[2]); },
       {Accepted(kTwo), Accepted(kThree)},
       kThree},
      {"ChunkRepeatedWithOtherBytes",
       [](Traffic t) {
         Message other = t.two[1];
         other.data[7] ^= 1;
         other.crc32.reset();
         return Insert(t, 3, other);
       },
       {Invalid(kTwo, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkRepeatedDamaged",
       [](Traffic t) {
         Message other = t.two[1];
         other.data[7] ^= 1;
         return Insert(t, 3, other);
       },
       {GoOn(kTwo, 3, R::kTampered), Accepted(kTwo), Accepted(kThree)},
       kThree},
      {"ChunksSwapped",
       [](Traffic t) {
         std::swap(t.two[1], t.two[2]);
         return t.All();
       },
       {GoOn(kTwo, 1), GoOn(kTwo, 2), Rejected(kThree, R::kOutOfOrder)}},
      {"FlippedBitInAChunkWithChecksum",
       [](Traffic t) { return Flip(t, 3, 17, true); },
       {GoOn(kTwo, 3, R::kTampered), Rejected(kThree, R::kOutOfOrder)}},
      {"FlippedBitInTheFirstChunkWithChecksum",
       [](Traffic t) { return Flip(t, 0, 0, true); },
       {GoOn(kTwo, 0, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"FlippedBitWithoutChecksum",
       [](Traffic t) { return Flip(t, 3, 17, false); },
       {Invalid(kTwo, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"FlippedBitInTheHash",
       [](Traffic t) { return Flip(t, kChunks - 1, t.two.back().data.size() - 1, false); },
       {Invalid(kTwo, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"FlippedBitInTheMagic",
       [](Traffic t) { return Flip(t, 0, 3, false); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"FlippedBitInTheVersion",
       [](Traffic t) { return Flip(t, 0, 8, false); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"HeaderLengthThatLies",
       [](Traffic t) {
         t.WithoutChecksums();
         t.two[0].data.replace(12, 4, "\xff\xff\xff\xff");
         return t.All();
       },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"FlippedBitInTheHeadersUid",
       [](Traffic t) { return Flip(t, 0, t.two[0].data.find(t.wagons[1].header.uid) + 3, false); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkTruncatedWithChecksum",
       [](Traffic t) { return ChangeOne(t, 2, [](Message* m) { m->data.pop_back(); }); },
       {GoOn(kTwo, 2, R::kTampered), Rejected(kThree, R::kOutOfOrder)}},
      {"ChunkTruncated",
       [](Traffic t) {
         t.WithoutChecksums();
         return ChangeOne(t, 2, [](Message* m) { m->data.resize(300); });
       },
       {Invalid(kTwo, R::kTorn), Rejected(kThree, R::kMissingWagon)}},
      {"LastChunkTruncated",
       [](Traffic t) {
         t.WithoutChecksums();
         return ChangeOne(t, kChunks - 1, [](Message* m) { m->data.pop_back(); });
       },
       {Invalid(kTwo, R::kTorn), Rejected(kThree, R::kMissingWagon)}},
      {"LastChunkLonger",
       [](Traffic t) {
         t.WithoutChecksums();
         return ChangeOne(t, kChunks - 1, [](Message* m) { m->data += 'x'; });
       },
       {Invalid(kTwo, R::kTorn), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkEmpty",
       [](Traffic t) { return ChangeOne(t, 2, [](Message* m) { m->data.clear(); }); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkTooLarge",
       [](Traffic t) { return ChangeOne(t, 2, [](Message* m) { m->data.assign((1 << 20) + 1, 'x'); }); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkCountGrows",
       [](Traffic t) { return ChangeOne(t, 2, [](Message* m) { ++m->chunk_count; }); },
       {Invalid(kTwo, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkCountShrinks",
       [](Traffic t) { return ChangeOne(t, 2, [](Message* m) { --m->chunk_count; }); },
       {Invalid(kTwo, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkCountTooSmallFromTheStart",
       [](Traffic t) {
         t.two.pop_back();
         for (Message& m : t.two) --m.chunk_count;
         return t.All();
       },
       {Invalid(kTwo, R::kTorn), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkCountHugeFromTheStart",
       [](Traffic t) {
         for (Message& m : t.two) m.chunk_count = UINT32_MAX;
         return t.All();
       },
       {GoOn(kTwo, kChunks), Rejected(kThree, R::kOutOfOrder)}},
      {"ChunkCountZero",
       [](Traffic t) { return ChangeOne(t, 2, [](Message* m) { m->chunk_count = 0; }); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkNumberBeyondTheCount",
       [](Traffic t) { return ChangeOne(t, 5, [](Message* m) { m->chunk_no = 6; }); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"FrameLargerThanItsChunksCanHold",
       [](Traffic t) {
         Wagon wagon = t.wagons[1];
         WagonHeader header = wagon.header;
         header.payload_raw_bytes = header.payload_compressed_bytes = uint64_t{1} << 62;
         std::string front;
         store::Must(wire::EncodeFrameFront(header, &front));
         wagon.frame.replace(0, front.size(), front);
         t.two = Cut(wagon, kChunkBytes);
         return t.All();
       },
       {Invalid(kTwo, R::kTorn), Rejected(kThree, R::kMissingWagon)}},
      {"ChunkOfTheNextWagonInTheMiddle",
       [](Traffic t) { return Insert(t, 3, t.three[0]); },
       {GoOn(kTwo, 3), Rejected(kThree, R::kOutOfOrder), Accepted(kTwo), Accepted(kThree)},
       kThree},
      {"ChunkOfAnOldWagonInTheMiddle",
       [](Traffic t) { return Insert(t, 3, Cut(t.wagons[0], kChunkBytes)[0]); },
       {Duplicate(kOne), Accepted(kTwo), Accepted(kThree)},
       kThree},
      {"WagonDropped", [](Traffic t) { return t.three; }, {Rejected(kThree, R::kMissingWagon)}},
      {"WagonRepeated",
       [](Traffic t) {
         const Messages again = t.two;
         t.two.insert(t.two.end(), again.begin(), again.end());
         return t.All();
       },
       {Accepted(kTwo), Duplicate(kTwo), Accepted(kThree)},
       kThree},
      {"OldWagonReplayed",
       [](Traffic t) {
         t.three = Cut(t.wagons[0], kChunkBytes);
         return t.All();
       },
       {Accepted(kTwo), Duplicate(kOne)},
       kTwo},
      {"WagonFromBeforeTheInboxReplayed",
       [](Traffic t) { return t.Another(HeaderAfter(3, std::string(32, 'p'))); },
       {Rejected(3, R::kReplayed)}},
      {"WagonsSwapped",
       [](Traffic t) {
         std::swap(t.two, t.three);
         return t.All();
       },
       {Rejected(kThree, R::kMissingWagon), Accepted(kTwo)},
       kTwo},
      {"AnotherWagonOfAnAcceptedSequence",
       [](Traffic t) { return t.Another(HeaderAfter(kOne, std::string(32, 'h'), "fork")); },
       {Rejected(kOne, R::kForked)}},
      {"PreviousHashWrong",
       [](Traffic t) { return t.Another(HeaderAfter(kTwo, std::string(32, 'x'))); },
       {Rejected(kTwo, R::kChainBroken)}},
      {"OldEpoch",
       [](Traffic t) {
         WagonHeader header = t.wagons[1].header;
         header.epoch = kEpoch - 1;
         return t.Another(header);
       },
       {Rejected(kTwo, R::kOldEpoch, C::kAuthorisation)}},
      {"LaterEpoch",
       [](Traffic t) {
         WagonHeader header = t.wagons[1].header;
         header.epoch = kEpoch + 1;
         return t.Another(header);
       },
       {Rejected(kTwo, R::kLaterEpoch, C::kAuthorisation)}},
      {"WagonOfAnotherFlow",
       [](Traffic t) {
         WagonHeader header = t.wagons[1].header;
         header.flow = "payroll";
         return t.Another(header);
       },
       {Rejected(kTwo, R::kForeign)}},
      {"HeaderSaysAnotherUid",
       [](Traffic t) {
         WagonHeader header = t.wagons[1].header;
         header.uid = std::string(32, '7');
         Messages messages = t.Another(header);
         for (Message& m : messages) m.uid = t.wagons[1].header.uid;
         return messages;
       },
       {Invalid(kTwo, R::kTampered)}},
      {"HeaderSaysAnotherSequence",
       [](Traffic t) {
         WagonHeader header = t.wagons[1].header;
         header.sequence = kThree;
         Messages messages = t.Another(header);
         for (Message& m : messages) m.sequence = kTwo;
         return messages;
       },
       {Invalid(kTwo, R::kTampered)}},
      {"AnnouncedHashIsNotTheFrames",
       [](Traffic t) {
         for (Message& m : t.two) m.hash[0] ^= 1;
         return t.two;
       },
       {Invalid(kTwo, R::kTampered)}},
      {"AnnouncedHashChangesOnTheWay",
       [](Traffic t) { return ChangeOne(t, 3, [](Message* m) { m->hash[0] ^= 1; }); },
       {Invalid(kTwo, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"AnnouncedUidChangesOnTheWay",
       [](Traffic t) { return ChangeOne(t, 3, [](Message* m) { m->uid = std::string(32, '7'); }); },
       {Invalid(kTwo, R::kTampered), Rejected(kThree, R::kMissingWagon)}},
      {"HashOf31Bytes",
       [](Traffic t) { return ChangeOne(t, 3, [](Message* m) { m->hash.pop_back(); }); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"UidOfOneMebibyte",
       [](Traffic t) { return ChangeOne(t, 0, [](Message* m) { m->uid.assign(1 << 20, 'a'); }); },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
      {"SequenceZero",
       [](Traffic t) { return ChangeOne(t, 0, [](Message* m) { m->sequence = 0; }); },
       {Invalid(0, R::kNotAWagon), GoOn(kTwo, 0), Rejected(kThree, R::kMissingWagon)}},
      {"SequenceBeyondAllNumbers",
       [](Traffic t) { return ChangeOne(t, 3, [](Message* m) { m->sequence = uint64_t{1} << 63; }); },
       {Invalid(uint64_t{1} << 63, R::kNotAWagon), GoOn(kTwo, 3), Rejected(kThree, R::kOutOfOrder)}},
      {"SequenceFarAhead",
       [](Traffic t) { return ChangeOne(t, 0, [](Message* m) { m->sequence = uint64_t{1} << 62; }); },
       {Rejected(uint64_t{1} << 62, R::kMissingWagon), GoOn(kTwo, 0), Rejected(kThree, R::kMissingWagon)}},
      {"RubbishInsteadOfAWagon",
       [](Traffic t) {
         for (Message& m : t.two) m.data.assign(m.data.size(), 'r');
         t.WithoutChecksums();
         return t.All();
       },
       {Invalid(kTwo, R::kNotAWagon), Rejected(kThree, R::kMissingWagon)}},
  };
}

class Receipts : public ::testing::TestWithParam<Case> {
 protected:
  Receipts() {
    wagons_ = line_.MakeWagons(3, 4700);
    traffic_ = {wagons_, Cut(wagons_[1], kChunkBytes), Cut(wagons_[2], kChunkBytes)};
    line_.SendHonestly({wagons_[0]}, kChunkBytes);
  }
  void CheckReceipts() {
    ASSERT_EQ(traffic_.two.size(), static_cast<size_t>(kChunks));
    Status ended;
    std::vector<Said> said;
    for (const WagonReceipt& r : line_.Send(GetParam().damage(traffic_), &ended)) {
      said.push_back({r.sequence, r.kind, r.reason, r.error_class, r.next_chunk});
      EXPECT_EQ(r.error.empty(), r.kind == K::kAccepted);
    }
    EXPECT_OK(ended);
    EXPECT_EQ(said, GetParam().receipts);
    EXPECT_EQ(line_.Tip().sequence, GetParam().tip);
  }
  void CheckNothingIsLost() {
    EXPECT_EQ(line_.Tip(), store::TipOf(wagons_[2].header, wagons_[2].hash));
    for (const Wagon& wagon : wagons_) line_.ExpectHolds(wagon);
  }

  Line line_;
  std::vector<Wagon> wagons_;
  Traffic traffic_;
};

TEST_P(Receipts, TellTheDamageAndTheTrueWagonsFollowOnANewStream) {
  CheckReceipts();
  line_.SendHonestly(wagons_, kChunkBytes);
  CheckNothingIsLost();
}

TEST_P(Receipts, TellTheDamageAndTheTrueWagonsFollowOnTheSameStream) {
  CheckReceipts();
  // Twice at most: where the first chunk lied, the true ones after it are what looks wrong.
  for (int tries = 0; tries < 2 && line_.Tip().sequence != kThree; ++tries) {
    Status ended;
    (void)line_.Send(traffic_.All(), &ended);
    EXPECT_OK(ended);
  }
  CheckNothingIsLost();
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind, Receipts, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

TEST(ReceiptRules, EveryReasonHasItsRuleAndNoBusyOneIsAnyonesFault) {
  for (const ReceiptRule& rule : ReceiptRules()) {
    EXPECT_STRNE(ReceiptReasonName(rule.reason), "unknown");
    EXPECT_EQ(rule.error_class == C::kNone, rule.kind == K::kAccepted || rule.kind == K::kDuplicate);
    EXPECT_TRUE(rule.error_class != C::kBusy || rule.kind == K::kRejected);
  }
}

TEST(ReceiptRules, AreWhatTheProtocolsPageSays) {
  std::ifstream file(SRDF_SOURCE_DIR "/docs/formats/delivery-protocol.md");
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const ReceiptRule& rule : ReceiptRules()) {
    const std::string line = std::string("| `") + ReceiptReasonName(rule.reason) + "` | `" +
                             ReceiptKindName(rule.kind) + "` | `" + ErrorClassName(rule.error_class) +
                             "` | " + rule.situation + " | " + rule.shipper_does + " |\n";
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace srdf::receiver::test
