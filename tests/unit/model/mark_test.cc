#include "model/mark.h"

#include <gtest/gtest.h>

#include "model/copy_state.h"

namespace srdf {
namespace {

RangeCopy SomeRange() { return {7, RangeCopyKind::kRange, std::string("\0a", 2), "z", 0}; }

CopyState SomeState() {
  CopyState state;
  state.plan = "0123456789abcdef0123456789abcdef";
  state.schema_done = true;
  state.started_at_ms = 1700000000123;
  state.tables = {{"d", "a", CopyPhase::kCopying, std::string("\0k", 2), "id:3", 0, 10, 100, 4096},
                  {"d", "b", CopyPhase::kWaiting, "", "", 2, 0, 5, 100}};
  state.tables_total = 9;
  state.rows = 1000;
  state.bytes = 1 << 20;
  state.rows_estimate = 5000;
  state.bytes_estimate = 10 << 20;
  return state;
}

TEST(MarkTest, WhatIsWrittenIsRead) {
  std::string mark;
  EncodeMark({"m1"}, &mark);
  EXPECT_EQ(DecodeMark(mark)->id, "m1");
  for (const RangeCopy& copy : {SomeRange(), RangeCopy{1, RangeCopyKind::kRange, "", "", 0},
                                RangeCopy{2, RangeCopyKind::kCopies, "", "image", 3},
                                RangeCopy{3, RangeCopyKind::kMore, "", "", 0}}) {
    std::string range;
    EncodeRangeCopy(copy, &range);
    EXPECT_EQ(*DecodeRangeCopy(range), copy);
  }
  const CopyState state = SomeState();
  EXPECT_EQ(*DecodeCopyState(*EncodeCopyState(state)), state);
  EXPECT_EQ(state.Find("d", "b"), &state.tables[1]);
  EXPECT_EQ(state.Find("b", "d"), nullptr);
}

TEST(MarkTest, EveryTornRecordIsRefused) {
  std::string mark, range;
  EncodeMark({"m1"}, &mark);
  EncodeRangeCopy(SomeRange(), &range);
  const std::string state = *EncodeCopyState(SomeState());
  for (size_t n = 0; n < mark.size(); ++n) EXPECT_FALSE(DecodeMark(ByteView(mark).substr(0, n)).ok()) << n;
  for (size_t n = 0; n < range.size(); ++n) {
    EXPECT_FALSE(DecodeRangeCopy(ByteView(range).substr(0, n)).ok()) << n;
  }
  for (size_t n = 0; n < state.size(); ++n) {
    EXPECT_FALSE(DecodeCopyState(ByteView(state).substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(DecodeMark(mark + "x").ok());
  EXPECT_FALSE(DecodeRangeCopy(range + "x").ok());
  EXPECT_FALSE(DecodeCopyState(state + "x").ok());
}

TEST(MarkTest, AMarkHasAnIdAndAKeyIsNamed) {
  std::string mark, range;
  EncodeMark({""}, &mark);
  EXPECT_FALSE(DecodeMark(mark).ok());
  mark.clear();
  EncodeMark({std::string(kMarkIdBytesMax + 1, 'x')}, &mark);
  EXPECT_FALSE(DecodeMark(mark).ok());
  EncodeRangeCopy({1, RangeCopyKind::kKey, "", "", 0}, &range);
  EXPECT_FALSE(DecodeRangeCopy(range).ok());
  range.clear();
  EncodeRangeCopy({1, RangeCopyKind::kMore, "", "z", 0}, &range);
  EXPECT_FALSE(DecodeRangeCopy(range).ok());
}

TEST(MarkTest, APlanOfTooManyTablesIsRefusedWithARemedy) {
  CopyState state = SomeState();
  state.tables.resize(5000, state.tables[0]);
  for (TableCopy& table : state.tables) table.cursor.assign(200, 'k');
  const auto encoded = EncodeCopyState(state);
  ASSERT_FALSE(encoded.ok());
  EXPECT_NE(encoded.status().remedy().find("--table"), std::string::npos);
}

TEST(CopyStateTest, AFewWordsSayHowFarItHasCome) {
  EXPECT_EQ(DescribeCopy(""), "");
  EXPECT_EQ(DescribeCopy(*EncodeCopyState(NewCopy("p"))), "copy (not planned yet)");
  EXPECT_EQ(DescribeCopy("rubbish"), "copy (its state cannot be read)");
  CopyState state;
  state.tables_total = 12;
  state.tables.resize(9);
  state.bytes = 37;
  state.bytes_estimate = 100;
  EXPECT_EQ(DescribeCopy(*EncodeCopyState(state)), "copy 37 % (3 of 12 tables)");
  state.bytes = 120;  // estimates are wrong by some
  state.paused = true;
  EXPECT_EQ(DescribeCopy(*EncodeCopyState(state)), "copy 99 % (3 of 12 tables, paused)");
  state.bytes_estimate = state.rows_estimate = 0;
  state.paused = false;
  EXPECT_EQ(DescribeCopy(*EncodeCopyState(state)), "copy 0 % (3 of 12 tables)");
}

}  // namespace
}  // namespace srdf
