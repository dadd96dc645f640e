#include "shipper/receiver_client.h"

#include "rpc/channel.h"
#include "rpc/client_duplex.h"
#include "rpc/security.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"
#include "wire/header_convert.h"

namespace srdf::shipper {

namespace {

using receiver::v1::DeliverRequest;
using receiver::v1::DeliverResponse;
using receiver::v1::ReceiverService;

WagonReceipt FromProto(const DeliverResponse::WagonReceipt& receipt) {
  WagonReceipt out;
  out.sequence = receipt.sequence();
  out.error = receipt.error();
  out.next_chunk = receipt.next_chunk();
  out.wait = std::chrono::milliseconds(receipt.wait_ms());
  if (model::v1::ReceiptReason_IsValid(receipt.reason()))
    out.reason = static_cast<ReceiptReason>(receipt.reason());
  switch (receipt.receipt()) {
    case receiver::v1::RECEIPT_ACCEPTED:
      out.kind = ReceiptKind::kAccepted;
      return out;
    case receiver::v1::RECEIPT_DUPLICATE:
      out.kind = ReceiptKind::kDuplicate;
      return out;
    case receiver::v1::RECEIPT_PARTIALLY_ACCEPTED:
      out.kind = ReceiptKind::kPartiallyAccepted;
      break;
    case receiver::v1::RECEIPT_INVALID_PAYLOAD:
      out.kind = ReceiptKind::kInvalidPayload;
      break;
    default:
      out.kind = ReceiptKind::kRejected;
      break;
  }
  const bool told = receipt.error_class() != model::v1::ERROR_CLASS_UNSPECIFIED &&
                    model::v1::ErrorClass_IsValid(receipt.error_class());
  out.error_class = told             ? static_cast<ErrorClass>(receipt.error_class())
                    : receipt.busy() ? ErrorClass::kBusy
                                     : ErrorClass::kFormat;
  return out;
}

Readiness FromProto(const DeliverResponse::Readiness& readiness) {
  Readiness out;
  if (model::v1::ReceiverState_IsValid(readiness.state()))
    out.state = static_cast<ReceiverState>(readiness.state());
  out.wait = std::chrono::milliseconds(readiness.wait_ms());
  if (readiness.has_problem() && !readiness.problem().message().empty()) {
    out.problem = rpc::FromProto(readiness.problem());
  }
  return out;
}

DestinationState FromProto(const DeliverResponse::Opened& opened) {
  DestinationState state;
  state.tip_known = opened.tip_known();
  state.tip = wire::FromProto(opened.tip());
  state.partial_sequence = opened.partial_sequence();
  state.partial_uid = opened.partial_uid();
  state.partial_hash = opened.partial_hash();
  state.partial_chunks = opened.partial_chunks();
  state.credit_bytes = opened.credit_bytes();
  state.applied_sequence = opened.applied_sequence();
  state.skipped.assign(opened.skipped().begin(), opened.skipped().end());
  state.readiness = FromProto(opened.readiness());
  return state;
}

class GrpcDeliverSession : public DeliverSession {
 public:
  GrpcDeliverSession(ReceiverService::Stub* stub, const rpc::Security& security, const std::string& flow,
                     uint64_t epoch, DeliverEvents events)
      : events_(std::move(events)), duplex_([&](grpc::ClientContext* context, grpc::CompletionQueue* queue) {
          security.ClaimFlow(context, flow);
          return stub->PrepareAsyncDeliver(context, queue);
        }) {
    duplex_.Start(
        [this](DeliverResponse& response) {
          OnMessage(response);
          return true;
        },
        [this](Status status) { events_.on_end(std::move(status)); });
    DeliverRequest request;
    request.mutable_open()->set_protocol_version(1);
    request.mutable_open()->set_flow(flow);
    request.mutable_open()->set_epoch(epoch);
    duplex_.Write(request);
  }

  bool Send(ChunkToSend chunk) override {
    auto* out = request_.mutable_chunk();
    out->set_sequence(chunk.sequence);
    out->set_wagon_uid(chunk.wagon_uid);
    out->set_wagon_hash(chunk.wagon_hash);
    out->set_chunk_no(chunk.chunk_no);
    out->set_chunk_count(chunk.chunk_count);
    out->set_data(std::move(chunk.data));
    out->set_continues(chunk.continues);
    out->set_data_crc32(chunk.data_crc32);
    return duplex_.Write(request_);
  }

  bool SendSkip(const SkipToSend& skip) override {
    DeliverRequest request;
    DeliverRequest::Skip* out = request.mutable_skip();
    wire::ToProto(skip.header, out->mutable_header());
    out->set_wagon_hash(skip.wagon_hash);
    out->set_reason(skip.decision.reason);
    out->set_actor(skip.decision.actor);
    out->set_decided_at_ms(skip.decision.decided_at_ms);
    return duplex_.Write(request);
  }

  void Cancel() override { duplex_.Cancel(); }

 private:
  void OnMessage(const DeliverResponse& response) {
    switch (response.message_case()) {
      case DeliverResponse::kOpened:
        return events_.on_opened(FromProto(response.opened()));
      case DeliverResponse::kReceipt:
        return events_.on_receipt(FromProto(response.receipt()));
      case DeliverResponse::kCredit:
        return events_.on_credit(response.credit().bytes());
      case DeliverResponse::kApplied:
        if (!response.applied().skipped().empty()) {
          events_.on_skipped({response.applied().skipped().begin(), response.applied().skipped().end()});
        }
        return events_.on_applied(response.applied().sequence());
      case DeliverResponse::kFailed:
        return events_.on_failed(response.failed().sequence(), rpc::FromProto(response.failed().problem()));
      case DeliverResponse::kReadiness:
        return events_.on_readiness(FromProto(response.readiness()));
      case DeliverResponse::MESSAGE_NOT_SET:
        return;
    }
  }

  const DeliverEvents events_;
  DeliverRequest request_;
  // Last member: what it calls uses the others, and is waited for first.
  rpc::ClientDuplex<DeliverRequest, DeliverResponse> duplex_;
};

class GrpcReceiverClient : public ReceiverClient {
 public:
  GrpcReceiverClient(const std::string& address, const rpc::Security& security)
      : address_(address),
        security_(security),
        stub_(ReceiverService::NewStub(rpc::NewChannel(address, security.ChannelTo("receiver")))) {}
  std::string address() const override { return address_; }
  std::unique_ptr<DeliverSession> Open(const std::string& flow, uint64_t epoch,
                                       DeliverEvents events) override {
    return std::make_unique<GrpcDeliverSession>(stub_.get(), security_, flow, epoch, std::move(events));
  }

 private:
  const std::string address_;
  const rpc::Security& security_;
  std::unique_ptr<ReceiverService::Stub> stub_;
};

}  // namespace

std::unique_ptr<ReceiverClient> NewGrpcReceiverClient(const std::string& address,
                                                      const rpc::Security& security) {
  return std::make_unique<GrpcReceiverClient>(address, security);
}

}  // namespace srdf::shipper
