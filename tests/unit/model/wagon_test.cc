#include "model/wagon.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace srdf {
namespace {

TEST(Wagon, EverySealReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (int r = 0; r <= static_cast<int>(SealReason::kBarrier); ++r)
    names.insert(SealReasonName(static_cast<SealReason>(r)));
  EXPECT_EQ(names.size(), 14u);
}

TEST(Wagon, CodecsHaveTheNamesOfTheSettings) {
  EXPECT_STREQ(CodecName(Codec::kNone), "none");
  EXPECT_STREQ(CodecName(Codec::kZstd), "zstd");
  EXPECT_STREQ(CodecName(Codec::kGzip), "gzip");
}

TEST(Wagon, APositionWithoutAGtidIsNotKnown) {
  EXPECT_FALSE(SourcePosition{}.known());
  EXPECT_TRUE((SourcePosition{"0-1-1", "", 0}).known());
  EXPECT_EQ(ZeroHash().size(), 32u);
}

}  // namespace
}  // namespace srdf
