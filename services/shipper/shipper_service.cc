#include "shipper/shipper_service.h"

#include <algorithm>

#include "rpc/caller.h"
#include "rpc/status_map.h"
#include "shipper/delivery_replies.h"
#include "shipper/tail_intake.h"
#include "shipper/wagon_info.h"
#include "store_watch/store_health_convert.h"
#include "wire/header_convert.h"

namespace srdf::shipper {

namespace {

constexpr uint32_t kListDefault = 50;
constexpr uint32_t kListMax = 1000;
constexpr uint32_t kUnsentMax = 10'000;

void FillState(const DeliveryState& state, v1::StoreResponse::DeliveryState* out) {
  out->set_unapplied_wagons(state.unapplied_wagons);
  out->set_unapplied_bytes(state.unapplied_bytes);
  out->set_outbox_full(state.outbox_full);
}

v1::DeliveryLinkState ToProto(LinkState state) {
  switch (state) {
    case LinkState::kConnecting:
      return v1::DELIVERY_LINK_STATE_CONNECTING;
    case LinkState::kStreaming:
      return v1::DELIVERY_LINK_STATE_STREAMING;
    case LinkState::kWaiting:
      return v1::DELIVERY_LINK_STATE_WAITING;
    case LinkState::kBackingOff:
      return v1::DELIVERY_LINK_STATE_BACKING_OFF;
    case LinkState::kSuspended:
      return v1::DELIVERY_LINK_STATE_SUSPENDED;
    case LinkState::kPaused:
      return v1::DELIVERY_LINK_STATE_PAUSED;
    case LinkState::kStopped:
      return v1::DELIVERY_LINK_STATE_STOPPED;
  }
  return v1::DELIVERY_LINK_STATE_UNSPECIFIED;
}

// True when the message belongs to a replacement of the queue's end; *response is set when it ended one.
bool TakeReplacement(const v1::StoreRequest& request, ShipperFlow* flow, TailIntake* intake,
                     v1::StoreResponse* response) {
  if (request.has_replace()) {
    const auto& replace = request.replace();
    intake->Begin(replace.first_sequence(), {replace.hashes().begin(), replace.hashes().end()},
                  replace.actor());
    return true;
  }
  if (request.has_piece() && intake->active()) {
    intake->Append(request.piece().data(), request.piece().last(), request.piece().covers());
    return true;
  }
  if (!request.has_commit_replace()) return false;
  const auto tip = intake->Finish(request.commit_replace().abandon());
  if (tip.ok()) {
    flow->TailReplaced();
    wire::ToProto(*tip, response->mutable_replaced()->mutable_tip());
  } else {
    rpc::ToProto(tip.status(), 0, response->mutable_replaced()->mutable_refused());
  }
  return true;
}

void FillSettings(ShipperFlow* flow, google::protobuf::RepeatedPtrField<v1::FlowSetting>* out) {
  for (const SendSetting& setting : flow->send_settings()->Get()) {
    v1::FlowSetting* entry = out->Add();
    entry->set_name(setting.name);
    entry->set_value(setting.value());
    entry->set_set(setting.set.has_value());
    entry->set_configured(setting.configured);
  }
}

}  // namespace

Result<ShipperFlow*> ShipperServiceImpl::Find(const std::string& flow) const {
  const auto it = flows_->find(flow);
  if (it == flows_->end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return it->second.get();
}

void ShipperServiceImpl::AddTo(rpc::Server* server) {
  server->AddService(this);
  server->AddStream(std::make_unique<rpc::DuplexMethod<v1::StoreRequest, v1::StoreResponse>>(
      [this](auto... accept) { RequestStore(accept...); },
      [this](const std::shared_ptr<StoreStream>& stream) { return ServeStore(stream); }));
}

grpc::Status ShipperServiceImpl::ServeStore(const std::shared_ptr<StoreStream>& stream) {
  v1::StoreRequest request;
  if (!stream->Read(&request) || !request.has_open() || request.open().protocol_version() != 1) {
    return rpc::ToGrpc(
        {StatusCode::kInvalidArgument, "a store stream begins with `open`, protocol version 1"});
  }
  auto flow = Find(request.open().flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());

  auto slot = stores_.Enter((*flow)->name(), [stream](Status status) { stream->Cancel(std::move(status)); });
  if (!slot.ok()) return rpc::ToGrpc(slot.status());

  StoreStreamEvents events;
  events.on_opened = [stream](const ChainTip& tip, const DeliveryState& state) {
    v1::StoreResponse response;
    wire::ToProto(tip, response.mutable_opened()->mutable_tip());
    FillState(state, response.mutable_opened()->mutable_state());
    stream->Write(response);
  };
  events.on_state = [stream](const DeliveryState& state) {
    v1::StoreResponse response;
    FillState(state, response.mutable_state());
    stream->Write(response);
  };
  events.on_stored = [stream](const ChainTip& tip, const DeliveryState& state) {
    v1::StoreResponse response;
    wire::ToProto(tip, response.mutable_stored()->mutable_tip());
    FillState(state, response.mutable_stored()->mutable_state());
    stream->Write(response);
  };
  events.on_abort = [stream](const Status& status) {
    v1::StoreResponse response;
    rpc::ToProto(status, 0, response.mutable_ended());
    stream->AskToEnd(status, response);
  };
  events.waits_from_wagons = request.open().waits_from_wagons();
  const Status opened = (*flow)->OpenStore(std::move(events));
  if (!opened.ok()) return rpc::ToGrpc((*flow)->ForBatcher(opened));
  Status ended;
  StoreIntake intake(*flow);
  TailIntake tail_intake((*flow)->outbox(), (*flow)->name());
  const bool shared = flows_->size() > 1;
  stream->ForEach([&](v1::StoreRequest& message) {
    // One flow's disk keeps no other flow waiting.
    std::optional<BlockingSection> section;
    if (shared) section.emplace();
    v1::StoreResponse replaced;
    if (TakeReplacement(message, *flow, &tail_intake, &replaced)) {
      if (replaced.has_replaced()) stream->Write(replaced);
    } else {
      ended = (*flow)->ForBatcher(intake.Append(message.piece().data(), message.piece().last()));
    }
    return ended.ok();
  });
  if (const Status first = stream->end_status(); !first.ok()) ended = first;
  (*flow)->CloseStore();
  stream->Close();
  return rpc::ToGrpc(ended);
}

Status ShipperServiceImpl::FillStatus(ShipperFlow* flow, v1::FlowStatus* out) const {
  const LinkStatus link = flow->link_status();
  out->set_flow(flow->name());
  out->set_destination(destination_);
  out->set_batcher_connected(flow->batcher_connected());
  out->set_link(ToProto(link.state));
  if (!link.problem.ok()) rpc::ToProto(link.problem, link.since_ms, out->add_problems());
  if (!link.agreement_wanted.ok())
    rpc::ToProto(link.agreement_wanted, link.agreement_wanted_since_ms, out->add_problems());
  if (!link.apply_problem.ok())
    rpc::ToProto(link.apply_problem, link.apply_problem_since_ms, out->add_problems());
  if (const auto [problem, since_ms] = flow->purge_problem(); !problem.ok()) {
    rpc::ToProto(problem, since_ms, out->add_problems());
  }
  FillWaits(link, out);
  out->set_acked_sequence(link.acked_sequence);
  out->set_applied_sequence(link.applied_sequence);

  const SendGate* gate = flow->send_settings()->gate();
  FillSettings(flow, out->mutable_settings());
  out->set_send_wait_ms(static_cast<uint64_t>(gate->waited(flow->name()).count()));
  out->set_line_max_bytes_per_second(gate->max_bytes_per_second());
  const store::StoreHealth health = flow->outbox()->disk()->Health();
  store::ToProto(health, out->mutable_store());
  if (!health.problem.ok()) rpc::ToProto(health.problem, health.since_ms, out->add_problems());
  const Status read = FillStored(flow, out);
  // What the disk does not give at the moment is not told; why not is among the problems.
  return health.problem.ok() ? read : Status();
}

Status ShipperServiceImpl::FillStored(ShipperFlow* flow, v1::FlowStatus* out) const {
  SRDF_ASSIGN_OR_RETURN(const SkipSummary skips, flow->GetSkips());
  for (const auto& [problem, since_ms] : skips.problems) rpc::ToProto(problem, since_ms, out->add_problems());
  out->set_open_dead_letters(skips.open_dead_letters);
  out->set_skips_pending(skips.pending);
  out->set_skips_unacknowledged(skips.unacknowledged);
  store::Outbox* outbox = flow->outbox();
  SRDF_ASSIGN_OR_RETURN(const store::OutboxFlow stored, outbox->GetFlow(flow->name()));
  out->set_initialised(stored.initialised);
  wire::ToProto(stored.tip, out->mutable_stored());
  out->set_unapplied_wagons(stored.unapplied_wagons);
  out->set_unapplied_bytes(stored.unapplied_bytes);
  SRDF_ASSIGN_OR_RETURN(const auto counts, outbox->Counts(flow->name()));
  for (const store::StatusCount& count : counts) {
    v1::StatusCount* c = out->add_wagons();
    c->set_status(count.status);
    c->set_wagons(count.wagons);
    c->set_bytes(count.bytes);
    if (count.status == store::DeliveryStatusName(store::DeliveryStatus::kDeadLetter))
      out->set_dead_letters(count.wagons);
  }
  if (stored.unapplied_wagons != 0) {
    const uint64_t oldest = stored.tip.sequence - stored.unapplied_wagons + 1;
    SRDF_ASSIGN_OR_RETURN(const auto wagons, outbox->List(flow->name(), oldest + 1, 1));
    if (!wagons.empty()) out->set_oldest_unapplied_commit_ms(wagons.front().header.commit_time_first_ms);
  }
  SRDF_ASSIGN_OR_RETURN(const store::FlowTotals totals, outbox->Totals(flow->name()));
  out->set_total_wagons(totals.wagons);
  out->set_total_transactions(totals.transactions);
  out->set_total_rows_before(totals.rows_before);
  out->set_total_rows_after(totals.rows_after);
  out->set_total_statements(totals.statements);
  out->set_total_source_bytes(totals.source_bytes);
  out->set_total_bytes_before(totals.bytes_before);
  out->set_total_payload_raw_bytes(totals.payload_raw_bytes);
  out->set_total_payload_compressed_bytes(totals.payload_compressed_bytes);
  return {};
}

grpc::Status ShipperServiceImpl::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                                           v1::GetStatusResponse* response) {
  for (const auto& [name, flow] : *flows_) {
    if (Status s = FillStatus(flow.get(), response->add_flows()); !s.ok()) return rpc::ToGrpc(s);
  }
  return grpc::Status::OK;
}

grpc::Status ShipperServiceImpl::ListWagons(grpc::ServerContext*, const v1::ListWagonsRequest* request,
                                            v1::ListWagonsResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  const uint32_t limit = request->limit() == 0 ? kListDefault : std::min(request->limit(), kListMax);
  store::Outbox* outbox = (*flow)->outbox();
  auto wagons = request->merged() ? outbox->ListMerged((*flow)->name(), limit)
                                  : outbox->List((*flow)->name(), request->before_sequence(), limit);
  if (!wagons.ok()) return rpc::ToGrpc(wagons.status());
  for (const store::OutboxWagon& wagon : *wagons) FillInfo(wagon, response->add_wagons());
  return grpc::Status::OK;
}

grpc::Status ShipperServiceImpl::ReadWagon(grpc::ServerContext*, const v1::ReadWagonRequest* request,
                                           grpc::ServerWriter<v1::ReadWagonResponse>* writer) {
  if (flows_->empty()) return rpc::ToGrpc({StatusCode::kNotFound, "no flow is configured"});
  store::Outbox* outbox = flows_->begin()->second->outbox();  // one outbox holds all flows
  auto found = outbox->Find(request->uid());
  if (!found.ok()) return rpc::ToGrpc(found.status());
  if (!found->has_value()) {
    return rpc::ToGrpc(
        {StatusCode::kNotFound, "no wagon's uid begins with " + request->uid(), "see `srdfctl wagon list`"});
  }
  const store::OutboxWagon& wagon = **found;
  v1::ReadWagonResponse response;
  FillInfo(wagon, response.mutable_info());
  // One that has left the chain was never sent under its number.
  const bool in_chain =
      wagon.status != store::DeliveryStatus::kMerged && wagon.status != store::DeliveryStatus::kSuperseded;
  Result<std::vector<store::DeliveryAttempt>> attempts = std::vector<store::DeliveryAttempt>();
  if (in_chain) attempts = outbox->Attempts(wagon.header.flow, wagon.header.sequence);
  if (!attempts.ok()) return rpc::ToGrpc(attempts.status());
  for (const store::DeliveryAttempt& attempt : *attempts) {
    ToProto(attempt, response.add_attempts());
  }
  if (!writer->Write(response) || !wagon.payload_present) return grpc::Status::OK;
  for (uint32_t chunk_no = 0; chunk_no < wagon.chunk_count; ++chunk_no) {
    auto chunk = outbox->ReadChunkOf(wagon.header.uid, chunk_no);
    if (!chunk.ok()) return rpc::ToGrpc(chunk.status());
    v1::ReadWagonResponse piece;
    piece.set_data(std::move(*chunk));
    if (!writer->Write(piece)) break;
  }
  return grpc::Status::OK;
}

grpc::Status ShipperServiceImpl::PauseFlow(grpc::ServerContext*, const v1::PauseFlowRequest* request,
                                           v1::PauseFlowResponse*) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  return rpc::ToGrpc((*flow)->Pause());
}

