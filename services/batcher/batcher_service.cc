#include "batcher/batcher_service.h"

#include "batcher/feed_teller.h"
#include "rpc/caller.h"
#include "rpc/status_map.h"
#include "wire/header_convert.h"

namespace srdf::batcher {

namespace {

void ToProto(const MergeCounts& counts, v1::MergeCounts* out) {
  out->set_merges(counts.merges);
  out->set_wagons_before(counts.wagons_before);
  out->set_wagons_after(counts.wagons_after);
  out->set_frame_bytes_before(counts.frame_bytes_before);
  out->set_frame_bytes_after(counts.frame_bytes_after);
  out->set_rows_before(counts.rows_before);
  out->set_rows_after(counts.rows_after);
}

}  // namespace

Result<BatcherFlow*> BatcherServiceImpl::Find(const std::string& flow) const {
  const auto it = flows_->find(flow);
  if (it == flows_->end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return it->second.get();
}

void BatcherServiceImpl::AddTo(rpc::Server* server) {
  server->AddService(this);
  server->AddStream(std::make_unique<rpc::DuplexMethod<v1::FeedRequest, v1::FeedResponse>>(
      [this](auto... accept) { RequestFeed(accept...); },
      [this](const std::shared_ptr<FeedStream>& stream) { return ServeFeed(stream); }));
}

grpc::Status BatcherServiceImpl::ServeFeed(const std::shared_ptr<FeedStream>& stream) {
  v1::FeedRequest request;
  if (!stream->Read(&request) || !request.has_open() || request.open().protocol_version() != 2) {
    return rpc::ToGrpc({StatusCode::kInvalidArgument, "a feed begins with `open`, protocol version 2"});
  }
  auto flow = Find(request.open().flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());

  auto slot = feeds_.Enter((*flow)->name(), [stream](Status status) { stream->Cancel(std::move(status)); });
  if (!slot.ok()) return rpc::ToGrpc(slot.status());

  SessionEvents events;
  events.on_broken = [stream](const Status& status) {
    v1::FeedResponse response;
    rpc::ToProto(status, 0, response.mutable_ended()->mutable_problem());
    stream->AskToEnd(status, response);
  };
  const auto teller =
      std::make_shared<FeedTeller>([stream](const v1::FeedResponse& response) { stream->Write(response); });
  events.on_durable = [teller](const DurableWagon& wagon) { teller->Durable(wagon); };
  events.on_delivery = [teller](const DeliveryState& state) { teller->Delivery(state); };
  const auto session = std::make_shared<BatcherSession>(*flow, std::move(events));
  auto resume = session->Begin(shipper_);
  Status ended = resume.status();
  if (ended.ok()) {
    teller->Opened(*resume);
    stream->ForEach([&](v1::FeedRequest& changes) {
      ended = session->Append(std::move(*changes.mutable_changes()->mutable_records()));
      return ended.ok();
    });
  }
  // The first reason that was given is the true one; what follows from it is noise.
  if (const Status first = stream->end_status(); !first.ok()) ended = first;
  if (!ended.ok()) session->Break(ended);
  session->End();
  stream->Close();
  return rpc::ToGrpc(ended);
}

grpc::Status BatcherServiceImpl::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                                           v1::GetStatusResponse* response) {
  for (const auto& [name, flow] : *flows_) {
    const BatcherStatus status = flow->GetStatus();
    v1::FlowStatus* out = response->add_flows();
    out->set_flow(name);
    out->set_capture_connected(status.capture_connected);
    out->set_shipper_connected(status.shipper_connected);
    if (!status.problem.ok()) rpc::ToProto(status.problem, status.problem_since_ms, out->add_problems());
    out->set_window_transactions(status.window.open.transactions);
    out->set_window_rows(status.window.open.rows);
    out->set_window_bytes(status.window.open.bytes);
    out->set_window_opened_at_ms(status.window.opened_at_ms);
    out->set_window_commit_first_ms(status.window.commit_time_first_ms);
    wire::ToProto(status.sealed, out->mutable_sealed());
    out->set_wagons_sealed(status.wagons_sealed);
    for (const auto& [reason, count] : status.wagons_by_reason)
      (*out->mutable_wagons_by_reason())[reason] = count;
    out->set_rows_before(status.rows_before);
    out->set_rows_after(status.rows_after);
    ToProto(status.merges, out->mutable_merges());
  }
  return grpc::Status::OK;
}

grpc::Status BatcherServiceImpl::SealFlow(grpc::ServerContext*, const v1::SealFlowRequest* request,
                                          v1::SealFlowResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto uid = (*flow)->SealNow();
  if (!uid.ok()) return rpc::ToGrpc(uid.status());
  response->set_sealed(!uid->empty());
  response->set_wagon_uid(*uid);
  return grpc::Status::OK;
}

grpc::Status BatcherServiceImpl::MergeFlow(grpc::ServerContext* context, const v1::MergeFlowRequest* request,
                                           v1::MergeFlowResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto counts = (*flow)->MergeNow(rpc::CallerName(*context), request->dry_run());
  if (!counts.ok()) return rpc::ToGrpc(counts.status());
  ToProto(*counts, response->mutable_counts());
  return grpc::Status::OK;
}

void BatcherServiceImpl::Drain() {
  for (const auto& [name, flow] : *flows_) flow->Drain();
}

}  // namespace srdf::batcher
