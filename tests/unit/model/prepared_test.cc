#include "model/prepared.h"

#include <gtest/gtest.h>

#include "model/record.h"

namespace srdf {
namespace {

TEST(Prepared, APartReadsAsWritten) {
  PreparedPart part;
  part.xid = "X'00ff',X'',1";
  part.gtid = "0-1-5";
  part.number = 300;
  part.last = true;
  part.rows = 70000;
  std::string body;
  EncodePreparedPartFront(part, &body);
  body += "records";
  const auto read = DecodePreparedPart(body);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->xid, part.xid);
  EXPECT_EQ(read->gtid, part.gtid);
  EXPECT_EQ(read->number, 300u);
  EXPECT_TRUE(read->last);
  EXPECT_EQ(read->rows, 70000u);
  EXPECT_EQ(read->records, "records");
  for (size_t n = 0; n < body.size() - 7; ++n)
    EXPECT_FALSE(DecodePreparedPart(ByteView(body).substr(0, n)).ok()) << n;
}

TEST(Prepared, AnOutcomeReadsAsWritten) {
  for (const bool commit : {true, false}) {
    std::string body;
    EncodePreparedOutcome({"X'61',X'',1", commit}, &body);
    const auto read = DecodePreparedOutcome(body);
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(read->xid, "X'61',X'',1");
    EXPECT_EQ(read->commit, commit);
    EXPECT_FALSE(DecodePreparedOutcome(body + "x").ok());
    for (size_t n = 0; n < body.size(); ++n) EXPECT_FALSE(DecodePreparedOutcome(body.substr(0, n)).ok()) << n;
  }
}

TEST(Prepared, RubbishIsRefused) {
  std::string no_xid;
  EncodePreparedOutcome({"", true}, &no_xid);
  EXPECT_FALSE(DecodePreparedOutcome(no_xid).ok());
  std::string long_xid;
  EncodePreparedOutcome({std::string(kXidBytesMax + 1, 'x'), true}, &long_xid);
  EXPECT_FALSE(DecodePreparedOutcome(long_xid).ok());
  std::string outcome;
  EncodePreparedOutcome({"x", true}, &outcome);
  outcome.back() = 3;
  EXPECT_FALSE(DecodePreparedOutcome(outcome).ok());
  PreparedPart part;
  part.xid = "x";
  part.number = 0;
  std::string body;
  EncodePreparedPartFront(part, &body);
  EXPECT_FALSE(DecodePreparedPart(body).ok());
}

}  // namespace
}  // namespace srdf
