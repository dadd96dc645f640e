// CheckHealth: one question in the standard gRPC health protocol (grpc.health.v1.Health/Check).
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>

#include "base/status.h"

namespace srdf::rpc {

// True when the server says SERVING for itself as a whole. kUnavailable when it cannot be asked in time.
Result<bool> CheckHealth(const std::shared_ptr<grpc::Channel>& channel, std::chrono::milliseconds timeout);

}  // namespace srdf::rpc
