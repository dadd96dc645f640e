#include "receiver/receiver_service.h"

#include <algorithm>
#include <thread>

#include "obs/log.h"
#include "receiver/chunk_assembly.h"
#include "receiver/deliver_intake.h"
#include "receiver/receipt_convert.h"
#include "receiver/skip_message.h"
#include "receiver/wagon_info.h"
#include "rpc/flow_claim.h"
#include "rpc/status_map.h"
#include "store_watch/store_health_convert.h"
#include "wire/header_convert.h"

namespace srdf::receiver {

namespace {

using DeliverDuplex = rpc::ServerDuplex<v1::DeliverRequest, v1::DeliverResponse>;
using TakeDuplex = rpc::ServerDuplex<v1::TakeRequest, v1::TakeResponse>;

constexpr uint32_t kTakeWindowDefault = 2;
constexpr uint32_t kListDefault = 50;
constexpr uint32_t kListMax = 1000;

// Also called while the flow holds its lock.
Status SendOpened(ReceiverFlow* flow, const Readiness& readiness, DeliverDuplex* duplex) {
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow state, flow->inbox()->GetFlow(flow->name()));
  SRDF_ASSIGN_OR_RETURN(const store::PartialWagon partial, flow->inbox()->GetPartial(flow->name()));
  v1::DeliverResponse response;
  v1::DeliverResponse::Opened* opened = response.mutable_opened();
  opened->set_tip_known(flow->TipIsKnown(state));
  wire::ToProto(state.tip, opened->mutable_tip());
  opened->set_partial_sequence(partial.sequence);
  opened->set_partial_uid(partial.uid);
  opened->set_partial_hash(partial.hash);
  opened->set_partial_chunks(partial.chunks);
  opened->set_credit_bytes(FirstCredit(readiness));
  opened->set_applied_sequence(state.applied_sequence);
  ToProto(readiness, opened->mutable_readiness());
  SRDF_ASSIGN_OR_RETURN(const auto skipped, flow->Skipped());
  opened->mutable_skipped()->Add(skipped.begin(), skipped.end());
  duplex->Write(response);
  if (state.failed_sequence != 0) {
    v1::DeliverResponse failed;
    failed.mutable_failed()->set_sequence(state.failed_sequence);
    rpc::ToProto(Status(StatusCode::kFailedPrecondition, state.failed_error), 0,
                 failed.mutable_failed()->mutable_problem());
    duplex->Write(failed);
  }
  return {};
}

DeliverStreamEvents EventsFor(ReceiverFlow* flow, const std::shared_ptr<DeliverDuplex>& duplex) {
  DeliverStreamEvents events;
  events.on_tip_known = [flow, duplex](const Readiness& readiness) {
    if (Status s = SendOpened(flow, readiness, duplex.get()); !s.ok()) duplex->Cancel(s);
  };
  events.on_tip_moved = [duplex] {
    duplex->Cancel(Status(StatusCode::kAborted, "the target is ahead of the inbox: agree again"));
  };
  events.on_credit = [duplex](uint64_t bytes) {
    v1::DeliverResponse response;
    response.mutable_credit()->set_bytes(bytes);
    duplex->Write(response);
  };
  events.on_applied = [duplex](uint64_t sequence, const std::vector<uint64_t>& skipped) {
    v1::DeliverResponse response;
    response.mutable_applied()->set_sequence(sequence);
    response.mutable_applied()->mutable_skipped()->Add(skipped.begin(), skipped.end());
    duplex->Write(response);
  };
  events.on_failed = [duplex](uint64_t sequence, const Status& problem) {
    v1::DeliverResponse response;
    response.mutable_failed()->set_sequence(sequence);
    rpc::ToProto(problem, 0, response.mutable_failed()->mutable_problem());
    duplex->Write(response);
  };
  events.on_readiness = [duplex](const Readiness& readiness) {
    v1::DeliverResponse response;
    ToProto(readiness, response.mutable_readiness());
    duplex->Write(response);
  };
  return events;
}

v1::TakeResponse ChunkToTake(const NextWagon& wagon, uint32_t chunk_no, std::string data) {
  v1::TakeResponse response;
  response.set_sequence(wagon.sequence);
  response.set_wagon_hash(wagon.hash);
  response.set_chunk_no(chunk_no);
  response.set_chunk_count(wagon.chunk_count);
  response.set_data(std::move(data));
  return response;
}

Status SendWagons(ReceiverFlow* flow, TakeDuplex* duplex, uint32_t window, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    SRDF_ASSIGN_OR_RETURN(auto wagon, flow->NextToApply(window, stop));
    if (!wagon.has_value()) break;
    if (wagon->to_skip) {
      if (stop.stop_requested() || !duplex->Write(SkipToTell(*wagon->to_skip))) return {};
      continue;
    }
    for (uint32_t chunk_no = 0; chunk_no < wagon->chunk_count; ++chunk_no) {
      std::string data = std::move(wagon->frame);
      if (data.empty()) {
        SRDF_ASSIGN_OR_RETURN(data, flow->inbox()->ReadChunk(flow->name(), wagon->sequence, chunk_no));
      }
      if (stop.stop_requested() || !duplex->Write(ChunkToTake(*wagon, chunk_no, std::move(data)))) return {};
    }
  }
  return {};
}

}  // namespace

