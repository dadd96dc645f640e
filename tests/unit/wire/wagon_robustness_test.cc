// Frames that nobody made on purpose, and frames that somebody made with bad intentions: an error, never a
// crash, never more memory than a good frame needs.
#include <gtest/gtest.h>

#include <random>

#include "model/record.h"
#include "unit/wire/frame_fixture.h"
#include "wire/frame_format.h"

namespace srdf::wire {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture

Frame SmallFrame(Codec codec) {
  WagonBuilderOptions options;
  options.codec = codec;
  return MakeFrame({SchemaRecord(1), RunRecord(1, 500, 1), RunRecord(1, 2000, 2)}, options);
}

Status VerifyAny(std::string_view bytes) {
  WagonHeader header;
  std::string hash;
  return Verify(bytes, 700, &header, &hash);
}

class Robustness : public ::testing::TestWithParam<Codec> {};
class CompressedRobustness : public Robustness {};  // without a codec, sizes that differ are a bad header

TEST_P(Robustness, EveryTornFrameIsAnError) {
  const std::string bytes = SmallFrame(GetParam()).bytes;
  ASSERT_TRUE(VerifyAny(bytes).ok());
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(VerifyAny(bytes.substr(0, n)).code(), StatusCode::kDataLoss) << n;
    if (n + 32 < bytes.size()) {
      EXPECT_FALSE(ReadAll(PiecesOf(bytes.substr(0, n), 333)).ok()) << n;
    }
  }
  EXPECT_EQ(VerifyAny(bytes + "x").code(), StatusCode::kDataLoss);
}

TEST_P(Robustness, EveryFlippedBitIsNoticedByTheVerifier) {
  const Quiet quiet;
  const std::string bytes = SmallFrame(GetParam()).bytes;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    EXPECT_FALSE(VerifyAny(bad).ok()) << at;
  }
}

TEST_P(Robustness, MutatedFramesNeverCrashTheReader) {
  const Quiet quiet;
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Frame frame = SmallFrame(GetParam());
  for (int i = 0; i < 6'000; ++i) {
    std::string bad = frame.bytes;
    const uint64_t kind = random() % 4;
    if (kind == 0) {
      bad.erase(random() % bad.size(), random() % 20);
    } else if (kind == 1) {
      bad.insert(random() % bad.size(), std::string(random() % 20, static_cast<char>(random())));
    }
    for (uint64_t k = random() % 4; k > 0; --k) bad[random() % bad.size()] = static_cast<char>(random());
    const auto read = ReadAll(PiecesOf(bad, 1 + random() % 3000));
    if (read.ok()) {
      EXPECT_LT(read->records.size(), 1u << 20);
    }
    VerifyAny(bad).ok();
    PeekHeader(bad).ok();
  }
}

TEST_P(CompressedRobustness, APayloadLargerThanDeclaredIsRefused) {
  const std::string record = RunRecord(1, 100'000, 1);
  WagonHeader header = SomeHeader();
  header.codec = GetParam();
  header.payload_raw_bytes = record.size();
  const auto read = ReadAll(PiecesOf(ForgeFrame(header, Packed(GetParam(), record + record)).bytes));
  EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(read.status().message().find("larger than"), std::string::npos) << read.status().ToString();
}

TEST_P(CompressedRobustness, APayloadSmallerThanDeclaredIsRefused) {
  const std::string record = RunRecord(1, 100'000, 1);
  WagonHeader header = SomeHeader();
  header.codec = GetParam();
  header.payload_raw_bytes = record.size() + 1;
  EXPECT_EQ(ReadAll(PiecesOf(ForgeFrame(header, Packed(GetParam(), record)).bytes)).status().code(),
            StatusCode::kDataLoss);
}

TEST_P(CompressedRobustness, BytesBehindTheCompressedStreamAreRefused) {
  const std::string record = RunRecord(1, 1000, 1);
  WagonHeader header = SomeHeader();
  header.codec = GetParam();
  header.payload_raw_bytes = record.size();
  for (const std::string& behind : {std::string("x"), Packed(GetParam(), record), std::string(5000, 'x')}) {
    const auto read = ReadAll(PiecesOf(ForgeFrame(header, Packed(GetParam(), record) + behind).bytes, 512));
    EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
  }
}

TEST_P(Robustness, RecordsThatDoNotBelongIntoAPayloadAreRefused) {
  std::string begin, unknown("\x0a\0\0\0\0", 5), huge("\x03\xff\xff\xff\xff", 5), torn = RunRecord(1, 10, 1);
  AppendRecord(RecordType::kTransactionBegin, "b", &begin);
  torn.pop_back();
  std::string wide("\x01", 1);
  ByteWriter(&wide).U32(kSchemaBodyBytesMax + 1);
  for (const std::string& bad : {begin, unknown, huge, torn, wide}) {
    const std::string raw = RunRecord(1, 10, 1) + bad;
    WagonHeader header = SomeHeader();
    header.codec = GetParam();
    header.payload_raw_bytes = raw.size();
    EXPECT_EQ(ReadAll(PiecesOf(ForgeFrame(header, Packed(GetParam(), raw)).bytes)).status().code(),
              StatusCode::kDataLoss);
  }
}

INSTANTIATE_TEST_SUITE_P(AllCodecs, Robustness, ::testing::Values(Codec::kNone, Codec::kZstd, Codec::kGzip),
                         [](const auto& tested) { return std::string(CodecName(tested.param)); });

INSTANTIATE_TEST_SUITE_P(RealCodecs, CompressedRobustness, ::testing::Values(Codec::kZstd, Codec::kGzip),
                         [](const auto& tested) { return std::string(CodecName(tested.param)); });

TEST(FrameVerifier, AHeaderLengthThatLiesIsRefusedBeforeItsBytesCome) {
  std::string prefix(kFrameMagic);
  ByteWriter w(&prefix);
  w.U32(kFrameVersion);
  w.U32(kFrameHeaderBytesMax + 1);
  auto verifier = NewFrameVerifier();
  EXPECT_EQ(verifier->Append(prefix).code(), StatusCode::kDataLoss);
  EXPECT_EQ(verifier->Append("more").code(), StatusCode::kDataLoss);  // stays failed
}

TEST(FrameVerifier, AnEmptyHeaderIsRefused) {
  std::string prefix(kFrameMagic);
  ByteWriter w(&prefix);
  w.U32(kFrameVersion);
  w.U32(0);
  EXPECT_FALSE(VerifyAny(prefix + std::string(32, 'x')).ok());
}

TEST(FrameVerifier, RubbishIsRefused) {
  const Quiet quiet;
  std::mt19937_64 random(5);
  for (int i = 0; i < 2'000; ++i) {
    std::string rubbish(random() % 300, '\0');
    for (char& c : rubbish) c = static_cast<char>(random());
    if (random() % 2 == 0) rubbish = std::string("SRDFWAGN\x01\0\0\0", 12) + rubbish;
    EXPECT_FALSE(VerifyAny(rubbish).ok());
    EXPECT_FALSE(ReadAll(PiecesOf(rubbish)).ok());
  }
}

}  // namespace
}  // namespace srdf::wire
