#include "wire/sha256.h"

#include <gtest/gtest.h>

namespace srdf::wire {
namespace {

// NIST's example.
TEST(Sha256, OfAbcIsTheStandardsValueInPiecesToo) {
  const std::string expected(
      "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
      "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
      32);
  Sha256 whole;
  whole.Append("abc");
  EXPECT_EQ(whole.Finish(), expected);
  Sha256 pieces;
  pieces.Append("a");
  pieces.Append("");
  Sha256 moved = std::move(pieces);
  moved.Append("bc");
  EXPECT_EQ(moved.Finish(), expected);
}

}  // namespace
}  // namespace srdf::wire
