#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace srdf {
namespace {

Result<int> Half(int v) {
  if (v % 2 != 0) return Status(StatusCode::kInvalidArgument, "odd", "give an even number");
  return v / 2;
}

Result<int> Quarter(int v) {
  SRDF_ASSIGN_OR_RETURN(const int half, Half(v));
  SRDF_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckQuarter(int v) {
  SRDF_RETURN_IF_ERROR(Quarter(v).status());
  return Status::Ok();
}

TEST(Status, SaysCodeMessageAndRemedy) {
  const Status status(StatusCode::kResourceExhausted, "disk full", "free space");
  EXPECT_EQ(status.ToString(), "RESOURCE_EXHAUSTED: disk full (remedy: free space)");
  EXPECT_EQ(Status().ToString(), "OK");
}

TEST(Status, ContextGoesBeforeTheMessageAndKeepsTheRest) {
  const Status status = Status(StatusCode::kAborted, "deadlock", "again").WithContext("wagon 7");
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_EQ(status.message(), "wagon 7: deadlock");
  EXPECT_EQ(status.remedy(), "again");
  EXPECT_TRUE(Status::Ok().WithContext("wagon 7").ok());
}

TEST(Status, EveryCodeHasAName) {
  for (int code = 0; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    EXPECT_NE(StatusCodeName(static_cast<StatusCode>(code)), "UNKNOWN") << code;
  }
}

TEST(Result, MacrosReturnTheFirstErrorOrGoOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_TRUE(CheckQuarter(4).ok());
  EXPECT_EQ(CheckQuarter(5).code(), StatusCode::kInvalidArgument);
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

}  // namespace
}  // namespace srdf