Result<ReceiverFlow*> ReceiverServiceImpl::Find(const std::string& flow) const {
  const auto it = flows_->find(flow);
  if (it == flows_->end())
    return Status(StatusCode::kNotFound, "the receiver has no flow named " + flow,
                  "configure the flow at both sites");
  return it->second.get();
}

void ReceiverServiceImpl::AddTo(rpc::Server* server) {
  server->AddService(this);
  server->AddStream(std::make_unique<rpc::DuplexMethod<v1::DeliverRequest, v1::DeliverResponse>>(
      [this](auto... accept) { RequestDeliver(accept...); },
      [this](const std::shared_ptr<DeliverStream>& stream) { return ServeDeliver(stream); }));
  server->AddStream(std::make_unique<rpc::DuplexMethod<v1::TakeRequest, v1::TakeResponse>>(
      [this](auto... accept) { RequestTake(accept...); },
      [this](const std::shared_ptr<TakeStream>& stream) { return ServeTake(stream); }));
}

grpc::Status ReceiverServiceImpl::ServeDeliver(const std::shared_ptr<DeliverStream>& duplex) {
  v1::DeliverRequest request;
  if (!duplex->Read(&request) || !request.has_open() || request.open().protocol_version() != 1) {
    return rpc::ToGrpc(
        {StatusCode::kInvalidArgument, "a deliver stream begins with `open`, protocol version 1"});
  }
  if (Status s = rpc::CheckFlowClaim(duplex->context(), request.open().flow()); !s.ok())
    return rpc::ToGrpc(s);
  auto flow = Find(request.open().flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto slot =
      delivers_.Enter((*flow)->name(), [duplex](Status status) { duplex->Cancel(std::move(status)); });
  if (!slot.ok()) return rpc::ToGrpc(slot.status());

  // The stream is made known first: a checkpoint that arrives in between is then told twice, not never.
  const Readiness readiness = (*flow)->OpenDeliver(EventsFor(*flow, duplex));
  // What was applied meanwhile, and not told to a stream that was not known yet, is in what it is told first.
  (*flow)->BringUpToDate(ReceiverFlow::Patience::kWaits);
  Status ended = SendOpened(*flow, readiness, duplex.get());
  if (ended.ok()) ended = (*flow)->Opened();
  const std::string peer = duplex->context().peer();
  std::optional<DeliverIntake> intake(std::in_place, *flow, peer);
  ChunkAssembly assembly;
  std::vector<WagonReceipt> receipts;
  const auto take_chunk = [&](v1::DeliverRequest::Chunk* piece) -> Status {
    SRDF_RETURN_IF_ERROR((*flow)->TakeCredit(piece->data().size()));
    const auto whole = assembly.Add(piece);
    // Pieces that do not fit may be the line's fault: the next stream sends the chunk again.
    if (!whole.ok()) return {StatusCode::kAborted, whole.status().message()};
    if (*whole == nullptr) return {};
    const auto& chunk = **whole;
    receipts.clear();
    const Status taken = intake->Append(FromProto(chunk), &receipts);
    for (const WagonReceipt& receipt : receipts) {
      v1::DeliverResponse response;
      ToProto(receipt, response.mutable_receipt());
      duplex->Write(response);
    }
    SRDF_RETURN_IF_ERROR(taken);
    if (const uint64_t credit = (*flow)->CreditFor(chunk.data().size()); credit != 0) {
      v1::DeliverResponse response;
      response.mutable_credit()->set_bytes(credit);
      duplex->Write(response);
    }
    return {};
  };
  const bool shared = flows_->size() > 1;
  const auto take = [&](v1::DeliverRequest& message) {
    // One flow's disk keeps no other flow waiting.
    std::optional<BlockingSection> section;
    if (shared) section.emplace();
    if (message.has_skip()) {
      ended = TakeSkip(*flow, message.skip(), duplex.get());
      intake.emplace(*flow, peer);  // what came of the wagon on this stream is no longer wanted
    } else {
      ended = take_chunk(message.mutable_chunk());
    }
    return ended.ok();
  };
  if (ended.ok()) duplex->ForEach(take);
  if (!ended.ok()) obs::Error("deliver_failed", {{"flow", (*flow)->name()}, {"error", ended}});
  if (const Status first = duplex->end_status(); !first.ok()) ended = first;
  (*flow)->CloseDeliver();
  duplex->Close();
  return rpc::ToGrpc(ended);
}

grpc::Status ReceiverServiceImpl::ServeTake(const std::shared_ptr<TakeStream>& duplex) {
  v1::TakeRequest request;
  if (!duplex->Read(&request) || !request.has_open() || request.open().protocol_version() != 1) {
    return rpc::ToGrpc(
        {StatusCode::kInvalidArgument, "a take stream begins with `open`, protocol version 1"});
  }
  if (Status s = rpc::CheckFlowClaim(duplex->context(), request.open().flow()); !s.ok())
    return rpc::ToGrpc(s);
  auto flow = Find(request.open().flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto slot = takes_.Enter((*flow)->name(), [duplex](Status status) { duplex->Cancel(std::move(status)); });
  if (!slot.ok()) return rpc::ToGrpc(slot.status());

  const ChainTip checkpoint = wire::FromProto(request.open().checkpoint());
  const uint32_t window =
      request.open().window_wagons() == 0 ? kTakeWindowDefault : request.open().window_wagons();
  const std::vector<uint64_t> skipped(request.open().skipped().begin(), request.open().skipped().end());
  const auto end = [duplex](const Status& why) { duplex->Cancel(why); };
  if (Status s = (*flow)->OpenTake(checkpoint, skipped, end); !s.ok()) {
    (*flow)->SetProblem(s);
    return rpc::ToGrpc(s);
  }
  // Tells the applier that its checkpoint was taken over.
  duplex->SendInitialMetadata("srdf-take", "open");
  (*flow)->HandOnBy(window, [duplex](NextWagon wagon) {
    std::string frame = std::move(wagon.frame);
    duplex->Write(ChunkToTake(wagon, 0, std::move(frame)));
  });
  std::jthread sender([flow = *flow, duplex, window](const std::stop_token& stop) {
    if (Status s = SendWagons(flow, duplex.get(), window, stop); !s.ok()) {
      obs::Error("inbox_read_failed", {{"flow", flow->name()}, {"error", s}});
      flow->SetProblem(s);
      v1::TakeResponse response;
      rpc::ToProto(s, 0, response.mutable_ended());
      duplex->AskToEnd(s, response);
    }
  });
  Status ended;
  const bool shared = flows_->size() > 1;
  duplex->ForEach([&](v1::TakeRequest& message) {
    std::optional<BlockingSection> section;
    if (shared) section.emplace();
    if (message.has_applied())
      ended = (*flow)->Applied(message.applied().sequence(), message.applied().skipped());
    // After a failure the applier begins again with its checkpoint.
    if (!message.has_failed()) return ended.ok();
    ended = (*flow)->Failed(message.failed().sequence(), rpc::FromProto(message.failed().problem()));
    return false;
  });
  sender.request_stop();
  // A sender that waits for the network must not keep the handler.
  if (!ended.ok()) {
    (*flow)->SetProblem(ended);
    duplex->Cancel(ended);
  }
  sender.join();
  if (const Status first = duplex->end_status(); !first.ok()) ended = first;
  (*flow)->CloseTake();
  duplex->Close();
  return rpc::ToGrpc(ended);
}

Status ReceiverServiceImpl::FillStored(ReceiverFlow* flow, v1::FlowStatus* out) {
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow state, flow->inbox()->GetFlow(flow->name()));
  wire::ToProto(state.tip, out->mutable_accepted());
  out->set_applied_sequence(state.applied_sequence);
  out->set_unapplied_wagons(state.unapplied_wagons);
  out->set_unapplied_bytes(state.unapplied_bytes);
  SRDF_ASSIGN_OR_RETURN(const auto refusals, flow->inbox()->RefusalCounts(flow->name()));
  ToProto(refusals, out->mutable_refusals());
  return {};
}

grpc::Status ReceiverServiceImpl::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                                            v1::GetStatusResponse* response) {
  for (const auto& [name, flow] : *flows_) {
    flow->BringUpToDate();
    const ReceiptCounts counts = flow->GetCounts();
    v1::FlowStatus* out = response->add_flows();
    out->set_flow(name);
    out->set_shipper_connected(flow->shipper_connected());
    out->set_applier_connected(flow->applier_connected());
    const store::StoreHealth health = flow->inbox()->disk()->Health();
    store::ToProto(health, out->mutable_store());
    if (!health.problem.ok()) rpc::ToProto(health.problem, health.since_ms, out->add_problems());
    if (const auto [problem, since_ms] = flow->problem(); !problem.ok())
      rpc::ToProto(problem, since_ms, out->add_problems());
    if (const auto [problem, since_ms] = flow->purge_problem(); !problem.ok()) {
      rpc::ToProto(problem, since_ms, out->add_problems());
    }
    out->set_duplicates(CountOf(counts, ReceiptKind::kDuplicate));
    out->set_rejected(CountOf(counts, ReceiptKind::kRejected));
    out->set_invalid(CountOf(counts, ReceiptKind::kInvalidPayload));
    ToProto(flow->GetReadiness(), out->mutable_readiness());
    ToProto(counts, out->mutable_receipts());
    const Status read = FillStored(flow.get(), out);
    // What the disk does not give at the moment is not told; why not is among the problems.
    if (!read.ok() && health.problem.ok()) return rpc::ToGrpc(read);
  }
  return grpc::Status::OK;
}

