#include "rpc/status_map.h"

#include <gtest/gtest.h>

namespace srdf::rpc {
namespace {

TEST(StatusMap, WhatAServiceSaysArrivesAsItWasSaid) {
  const Status full{StatusCode::kResourceExhausted, "inbox full", "free space"};
  EXPECT_EQ(FromGrpc(ToGrpc(full)).ToString(), full.ToString());
}

// RESOURCE_EXHAUSTED is busy, which is waited for without end: only our services may say it.
TEST(StatusMap, AMessageThatGrpcFindsTooLargeIsAnOperatorsMatterAndNotBusy) {
  const Status status = FromGrpc(
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "Received message larger than max (5242880 vs. 4194304)"});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("5242880"), std::string::npos);
  EXPECT_NE(status.remedy(), "");
}

TEST(StatusMap, ATransportWithoutMemoryOrPatienceIsTheNetworksTrouble) {
  EXPECT_EQ(FromGrpc({grpc::StatusCode::RESOURCE_EXHAUSTED, "Bandwidth exhausted"}).code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace srdf::rpc
