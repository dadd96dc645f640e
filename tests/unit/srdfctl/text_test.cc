#include "srdfctl/text.h"

#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

TEST(Text, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"NAME"}, {"WAGONS", Table::Align::kRight}, {"NOTE"}});
  table.Add({"shop", "7", ""});
  table.Add({"a-long-name", "1 234", "é"});
  EXPECT_EQ(table.Render(),
            "NAME         WAGONS  NOTE\n"
            "shop              7\n"
            "a-long-name   1 234  é\n");
}

TEST(Text, BytesHaveBinaryUnits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(20ull << 30), "20.0 GiB");
}

TEST(Text, CountsAreGrouped) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1234567), "1 234 567");
  EXPECT_EQ(Counted(1, "row"), "1 row");
  EXPECT_EQ(Counted(2000, "row"), "2 000 rows");
}

TEST(Text, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(FormatDuration(-5), "0.0 s");
  EXPECT_EQ(FormatDuration(320), "0.3 s");
  EXPECT_EQ(FormatDuration(45'000), "45 s");
  EXPECT_EQ(FormatDuration(185'000), "3 min 5 s");
  EXPECT_EQ(FormatDuration(7'440'000), "2 h 4 min");
  EXPECT_EQ(FormatDuration(90'000'000), "1 d 1 h");
}

TEST(Text, ARatioOfNothingIsADash) {
  EXPECT_EQ(FormatRatio(80, 10), "8.0 : 1");
  EXPECT_EQ(FormatRatio(0, 0), "-");
  EXPECT_EQ(FormatRatio(5, 0), "-");
}

TEST(Text, EnumNamesBecomeWords) {
  EXPECT_EQ(EnumWord("DELIVERY_LINK_STATE_BACKING_OFF", "DELIVERY_LINK_STATE"), "backing_off");
  EXPECT_EQ(EnumWord("", "X"), "");
}

TEST(Text, AServersWordsCannotSteerTheTerminal) {
  EXPECT_EQ(Printable("a\033[2Jb\nc\t\x7f"), "a\\x1b[2Jb\\nc\\t\\x7f");
  EXPECT_EQ(Printable("déjà"), "déjà");
}

TEST(Text, HashesAreHex) { EXPECT_EQ(Hex(std::string("\x00\xff\x0a", 3)), "00ff0a"); }

}  // namespace
}  // namespace srdf::ctl