grpc::Status ReceiverServiceImpl::GetReadiness(grpc::ServerContext*, const v1::GetReadinessRequest* request,
                                               v1::GetReadinessResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  ToProto((*flow)->GetReadiness(), response->mutable_readiness());
  return grpc::Status::OK;
}

grpc::Status ReceiverServiceImpl::ListRefusals(grpc::ServerContext*, const v1::ListRefusalsRequest* request,
                                               v1::ListRefusalsResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  const uint32_t limit = request->limit() == 0 ? kListDefault : std::min(request->limit(), kListMax);
  auto refusals = (*flow)->inbox()->Refusals((*flow)->name(), limit);
  if (!refusals.ok()) return rpc::ToGrpc(refusals.status());
  for (const store::InboxRefusal& refusal : *refusals) ToProto(refusal, response->add_refusals());
  return grpc::Status::OK;
}

grpc::Status ReceiverServiceImpl::ListWagons(grpc::ServerContext*, const v1::ListWagonsRequest* request,
                                             v1::ListWagonsResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  const uint32_t limit = request->limit() == 0 ? kListDefault : std::min(request->limit(), kListMax);
  (*flow)->BringUpToDate();
  auto wagons = (*flow)->inbox()->List((*flow)->name(), request->before_sequence(), limit);
  if (!wagons.ok()) return rpc::ToGrpc(wagons.status());
  for (const store::InboxWagon& wagon : *wagons) FillInfo(wagon, response->add_wagons());
  return grpc::Status::OK;
}

}  // namespace srdf::receiver
