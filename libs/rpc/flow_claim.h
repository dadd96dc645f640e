// FlowClaim: which flow a call is for, said beside it so that its token can be checked before its first
// message.
//
// The client claims a flow with the metadata `srdf-flow` and sends the flow's token; the server's Authoriser
// checks that they go together; the handler checks that the stream then opens the flow that was claimed.
//
// Thread rules: pure function.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "base/status.h"

namespace srdf::rpc {

inline constexpr char kFlowKey[] = "srdf-flow";

// kPermissionDenied when the call claims another flow than the one it opens. A call without a claim passes
// here: the Authoriser lets none through where a claim is needed, and without mutual TLS there is none.
Status CheckFlowClaim(const grpc::ServerContext& context, const std::string& opened_flow);

}  // namespace srdf::rpc
