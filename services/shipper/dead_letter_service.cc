#include "shipper/dead_letter_service.h"

#include <algorithm>

#include "rpc/caller.h"
#include "rpc/status_map.h"
#include "shipper/wagon_info.h"
#include "store/dead_letter.h"

namespace srdf::shipper {

namespace {

constexpr uint32_t kListDefault = 50;
constexpr uint32_t kListMax = 1000;
constexpr size_t kActionBytesMax = 64;
constexpr size_t kReasonBytesMax = 1000;
constexpr size_t kDetailBytesMax = 4000;

uint32_t Limit(uint32_t asked) { return asked == 0 ? kListDefault : std::min(asked, kListMax); }

}  // namespace

Result<ShipperFlow*> DeadLetterServiceImpl::Find(const std::string& flow) const {
  const auto it = flows_->find(flow);
  if (it == flows_->end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return it->second.get();
}

grpc::Status DeadLetterServiceImpl::ListDeadLetters(grpc::ServerContext*,
                                                    const v1::ListDeadLettersRequest* request,
                                                    v1::ListDeadLettersResponse* response) {
  auto letters = outbox_->ListDeadLetters(request->flow(), request->all(), Limit(request->limit()));
  if (!letters.ok()) return rpc::ToGrpc(letters.status());
  for (const store::DeadLetter& letter : *letters) {
    v1::DeadLetter* out = response->add_dead_letters();
    out->set_flow(letter.flow);
    out->set_epoch(letter.epoch);
    out->set_sequence(letter.sequence);
    out->set_uid(letter.uid);
    out->set_error(letter.error);
    out->set_error_class(letter.error_class);
    out->set_created_at_ms(letter.created_at_ms);
    out->set_resolved_at_ms(letter.resolved_at_ms);
    out->set_resolution(letter.resolution);
    out->set_resolved_by(letter.resolved_by);
    out->set_reason(letter.reason);
    if (letter.wagon.has_value()) FillInfo(*letter.wagon, out->mutable_wagon());
  }
  return grpc::Status::OK;
}

grpc::Status DeadLetterServiceImpl::SkipDeadLetter(grpc::ServerContext* context,
                                                   const v1::SkipDeadLetterRequest* request,
                                                   v1::SkipDeadLetterResponse*) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  return rpc::ToGrpc((*flow)->Skip(request->sequence(), request->reason(), rpc::CallerName(*context)));
}

grpc::Status DeadLetterServiceImpl::RetryDeadLetter(grpc::ServerContext* context,
                                                    const v1::RetryDeadLetterRequest* request,
                                                    v1::RetryDeadLetterResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto wagons = (*flow)->RetryDeadLetter(request->sequence(), rpc::CallerName(*context));
  if (!wagons.ok()) return rpc::ToGrpc(wagons.status());
  response->set_wagons(*wagons);
  return grpc::Status::OK;
}

grpc::Status DeadLetterServiceImpl::AcknowledgeSkips(grpc::ServerContext* context,
                                                     const v1::AcknowledgeSkipsRequest* request,
                                                     v1::AcknowledgeSkipsResponse* response) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  auto wagons = outbox_->AcknowledgeSkips(request->flow(), rpc::CallerName(*context));
  if (!wagons.ok()) return rpc::ToGrpc(wagons.status());
  response->set_wagons(*wagons);
  return grpc::Status::OK;
}

grpc::Status DeadLetterServiceImpl::ListAudit(grpc::ServerContext*, const v1::ListAuditRequest* request,
                                              v1::ListAuditResponse* response) {
  auto entries = outbox_->ListAudit(request->flow(), request->before_id(), Limit(request->limit()));
  if (!entries.ok()) return rpc::ToGrpc(entries.status());
  for (const store::AuditEntry& entry : *entries) {
    v1::AuditEntry* out = response->add_entries();
    out->set_audit_id(entry.audit_id);
    out->set_at_ms(entry.at_ms);
    out->set_actor(entry.actor);
    out->set_action(entry.action);
    out->set_flow(entry.flow);
    out->set_epoch(entry.epoch);
    out->set_sequence(entry.sequence);
    out->set_uid(entry.uid);
    out->set_reason(entry.reason);
    out->set_detail(entry.detail);
  }
  return grpc::Status::OK;
}

grpc::Status DeadLetterServiceImpl::AddAudit(grpc::ServerContext* context, const v1::AddAuditRequest* request,
                                             v1::AddAuditResponse*) {
  auto flow = Find(request->flow());
  if (!flow.ok()) return rpc::ToGrpc(flow.status());
  const std::string& action = request->action();
  if (action.empty() || action.size() > kActionBytesMax ||
      action.find_first_not_of("abcdefghijklmnopqrstuvwxyz._") != std::string::npos ||
      request->reason().size() > kReasonBytesMax || request->detail().size() > kDetailBytesMax) {
    return rpc::ToGrpc({StatusCode::kInvalidArgument,
                        "an audit entry needs an action in lower-case letters, and texts that are not too "
                        "long",
                        "see dead_letters.proto"});
  }
  store::AuditEntry entry;
  entry.actor = rpc::CallerName(*context);
  entry.action = action;
  entry.flow = request->flow();
  entry.reason = request->reason();
  entry.detail = request->detail();
  return rpc::ToGrpc(outbox_->Audit(entry));
}

}  // namespace srdf::shipper
