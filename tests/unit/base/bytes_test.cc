#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace srdf {
namespace {

TEST(Bytes, WhatIsWrittenIsReadBack) {
  std::string out;
  ByteWriter w(&out);
  w.U8(0xab);
  w.U16(0x1234);
  w.U32(0xdeadbeef);
  w.U64(0x0102030405060708);
  for (const uint64_t v : {uint64_t{0}, uint64_t{127}, uint64_t{128}, std::numeric_limits<uint64_t>::max()})
    w.Varint(v);
  w.Blob("blob");
  w.Raw("rest");
  ByteReader r(out);
  EXPECT_EQ(r.U8(), 0xab);
  EXPECT_EQ(r.U16(), 0x1234);
  EXPECT_EQ(r.U32(), 0xdeadbeefu);
  EXPECT_EQ(r.U64(), 0x0102030405060708u);
  for (const uint64_t v : {uint64_t{0}, uint64_t{127}, uint64_t{128}, std::numeric_limits<uint64_t>::max()}) {
    EXPECT_EQ(r.Varint(), v);
  }
  EXPECT_EQ(r.Blob(), "blob");
  EXPECT_EQ(r.Rest(), "rest");
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(r.AtEnd());
}

TEST(Bytes, IntegersAreLittleEndian) {
  std::string out;
  ByteWriter(&out).U32(0x04030201);
  EXPECT_EQ(out, std::string("\x01\x02\x03\x04"));
  ByteWriter(&out).PatchU32(0, 5);
  EXPECT_EQ(out, std::string("\x05\0\0\0", 4));
  EXPECT_EQ(ByteReader("\x01\x02\x03").U24(), 0x030201u);
  EXPECT_EQ(ByteReader("\x01\x02\x03\x04\x05\x06").U48(), 0x060504030201u);
}

TEST(Bytes, AReadPastTheEndFailsForGood) {
  ByteReader r("abc");
  EXPECT_EQ(r.U32(), 0u);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.U8(), 0u);  // the bytes that are there are not given out of step
  EXPECT_TRUE(r.AtEnd());
}

TEST(Bytes, ABlobLongerThanTheRestIsEmptyAndFails) {
  std::string out;
  ByteWriter w(&out);
  w.Varint(std::numeric_limits<uint64_t>::max());
  w.Raw("few");
  ByteReader r(out);
  EXPECT_TRUE(r.Blob().empty());
  EXPECT_FALSE(r.ok());
}

TEST(Bytes, AVarintOfMoreThan64BitsFails) {
  EXPECT_FALSE([] {
    ByteReader r("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    r.Varint();
    return r.ok();
  }());
  ByteReader unending(std::string_view("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"));
  unending.Varint();
  EXPECT_FALSE(unending.ok());
}

TEST(Bytes, RubbishNeverReadsOutside) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string rubbish(random() % 30, '\0');
    for (char& c : rubbish) c = static_cast<char>(random());
    ByteReader r(rubbish);
    size_t read = 0;
    while (r.ok() && !r.AtEnd()) {
      const size_t at = r.offset();
      read += random() % 2 == 0 ? r.Blob().size() : (r.Varint(), 0);
      ASSERT_GT(r.offset(), at);
    }
    ASSERT_LE(read, rubbish.size());
  }
}

}  // namespace
}  // namespace srdf
