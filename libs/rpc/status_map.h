// Status ↔ grpc::Status: the one table. The exact code and the remedy travel as a srdf.model.v1.Problem in
// the error details, so that the other end gets back what was said here.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "base/status.h"
#include "srdf/model/v1/wagon.pb.h"

namespace srdf::rpc {

grpc::Status ToGrpc(const Status& status);
Status FromGrpc(const grpc::Status& status);

// "what (remedy: how)": for the few statuses that gRPC carries as text alone, without details. FromGrpc takes
// it apart again.
std::string WithRemedy(const std::string& message, const std::string& remedy);

// For status replies and receipts.
void ToProto(const Status& status, int64_t since_ms, model::v1::Problem* out);
Status FromProto(const model::v1::Problem& problem);

}  // namespace srdf::rpc
