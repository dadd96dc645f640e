#include "codec/codec.h"

#include <gtest/gtest.h>

#include <random>

namespace srdf::codec {
namespace {

struct Case {
  Codec codec;
  int level;
};

class CodecTest : public ::testing::TestWithParam<Case> {
 protected:
  std::string Compress(std::string_view in, size_t piece_bytes) {
    auto compressor = NewCompressor(GetParam().codec, GetParam().level);
    EXPECT_TRUE(compressor.ok()) << compressor.status().ToString();
    std::string out;
    for (; !in.empty(); in.remove_prefix(std::min(piece_bytes, in.size()))) {
      EXPECT_TRUE((*compressor)->Append(in.substr(0, piece_bytes), &out).ok());
    }
    EXPECT_TRUE((*compressor)->Finish(&out).ok());
    return out;
  }

  // Everything, in steps; stops at an error, or when no more comes.
  Result<std::string> Decompress(std::string_view in, size_t piece_bytes, size_t out_bytes_max) {
    auto decompressor = NewDecompressor(GetParam().codec);
    std::string out;
    for (std::string_view piece;;) {
      const size_t had = out.size(), left = piece.size();
      SRDF_RETURN_IF_ERROR((*decompressor)->Step(&piece, out_bytes_max, &out));
      EXPECT_LE(out.size() - had, out_bytes_max);
      if (out.size() > had || piece.size() < left) continue;
      if (in.empty() || !piece.empty()) break;
      piece = in.substr(0, piece_bytes);
      in.remove_prefix(piece.size());
    }
    if (!(*decompressor)->finished()) return Status(StatusCode::kDataLoss, "not finished");
    return out;
  }
};

class ChecksummedCodecTest : public CodecTest {};  // a codec with an end mark and a checksum

std::string Text(size_t bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < bytes) {
    text += random() % 3 == 0 ? std::to_string(random()) : "a row that looks like the others ";
  }
  text.resize(bytes);
  return text;
}

TEST_P(CodecTest, WhatGoesInComesOutInPiecesOfAnySize) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{700'000}}) {
    const std::string text = Text(bytes, seed);
    for (const size_t piece : {size_t{777}, size_t{1} << 20}) {
      const std::string packed = Compress(text, piece);
      const auto out = Decompress(packed, piece, piece);
      ASSERT_TRUE(out.ok()) << out.status().ToString();
      EXPECT_EQ(*out, text);
    }
    EXPECT_EQ(*Decompress(Compress(text.substr(0, 5000), 100), 1, 1), text.substr(0, 5000));
  }
}

TEST_P(ChecksummedCodecTest, ACutStreamIsNotFinished) {
  const std::string packed = Compress(Text(50'000, 1), 1000);
  for (const size_t bytes : {size_t{0}, size_t{3}, packed.size() / 2, packed.size() - 1}) {
    EXPECT_FALSE(Decompress(std::string_view(packed).substr(0, bytes), 1000, 1000).ok());
  }
}

TEST_P(ChecksummedCodecTest, AFlippedBitIsNoticed) {
  const std::string text = Text(20'000, 2);
  const std::string packed = Compress(text, 1000);
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    std::string bad = packed;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    const auto out = Decompress(bad, 500, 5000);
    EXPECT_TRUE(!out.ok() || *out == text);  // a few bits of a gzip header mean nothing
  }
}

TEST_P(ChecksummedCodecTest, RubbishIsAnError) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 300; ++i) {
    std::string rubbish(random() % 500, '\0');
    for (char& c : rubbish) c = static_cast<char>(random());
    EXPECT_FALSE(Decompress(rubbish, 100, 1000).ok());
  }
}

std::string NameOf(const ::testing::TestParamInfo<Case>& tested) {
  return std::string(CodecName(tested.param.codec)) + "Level" + std::to_string(tested.param.level);
}
INSTANTIATE_TEST_SUITE_P(AllCodecs, CodecTest,
                         ::testing::Values(Case{Codec::kNone, 0}, Case{Codec::kZstd, 1},
                                           Case{Codec::kZstd, 3}, Case{Codec::kZstd, 19},
                                           Case{Codec::kGzip, 1}, Case{Codec::kGzip, 9}),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(RealCodecs, ChecksummedCodecTest,
                         ::testing::Values(Case{Codec::kZstd, 3}, Case{Codec::kGzip, 6}), NameOf);

class HighestLevelTest : public CodecTest {};
TEST_P(HighestLevelTest, StaysWithinTheWindowOfEveryReader) {
  const std::string text = Text(50'000, 1);
  const auto out = Decompress(Compress(text, text.size()), text.size(), text.size());
  ASSERT_TRUE(out.ok()) << out.status().ToString();
  EXPECT_EQ(*out, text);
}
INSTANTIATE_TEST_SUITE_P(Zstd, HighestLevelTest, ::testing::Values(Case{Codec::kZstd, 19}), NameOf);

TEST(Codec, LevelsThatDoNotExistAreRefused) {
  for (const int level : {-1, 0, 20}) {
    EXPECT_EQ(NewCompressor(Codec::kZstd, level).status().code(), StatusCode::kInvalidArgument);
  }
  for (const int level : {-1, 0, 10}) {
    EXPECT_EQ(NewCompressor(Codec::kGzip, level).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(NewDecompressor(static_cast<Codec>(9)).status().code(), StatusCode::kUnimplemented);
}

TEST(Codec, AStreamThatGrowsWithoutEndCostsNoMoreThanItsStep) {
  auto compressor = NewCompressor(Codec::kZstd, 3);
  std::string packed;
  const std::string zeros(1u << 20, '\0');
  for (int i = 0; i < 512; ++i) ASSERT_TRUE((*compressor)->Append(zeros, &packed).ok());
  ASSERT_TRUE((*compressor)->Finish(&packed).ok());
  ASSERT_LT(packed.size(), 1u << 20);
  auto decompressor = NewDecompressor(Codec::kZstd);
  std::string_view in = packed;
  std::string out;
  ASSERT_TRUE((*decompressor)->Step(&in, 1000, &out).ok());
  EXPECT_EQ(out.size(), 1000u);
  EXPECT_LT(out.capacity(), 1u << 20);
}

}  // namespace
}  // namespace srdf::codec