grpc::Status ShipperServiceImpl::ResumeFlow(grpc::ServerContext* context,
                                            const v1::ResumeFlowRequest* request, v1::ResumeFlowResponse*) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  if (request->without_agreement()) {
    if (Status s = (*flow)->GoOnWithoutAgreement(rpc::CallerName(*context)); !s.ok()) return rpc::ToGrpc(s);
  }
  return rpc::ToGrpc((*flow)->Resume());
}

grpc::Status ShipperServiceImpl::SetFlowSettings(grpc::ServerContext* context,
                                                 const v1::SetFlowSettingsRequest* request,
                                                 v1::SetFlowSettingsResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  const std::map<std::string, std::string> changes(request->settings().begin(), request->settings().end());
  if (Status s = (*flow)->send_settings()->Set(changes, rpc::CallerName(*context)); !s.ok())
    return rpc::ToGrpc(s);
  FillSettings(*flow, response->mutable_settings());
  return grpc::Status::OK;
}

grpc::Status ShipperServiceImpl::ListDeliveries(grpc::ServerContext*,
                                                const v1::ListDeliveriesRequest* request,
                                                v1::ListDeliveriesResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  return rpc::ToGrpc(shipper::ListDeliveries((*flow)->outbox(), *request, response));
}

grpc::Status ShipperServiceImpl::RetryDelivery(grpc::ServerContext* context,
                                               const v1::RetryDeliveryRequest* request,
                                               v1::RetryDeliveryResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto changed = (*flow)->Retry(request->sequence(), rpc::CallerName(*context), request->reason());
  if (!changed.ok()) return rpc::ToGrpc(changed.status());
  response->set_changed(*changed);
  return grpc::Status::OK;
}

