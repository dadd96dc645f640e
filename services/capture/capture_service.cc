#include "capture/capture_service.h"

#include "rpc/status_map.h"
#include "wire/header_convert.h"

namespace srdf::capture {

namespace {

v1::CaptureState ToProto(CaptureState state) {
  switch (state) {
    case CaptureState::kConnecting:
      return v1::CAPTURE_STATE_CONNECTING;
    case CaptureState::kStreaming:
      return v1::CAPTURE_STATE_STREAMING;
    case CaptureState::kBlocked:
      return v1::CAPTURE_STATE_BLOCKED;
    case CaptureState::kStopped:
      return v1::CAPTURE_STATE_STOPPED;
  }
  return v1::CAPTURE_STATE_UNSPECIFIED;
}

}  // namespace

Result<CaptureFlow*> CaptureServiceImpl::Find(const std::string& flow) const {
  const auto it = flows_->find(flow);
  if (it == flows_->end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return it->second.get();
}

grpc::Status CaptureServiceImpl::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                                           v1::GetStatusResponse* response) {
  for (const auto& [name, flow] : *flows_) {
    const CaptureStatus status = flow->GetStatus();
    v1::FlowStatus* out = response->add_flows();
    out->set_flow(name);
    out->set_state(ToProto(status.state));
    for (const Status& problem : status.problems) rpc::ToProto(problem, status.since_ms, out->add_problems());
    wire::ToProto(status.stats.read, out->mutable_read());
    wire::ToProto(status.stats.lag.server_end, out->mutable_server_end());
    out->set_bytes_behind(status.stats.lag.bytes_behind);
    out->set_transactions(status.stats.transactions);
    out->set_rows(status.stats.rows);
    out->set_statements(status.stats.statements);
    out->set_statements_skipped(status.stats.statements_skipped);
    out->set_log_bytes(status.stats.log_bytes);
    out->set_reconnects(status.reconnects);
  }
  return grpc::Status::OK;
}

grpc::Status CaptureServiceImpl::Preflight(grpc::ServerContext*, const v1::PreflightRequest* request,
                                           v1::PreflightResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto problems = (*flow)->Preflight();
  if (!problems.ok()) return rpc::ToGrpc(problems.status());
  for (const engine::PreflightProblem& p : *problems) {
    v1::PreflightFinding* finding = response->add_findings();
    finding->set_what(p.what);
    finding->set_remedy(p.remedy);
    finding->set_fatal(p.fatal);
  }
  return grpc::Status::OK;
}

grpc::Status CaptureServiceImpl::ResumeFlow(grpc::ServerContext*, const v1::ResumeFlowRequest* request,
                                            v1::ResumeFlowResponse*) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  (*flow)->Resume();
  return grpc::Status::OK;
}

}  // namespace srdf::capture
