#include "shipper/receiver_client.h"

#include "rpc/channel.h"
#include "rpc/duplex.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"
#include "wire/header_convert.h"

namespace srdf::shipper {

namespace {

using receiver::v1::DeliverRequest;
using receiver::v1::DeliverResponse;
using receiver::v1::ReceiverService;

Receipt FromProto(const DeliverResponse::WagonReceipt& receipt) {
  switch (receipt.receipt()) {
    case receiver::v1::RECEIPT_ACCEPTED:
      return Receipt::kAccepted;
    case receiver::v1::RECEIPT_DUPLICATE:
      return Receipt::kDuplicate;
    case receiver::v1::RECEIPT_INVALID_PAYLOAD:
      return Receipt::kInvalidPayload;
    default:
      return receipt.busy() ? Receipt::kBusy : Receipt::kRejected;
  }
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
  return state;
}

class GrpcDeliverSession : public DeliverSession {
 public:
  GrpcDeliverSession(ReceiverService::Stub* stub, const std::string& flow, uint64_t epoch,
                     DeliverEvents events)
      : events_(std::move(events)),
        duplex_([stub](grpc::ClientContext* context) { return stub->Deliver(context); }) {
    duplex_.Start([this](DeliverResponse& response) { OnMessage(response); },
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
    return duplex_.Write(request_);
  }

  void Cancel() override { duplex_.Cancel(); }

 private:
  void OnMessage(const DeliverResponse& response) {
    switch (response.message_case()) {
      case DeliverResponse::kOpened:
        return events_.on_opened(FromProto(response.opened()));
      case DeliverResponse::kReceipt:
        return events_.on_receipt(response.receipt().sequence(), FromProto(response.receipt()),
                                  response.receipt().error());
      case DeliverResponse::kCredit:
        return events_.on_credit(response.credit().bytes());
      case DeliverResponse::kApplied:
        return events_.on_applied(response.applied().sequence());
      case DeliverResponse::kFailed:
        return events_.on_failed(response.failed().sequence(), rpc::FromProto(response.failed().problem()));
      case DeliverResponse::kReadiness:
      case DeliverResponse::MESSAGE_NOT_SET:
        return;
    }
  }

  const DeliverEvents events_;
  DeliverRequest request_;
  // Last member: its reader thread uses the others and is joined first.
  rpc::ClientDuplex<DeliverRequest, DeliverResponse> duplex_;
};

class GrpcReceiverClient : public ReceiverClient {
 public:
  explicit GrpcReceiverClient(const std::string& address)
      : stub_(ReceiverService::NewStub(rpc::NewChannel(address))) {}
  std::unique_ptr<DeliverSession> Open(const std::string& flow, uint64_t epoch,
                                       DeliverEvents events) override {
    return std::make_unique<GrpcDeliverSession>(stub_.get(), flow, epoch, std::move(events));
  }

 private:
  std::unique_ptr<ReceiverService::Stub> stub_;
};

}  // namespace

std::unique_ptr<ReceiverClient> NewGrpcReceiverClient(const std::string& address) {
  return std::make_unique<GrpcReceiverClient>(address);
}

}  // namespace srdf::shipper
