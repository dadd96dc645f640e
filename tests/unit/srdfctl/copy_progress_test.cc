#include "srdfctl/copy_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class CopyProgressTest : public testing::Test {
 protected:
  CopyProgressTest() {
    copy_.set_active(true);
    copy_.set_schema_done(true);
    copy_.set_tables_total(4);
    copy_.set_tables_done(1);
    copy_.set_rows_estimate(1000);
  }
  std::string At(int second, uint64_t rows, uint64_t bytes) {
    copy_.set_rows(rows);
    copy_.set_bytes(bytes);
    return progress_.Line(copy_, start_ + seconds(second));
  }

  capture::v1::GetCopyResponse copy_;
  CopyProgress progress_;
  const CopyProgress::Clock::time_point start_;
};

TEST_F(CopyProgressTest, SaysHowMuchIsDoneHowFastAndHowLongItTakes) {
  EXPECT_THAT(At(0, 100, 10 << 20), Not(HasSubstr("left")));
  EXPECT_EQ("[#####...............] 25 %, 1 of 4 tables, 250 rows, 25.0 MiB, 5.0 MiB/s, about 15 s left",
            At(3, 250, 25 << 20));
}

TEST_F(CopyProgressTest, TheRateIsThatOfTheLastSeconds) {
  At(0, 1, 0);
  for (int i = 1; i <= 30; ++i) At(i, 100, 100 << 20);
  EXPECT_THAT(At(31, 110, 110 << 20), HasSubstr(", 682.7 KiB/s,"));
}

TEST_F(CopyProgressTest, IsNeverFullBeforeItIsDoneWhateverWasEstimated) {
  EXPECT_THAT(At(0, 5000, 1), HasSubstr(" 99 %"));
  copy_.set_rows_estimate(0);
  EXPECT_THAT(At(1, 0, 1), HasSubstr(" 0 %"));
}

TEST_F(CopyProgressTest, SaysWhyNothingMoves) {
  copy_.set_waits_for("the target lags by\n64 MiB");
  EXPECT_THAT(At(0, 1, 1), HasSubstr("; waits: the target lags by"));
  copy_.set_paused(true);
  EXPECT_THAT(At(0, 1, 1), HasSubstr("; paused"));
  copy_.set_schema_done(false);
  copy_.clear_waits_for();
  EXPECT_EQ("creating the tables at the target", At(0, 0, 0));
}

}  // namespace
}  // namespace srdf::ctl
