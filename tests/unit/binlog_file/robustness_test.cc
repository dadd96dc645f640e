// Damaged files: whatever the bytes are, the dump ends with sound JSON lines and either a clear error or
// none.
#include <gtest/gtest.h>

#include <random>

#include "codec/codec.h"
#include "support/mysql_file.h"
#include "unit/binlog_file/dump_fixture.h"

namespace srdf::test {
namespace {

// A bit of everything, without checksums unless asked for, so that damage reaches the decoders.
std::string Sample(bool checksums) {
  constexpr uint64_t kTable = 5;
  const std::string document =
      JsonDocument(JsonObject({{"a", JsonArray({JsonInt16(1), JsonDouble(2.5), JsonString("x")})},
                               {"b", JsonOpaque(246, "\x06\x03" + Be(0x8001, 2) + Be(4, 2))}}));
  const std::string diff = Le(0, 1) + PackedText("$.a") + PackedText(JsonDocument(JsonInt16(2)));
  const std::string map =
      TableMapBody(kTable, "db", "t",
                   {{"id", 3, ""},
                    {"j", 245, "\x04"},
                    {"n", 246, "\x0a\x02"},
                    {"s", 15, Le(300, 2)},
                    {"e", 254, "\xf7\x01"}},
                   MetadataField(1, std::string(1, '\0')) + MetadataField(2, Packed(255)) +
                       MetadataField(6, Packed(1) + PackedText("one")) + MetadataField(8, Packed(0)));
  const std::string row = std::string(1, '\0') + Le(1, 4) + Le(document.size(), 4) + document +
                          Be(0x80000001, 4) + Be(5, 1) + Le(3, 2) + "abc" + "\x01";
  const std::string partial = Packed(1) + "\x01" + std::string(1, '\0') + Le(diff.size(), 4) + diff;
  MySqlFile file("8.0.36", checksums);
  file.Add(35, Le(1, 8) + UuidBytes() + Le(1, 8) + Le(1, 8) + Le(6, 8));
  file.AddGtid(6);
  file.AddQuery("CREATE TABLE t (…)");
  file.AddGtid(7);
  file.AddQuery("BEGIN");
  file.Add(29,
           "\x04"
           "text");
  file.Add(19, map);
  file.Add(30, RowsBody(kTable, 5, "\x1f", row + row, Le(1, 1) + Le(3, 2)));
  file.Add(19, map);
  file.Add(39, RowsBody(kTable, 5, "\x01\x02", std::string(1, '\0') + Le(1, 4) + partial));
  file.Add(38, Le(0, 1) + Le(1, 4) + Le(1, 4) + Le(0, 4) + "a");
  const std::string events = Event(2, QueryBody("BEGIN")) + Event(19, map) +
                             Event(32, RowsBody(kTable, 5, "\x1f", row)) + Event(16, Le(3, 8));
  std::string packed;
  auto compressor = codec::NewCompressor(Codec::kZstd, 3);
  EXPECT_TRUE((*compressor)->Append(events, &packed).ok() && (*compressor)->Finish(&packed).ok());
  file.AddGtid(8);
  file.Add(40, Packed(2) + PackedText(Packed(0)) + Packed(3) + PackedText(Packed(events.size())) + Packed(1) +
                   PackedText(Packed(packed.size())) + Packed(0) + packed);
  file.AddGtid(9);
  file.Add(40, Packed(2) + PackedText(Packed(255)) + Packed(1) + PackedText(Packed(events.size())) +
                   Packed(0) + events);
  std::string uuid;
  for (const char c : UuidBytes()) uuid += Serialized(static_cast<uint8_t>(c));
  const std::string tagged = Serialized(0) + Serialized(0) + Serialized(1) + uuid + Serialized(2) +
                             SerializedSigned(3) + Serialized(3) + Serialized(3) + "tag";
  file.Add(42, Serialized(1) + Serialized(tagged.size() + 3) + Serialized(2) + tagged);
  file.AddQuery("DROP TABLE t");
  file.AddRotate();
  return file.bytes();
}

// An error has to say something; what it does not say must be right.
void ExpectClear(const DumpResult& result) {
  if (result.status.ok()) return;
  EXPECT_FALSE(result.status.message().empty());
  EXPECT_NE(result.status.code(), StatusCode::kInternal) << result.status.ToString();
}

TEST(Robustness, TheUndamagedSampleIsReadWhole) {
  for (const bool checksums : {true, false}) {
    const DumpResult result = DumpBytes(Sample(checksums));
    EXPECT_TRUE(result.status.ok()) << result.status.ToString();
    EXPECT_EQ(result.summary.transactions, 5u) << result.text;
    EXPECT_EQ(result.summary.inserts, 2u);
    EXPECT_EQ(result.summary.updates, 1u);
    EXPECT_EQ(result.summary.deletes, 2u);
  }
}

TEST(Robustness, EveryTruncationEndsInAnErrorOrInWholeTransactionsBeforeIt) {
  for (const bool events_form : {false, true}) {
    const std::string sample = Sample(true);
    const std::string whole = DumpBytes(sample, {"", 0, "", "", 0, events_form}).text;
    for (size_t bytes = 0; bytes < sample.size(); ++bytes) {
      const DumpResult result = DumpBytes(sample.substr(0, bytes), {"", 0, "", "", 0, events_form});
      ExpectClear(result);
      // All lines but a last, incomplete one are those of the whole file.
      std::string lines = result.text;
      if (result.summary.incomplete != 0) lines.resize(lines.rfind('\n', lines.size() - 2) + 1);
      EXPECT_EQ(whole.substr(0, lines.size()), lines) << bytes;
    }
  }
}

TEST(Robustness, FlippedBitsAreCaughtByTheChecksums) {
  std::mt19937 random(20240607);
  const std::string sample = Sample(true);
  const std::string whole = DumpBytes(sample).text;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = sample;
    const size_t at = 4 + random() % (damaged.size() - 4);
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << (random() % 8));
    const DumpResult result = DumpBytes(damaged);
    // One bit is the flag of a file in use, which no checksum covers; it changes nothing that is printed.
    if (result.status.ok()) {
      EXPECT_EQ(result.text, whole) << at;
    }
    ExpectClear(result);
  }
}

TEST(Robustness, DamageThatNoChecksumCatchesNeverCrashes) {
  std::mt19937 random(7);
  const std::string sample = Sample(false);
  int errors = 0, clean = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string damaged = sample;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      const size_t at = 4 + random() % (damaged.size() - 4);
      damaged[at] = static_cast<char>(round % 2 == 0 ? random() : damaged[at] ^ 1 << (random() % 8));
    }
    const DumpResult result = DumpBytes(damaged, {"", 0, "", "", 0, round % 3 == 0});
    ExpectClear(result);
    ++(result.status.ok() ? clean : errors);
  }
  EXPECT_GT(errors, 500);
  EXPECT_GT(clean, 500);
}

}  // namespace
}  // namespace srdf::test
