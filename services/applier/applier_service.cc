#include "applier/applier_service.h"

#include "rpc/caller.h"
#include "rpc/status_map.h"
#include "wire/header_convert.h"

namespace srdf::applier {

namespace {

v1::ApplierState ToProto(ApplierState state) {
  switch (state) {
    case ApplierState::kConnecting:
      return v1::APPLIER_STATE_CONNECTING;
    case ApplierState::kRunning:
      return v1::APPLIER_STATE_RUNNING;
    case ApplierState::kBlocked:
      return v1::APPLIER_STATE_BLOCKED;
    case ApplierState::kFailed:
      return v1::APPLIER_STATE_FAILED;
  }
  return v1::APPLIER_STATE_UNSPECIFIED;
}

void ToProto(const engine_mariadb::Verification& v, v1::Verification* out) {
  out->set_scope(v.scope);
  out->set_gtid(v.gtid);
  out->set_started_at_ms(v.started_at_ms);
  out->set_completed_at_ms(v.completed_at_ms);
  out->set_tables(v.tables);
  out->set_tables_differing(v.tables_differing);
  out->set_tables_not_compared(v.tables_not_compared);
  out->set_rows_source(v.rows_source);
  out->set_rows_target(v.rows_target);
  out->set_missing(v.missing);
  out->set_extra(v.extra);
  out->set_different(v.different);
  out->set_actor(v.actor);
}

engine_mariadb::Verification FromProto(const v1::Verification& v) {
  engine_mariadb::Verification out;
  out.scope = v.scope();
  out.gtid = v.gtid();
  out.started_at_ms = v.started_at_ms();
  out.completed_at_ms = v.completed_at_ms();
  out.tables = v.tables();
  out.tables_differing = v.tables_differing();
  out.tables_not_compared = v.tables_not_compared();
  out.rows_source = v.rows_source();
  out.rows_target = v.rows_target();
  out.missing = v.missing();
  out.extra = v.extra();
  out.different = v.different();
  return out;
}

}  // namespace

Result<ApplierFlow*> ApplierServiceImpl::Find(const std::string& flow) const {
  const auto it = flows_->find(flow);
  if (it == flows_->end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return it->second.get();
}

grpc::Status ApplierServiceImpl::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                                           v1::GetStatusResponse* response) {
  for (const auto& [name, flow] : *flows_) {
    const ApplierStatus status = flow->GetStatus();
    v1::FlowStatus* out = response->add_flows();
    out->set_flow(name);
    out->set_state(ToProto(status.state));
    out->set_apply_mode(status.apply_method);
    for (const Status& problem : status.problems) rpc::ToProto(problem, status.since_ms, out->add_problems());
    wire::ToProto(status.checkpoint, out->mutable_checkpoint());
    out->set_checkpoint_commit_time_ms(status.checkpoint_commit_time_ms);
    out->set_checkpoint_applied_at_ms(status.checkpoint_applied_at_ms);
    out->set_wagons(status.wagons);
    out->set_transactions(status.transactions);
    out->set_rows(status.rows);
    out->set_statements(status.statements);
    out->set_retries(status.retries);
    out->set_lag_p50_ms(status.lag_p50_ms);
    out->set_lag_p99_ms(status.lag_p99_ms);
    out->set_transit_p50_ms(status.transit_p50_ms);
    out->set_transit_p99_ms(status.transit_p99_ms);
    if (const auto last = verifications_->Last(name)) ToProto(*last, out->mutable_verification());
  }
  return grpc::Status::OK;
}

grpc::Status ApplierServiceImpl::Preflight(grpc::ServerContext*, const v1::PreflightRequest* request,
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

grpc::Status ApplierServiceImpl::ResumeFlow(grpc::ServerContext*, const v1::ResumeFlowRequest* request,
                                            v1::ResumeFlowResponse*) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  (*flow)->Resume();
  return grpc::Status::OK;
}

grpc::Status ApplierServiceImpl::RecordVerification(grpc::ServerContext* context,
                                                    const v1::RecordVerificationRequest* request,
                                                    v1::RecordVerificationResponse*) {
  engine_mariadb::Verification verification = FromProto(request->verification());
  verification.actor = rpc::CallerName(*context);
  return rpc::ToGrpc(
      verifications_->Record(request->flow(), verification, request->verification().partial()));
}

}  // namespace srdf::applier