grpc::Status ShipperServiceImpl::GetUnsentTail(grpc::ServerContext*, const v1::GetUnsentTailRequest* request,
                                               v1::GetUnsentTailResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  const uint32_t wagons_max = request->wagons_max() == 0 ? kUnsentMax : request->wagons_max();
  auto tail = (*flow)->outbox()->GetUnsentTail((*flow)->name(), std::min(wagons_max, kUnsentMax));
  if (!tail.ok()) return rpc::ToGrpc(tail.status());
  response->set_away((*flow)->link_status().state != LinkState::kStreaming);
  wire::ToProto(tail->before, response->mutable_before());
  for (const store::UnsentWagon& wagon : tail->wagons) {
    v1::UnsentWagon* out = response->add_wagons();
    out->set_sequence(wagon.sequence);
    out->set_uid(wagon.uid);
    out->set_hash(wagon.hash);
    out->set_merged(wagon.seal_reason == SealReason::kMerged);
    out->set_statements(wagon.statements);
    out->set_rows_after(wagon.rows_after);
    out->set_payload_raw_bytes(wagon.payload_raw_bytes);
    out->set_frame_bytes(wagon.frame_bytes);
    out->set_stands_alone(StandsAlone(wagon.seal_reason));
  }
  return grpc::Status::OK;
}

}  // namespace srdf::shipper
