#include "rpc/flow_claim.h"

#include "obs/log.h"

namespace srdf::rpc {

Status CheckFlowClaim(const grpc::ServerContext& context, const std::string& opened_flow) {
  const auto claim = context.client_metadata().find(kFlowKey);
  if (claim == context.client_metadata().end()) return {};
  const std::string claimed(claim->second.data(), claim->second.size());
  if (claimed == opened_flow) return {};
  const Status status(StatusCode::kPermissionDenied,
                      "the stream opens the flow " + opened_flow + " with the token of the flow " + claimed,
                      "send the token of the flow that is opened");
  obs::Warn("call_refused",
            {{"reason", "other_flow"}, {"peer", context.peer()}, {"flow", opened_flow}, {"error", status}});
  return status;
}

}  // namespace srdf::rpc
