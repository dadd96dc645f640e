#include "batcher/shipper_client.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "rpc/channel.h"
#include "rpc/client_duplex.h"
#include "rpc/security.h"
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

constexpr std::chrono::seconds kTailTimeout{30};

// A wagon's frame as the shipper streams it.
class FrameDownload {
 public:
  FrameDownload(ShipperService::Stub* stub, const std::string& uid) {
    shipper::v1::ReadWagonRequest request;
    request.set_uid(uid);
    reader_ = stub->ReadWagon(&context_, request);
  }
  ~FrameDownload() {
    context_.TryCancel();
    if (!finished_) (void)reader_->Finish();
  }

  Result<std::string> Next() {
    while (reader_->Read(&response_)) {
      if (!response_.data().empty()) return std::move(*response_.mutable_data());
    }
    if (!std::exchange(finished_, true)) SRDF_RETURN_IF_ERROR(rpc::FromGrpc(reader_->Finish()));
    return std::string();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<shipper::v1::ReadWagonResponse>> reader_;
  shipper::v1::ReadWagonResponse response_;
  bool finished_ = false;
};

class GrpcStoreSession : public StoreSession, public TailStore {
 public:
  GrpcStoreSession(ShipperService::Stub* stub, StoreEvents events)
      : stub_(stub),
        events_(std::move(events)),
        duplex_([stub](grpc::ClientContext* context, grpc::CompletionQueue* queue) {
          return stub->PrepareAsyncStore(context, queue);
        }) {}

  Status Open(const std::string& flow) {
    flow_ = flow;
    duplex_.Start(
        [this](StoreResponse& response) {
          OnMessage(response);
          return true;
        },
        [this](Status status) { OnEnd(std::move(status)); });
    StoreRequest request;
    request.mutable_open()->set_protocol_version(1);
    request.mutable_open()->set_flow(flow);
    request.mutable_open()->set_waits_from_wagons(events_.waits_from_wagons);
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
    request_.mutable_piece()->clear_covers();
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
  TailStore* tail() override { return this; }

  Result<UnsentTail> GetUnsentTail() override {
    shipper::v1::GetUnsentTailRequest request;
    request.set_flow(flow_);
    shipper::v1::GetUnsentTailResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kTailTimeout);
    SRDF_RETURN_IF_ERROR(rpc::FromGrpc(stub_->GetUnsentTail(&context, request, &response)));
    UnsentTail tail;
    tail.away = response.away();
    tail.before = wire::FromProto(response.before());
    for (const shipper::v1::UnsentWagon& wagon : response.wagons()) {
      tail.wagons.push_back({wagon.sequence(), wagon.uid(), wagon.hash(), wagon.merged(), wagon.statements(),
                             wagon.rows_after(), wagon.payload_raw_bytes(), wagon.frame_bytes(),
                             wagon.stands_alone()});
    }
    return tail;
  }

  Result<wire::FramePieces> OpenFrame(const std::string& uid) override {
    const auto download = std::make_shared<FrameDownload>(stub_, uid);
    return wire::FramePieces([download] { return download->Next(); });
  }

  Status BeginReplace(uint64_t first_sequence, const std::vector<std::string>& hashes,
                      const std::string& actor) override {
    StoreRequest request;
    request.mutable_replace()->set_first_sequence(first_sequence);
    for (const std::string& hash : hashes) request.mutable_replace()->add_hashes(hash);
    request.mutable_replace()->set_actor(actor);
    return duplex_.Write(request) ? Status() : WaitEnd();
  }

  Status SendMerged(std::string_view piece, bool last, size_t covers) override {
    request_.mutable_piece()->set_data(piece.data(), piece.size());
    request_.mutable_piece()->set_last(last);
    request_.mutable_piece()->set_covers(static_cast<uint32_t>(covers));
    return duplex_.Write(request_) ? Status() : WaitEnd();
  }

  Result<ChainTip> CommitReplace() override { return EndReplace(false); }
  Status AbandonReplace() override {
    const auto ended = EndReplace(true);
    return ended.status().code() == StatusCode::kCancelled ? Status() : ended.status();
  }

 private:
  Result<ChainTip> EndReplace(bool abandon) {
    StoreRequest request;
    request.mutable_commit_replace()->set_abandon(abandon);
    if (!duplex_.Write(request)) return WaitEnd();
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, kStoredTimeout, [&] { return replaced_.has_value() || !ended_.ok(); })) {
      return Status(StatusCode::kUnavailable, "the shipper did not exchange the merged wagons in time");
    }
    if (!replaced_.has_value()) return ended_;
    auto replaced = *std::move(replaced_);
    replaced_.reset();
    return replaced;
  }

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
      // The state first: what is sealed next is decided on when this one is seen stored.
      if (response.stored().has_state()) events_.on_state(FromProto(response.stored().state()));
      ChainTip tip = wire::FromProto(response.stored().tip());
      if (events_.on_stored != nullptr && events_.on_stored(tip)) return;
      std::lock_guard lock(mu_);
      stored_ = std::move(tip);
    } else if (response.has_replaced()) {
      std::lock_guard lock(mu_);
      const auto& replaced = response.replaced();
      if (replaced.has_refused()) {
        replaced_ = rpc::FromProto(replaced.refused());
      } else {
        replaced_ = wire::FromProto(replaced.tip());
      }
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

  ShipperService::Stub* const stub_;
  const StoreEvents events_;
  std::string flow_;
  StoreRequest request_;  // reused, so that its buffer is
  std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_; tip_ is constant once opened_ is set
  ChainTip tip_;
  bool opened_ = false;
  std::optional<ChainTip> stored_;
  std::optional<Result<ChainTip>> replaced_;
  Status ended_;
  // Last member: what it calls uses the others, and is waited for first.
  rpc::ClientDuplex<StoreRequest, StoreResponse> duplex_;
};

class GrpcShipperClient : public ShipperClient {
 public:
  GrpcShipperClient(const std::string& address, const rpc::Security& security)
      : stub_(ShipperService::NewStub(rpc::NewChannel(address, security.ChannelTo("shipper")))) {}

  Result<std::unique_ptr<StoreSession>> Open(const std::string& flow, StoreEvents events) override {
    auto session = std::make_unique<GrpcStoreSession>(stub_.get(), std::move(events));
    if (Status s = session->Open(flow); !s.ok()) return s.WithContext("shipper");
    return std::unique_ptr<StoreSession>(std::move(session));
  }

 private:
  std::unique_ptr<ShipperService::Stub> stub_;
};

}  // namespace

std::unique_ptr<ShipperClient> NewGrpcShipperClient(const std::string& address,
                                                    const rpc::Security& security) {
  return std::make_unique<GrpcShipperClient>(address, security);
}

}  // namespace srdf::batcher
