// Times of the past, as people write them.
#include "srdfctl/since.h"

#include <gtest/gtest.h>

#include <ctime>

namespace srdf::ctl {
namespace {

constexpr int64_t kNowMs = 1'800'000'000'000;

int64_t Local(int year, int month, int day, int hour, int minute, int second) {
  std::tm local{};
  local.tm_year = year - 1900;
  local.tm_mon = month - 1;
  local.tm_mday = day;
  local.tm_hour = hour;
  local.tm_min = minute;
  local.tm_sec = second;
  local.tm_isdst = -1;
  return static_cast<int64_t>(std::mktime(&local)) * 1000;
}

TEST(Since, AgesAreCountedFromNow) {
  EXPECT_EQ(*ParseSince("", kNowMs), 0);
  EXPECT_EQ(*ParseSince("90s", kNowMs), kNowMs - 90'000);
  EXPECT_EQ(*ParseSince("30m", kNowMs), kNowMs - 1'800'000);
  EXPECT_EQ(*ParseSince("2h", kNowMs), kNowMs - 7'200'000);
  EXPECT_EQ(*ParseSince("7d", kNowMs), kNowMs - 604'800'000);
}

TEST(Since, TimesAreLocal) {
  EXPECT_EQ(*ParseSince("2026-01-31", kNowMs), Local(2026, 1, 31, 0, 0, 0));
  EXPECT_EQ(*ParseSince("2026-01-31 12:05", kNowMs), Local(2026, 1, 31, 12, 5, 0));
  EXPECT_EQ(*ParseSince("2026-07-31 12:05:09", kNowMs), Local(2026, 7, 31, 12, 5, 9));
}

TEST(Since, AnythingElseIsRefused) {
  for (const char* text : {"2", "h", "-2h", "2x", "2h ", "2026-13-01", "yesterday", "99999999999999999d",
                           "99999999999999999999d", "2026-01-31 12:05 pm"})
    EXPECT_EQ(ParseSince(text, kNowMs).status().code(), StatusCode::kInvalidArgument) << text;
}

}  // namespace
}  // namespace srdf::ctl
