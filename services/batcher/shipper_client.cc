#include "batcher/shipper_client.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "rpc/channel.h"
#include "rpc/duplex.h"
#include "srdf/shipper/v1/shipper.grpc.pb.h"
#include "wire/header_convert.h"

namespace srdf::batcher {

namespace {

using shipper::v1::ShipperService;
using shipper::v1::StoreRequest;
using shipper::v1::StoreResponse;

constexpr std::chrono::seconds kOpenTimeout{12};
// A commit in the outbox is a disk write; one that takes this long is a disk that has stopped answering.
constexpr std::chrono::seconds kStoredTimeout{120};

class GrpcStoreSession : public StoreSession {
 public:
  GrpcStoreSession(ShipperService::Stub* stub, StoreEvents events)
      : events_(std::move(events)),
        duplex_([stub](grpc::ClientContext* context) { return stub->Store(context); }) {}

  Status Open(const std::string& flow) {
    duplex_.Start([this](StoreResponse& response) { OnMessage(response); },
                  [this](Status status) { OnEnd(std::move(status)); });
    StoreRequest request;
    request.mutable_open()->set_protocol_version(1);
    request.mutable_open()->set_flow(flow);
    duplex_.Write(request);
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, kOpenTimeout, [&] { return opened_ || !ended_.ok(); })) {
      return {StatusCode::kUnavailable, "the shipper did not answer in time"};
    }
    return ended_;
  }

  const ChainTip& tip() const override { return tip_; }

  Status Send(std::string_view piece, bool last) override {
    request_.mutable_piece()->set_data(piece.data(), piece.size());
    request_.mutable_piece()->set_last(last);
    if (duplex_.Write(request_)) return {};
    return WaitEnd();
  }

  Result<ChainTip> WaitStored() override {
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, kStoredTimeout, [&] { return stored_.has_value() || !ended_.ok(); })) {
      return Status(StatusCode::kUnavailable, "the shipper did not store a wagon in time");
    }
    if (!stored_.has_value()) return ended_;
    ChainTip tip = *std::move(stored_);
    stored_.reset();
    return tip;
  }

  void Cancel() override { duplex_.Cancel(); }

 private:
  Status WaitEnd() {
    std::unique_lock lock(mu_);
    changed_.wait_for(lock, kOpenTimeout, [&] { return !ended_.ok(); });
    return ended_.ok() ? Status(StatusCode::kUnavailable, "the stream to the shipper broke") : ended_;
  }

  static DeliveryState FromProto(const StoreResponse::DeliveryState& state) {
    return {state.unapplied_wagons(), state.unapplied_bytes(), state.outbox_full()};
  }

  void OnMessage(const StoreResponse& response) {
    if (response.has_opened()) {
      events_.on_state(FromProto(response.opened().state()));
      std::lock_guard lock(mu_);
      tip_ = wire::FromProto(response.opened().tip());
      opened_ = true;
    } else if (response.has_stored()) {
      std::lock_guard lock(mu_);
      stored_ = wire::FromProto(response.stored().tip());
    } else if (response.has_ended()) {
      std::lock_guard lock(mu_);
      ended_ = rpc::FromProto(response.ended());
      duplex_.Cancel();
    } else if (response.has_state()) {
      events_.on_state(FromProto(response.state()));
      return;
    }
    changed_.notify_all();
  }

  void OnEnd(Status status) {
    {
      std::lock_guard lock(mu_);
      if (ended_.ok()) ended_ = status;
      status = ended_;
      changed_.notify_all();
    }
    events_.on_end(std::move(status));
  }

  const StoreEvents events_;
  StoreRequest request_;  // reused, so that its buffer is
  std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_; tip_ is constant once opened_ is set
  ChainTip tip_;
  bool opened_ = false;
  std::optional<ChainTip> stored_;
  Status ended_;
  // Last member: its reader thread uses the others and is joined first.
  rpc::ClientDuplex<StoreRequest, StoreResponse> duplex_;
};

class GrpcShipperClient : public ShipperClient {
 public:
  explicit GrpcShipperClient(const std::string& address)
      : stub_(ShipperService::NewStub(rpc::NewChannel(address))) {}

  Result<std::unique_ptr<StoreSession>> Open(const std::string& flow, StoreEvents events) override {
    auto session = std::make_unique<GrpcStoreSession>(stub_.get(), std::move(events));
    if (Status s = session->Open(flow); !s.ok()) return s.WithContext("shipper");
    return std::unique_ptr<StoreSession>(std::move(session));
  }

 private:
  std::unique_ptr<ShipperService::Stub> stub_;
};

}  // namespace

std::unique_ptr<ShipperClient> NewGrpcShipperClient(const std::string& address) {
  return std::make_unique<GrpcShipperClient>(address);
}

}  // namespace srdf::batcher
