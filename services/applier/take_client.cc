#include "applier/take_client.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "rpc/channel.h"
#include "rpc/client_duplex.h"
#include "rpc/security.h"
#include "rpc/status_map.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"
#include "wire/header_convert.h"

namespace srdf::applier {

namespace {

using receiver::v1::ReceiverService;
using receiver::v1::TakeRequest;
using receiver::v1::TakeResponse;

constexpr std::chrono::seconds kAskDeadline{5};
// Chunks that wait to be applied; beyond, the receiver waits.
constexpr size_t kArrivedMax = 2;

class GrpcTakeSession : public TakeSession {
 public:
  GrpcTakeSession(ReceiverService::Stub* stub, const rpc::Security& security, const std::string& flow,
                  const ChainTip& checkpoint, const std::vector<uint64_t>& skipped)
      : duplex_([&](grpc::ClientContext* context, grpc::CompletionQueue* queue) {
          security.ClaimFlow(context, flow);
          return stub->PrepareAsyncTake(context, queue);
        }) {
    duplex_.Start([this](TakeResponse& response) { return OnMessage(&response); },
                  [this](Status status) { OnEnd(std::move(status)); },
                  [this](const grpc::ClientContext& context) { OnMetadata(context); });
    TakeRequest request;
    request.mutable_open()->set_protocol_version(1);
    request.mutable_open()->set_flow(flow);
    wire::ToProto(checkpoint, request.mutable_open()->mutable_checkpoint());
    request.mutable_open()->mutable_skipped()->Add(skipped.begin(), skipped.end());
    duplex_.Write(request);
  }

  Status WaitOpen() override {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return open_ || !ended_.ok(); });
    return open_ ? Status() : ended_;
  }

  Result<TakenChunk> Next() override {
    TakeResponse response;
    {
      std::unique_lock lock(mu_);
      changed_.wait(lock, [&] { return !arrived_.empty() || !ended_.ok(); });
      // What was sent before the end comes before the status.
      if (arrived_.empty()) return ended_;
      response = std::move(arrived_.front());
      arrived_.pop_front();
    }
    duplex_.Resume();
    if (response.has_ended()) return rpc::FromProto(response.ended());
    TakenChunk chunk;
    chunk.sequence = response.sequence();
    chunk.wagon_hash = response.wagon_hash();
    if (response.has_skipped()) {
      const auto& skip = response.skipped();
      chunk.skipped =
          SkippedWagon{wire::FromProto(skip.header()), {skip.reason(), skip.actor(), skip.decided_at_ms()}};
      return chunk;
    }
    chunk.chunk_no = response.chunk_no();
    chunk.chunk_count = response.chunk_count();
    chunk.data = std::move(*response.mutable_data());
    return chunk;
  }

  Status Applied(uint64_t sequence, bool skipped) override {
    TakeRequest request;
    request.mutable_applied()->set_sequence(sequence);
    request.mutable_applied()->set_skipped(skipped);
    return duplex_.Write(request) ? Status() : WaitEnd();
  }

  Status Failed(uint64_t sequence, const Status& problem) override {
    TakeRequest request;
    request.mutable_failed()->set_sequence(sequence);
    rpc::ToProto(problem, 0, request.mutable_failed()->mutable_problem());
    if (!duplex_.Write(request)) return WaitEnd();
    // Cancelling now could overtake what was just written: the server ends the stream when it has read it.
    duplex_.WritesDone();
    (void)WaitEnd();
    return {};
  }

  void Cancel() override { duplex_.Cancel(); }

 private:
  bool OnMessage(TakeResponse* response) {
    std::lock_guard lock(mu_);
    if (unwanted_) return true;
    arrived_.push_back(std::move(*response));
    changed_.notify_all();
    return arrived_.size() < kArrivedMax;
  }
  void OnMetadata(const grpc::ClientContext& context) {
    std::lock_guard lock(mu_);
    open_ = context.GetServerInitialMetadata().count("srdf-take") != 0;
    changed_.notify_all();
  }
  void OnEnd(Status status) {
    std::lock_guard lock(mu_);
    ended_ = std::move(status);
    changed_.notify_all();
  }
  // What still comes is read and dropped: the end comes after it.
  Status WaitEnd() {
    {
      std::lock_guard lock(mu_);
      unwanted_ = true;
    }
    duplex_.Resume();
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return !ended_.ok(); });
    return ended_;
  }

  std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  std::deque<TakeResponse> arrived_;
  bool open_ = false;
  bool unwanted_ = false;  // what still comes
  Status ended_;
  // Last member: what it calls uses the others, and is waited for first.
  rpc::ClientDuplex<TakeRequest, TakeResponse> duplex_;
};

class GrpcTakeClient : public TakeClient {
 public:
  GrpcTakeClient(const std::string& address, const rpc::Security& security)
      : security_(security),
        stub_(ReceiverService::NewStub(rpc::NewChannel(address, security.ChannelTo("receiver")))) {}
  std::unique_ptr<TakeSession> Open(const std::string& flow, const ChainTip& checkpoint,
                                    const std::vector<uint64_t>& skipped) override {
    return std::make_unique<GrpcTakeSession>(stub_.get(), security_, flow, checkpoint, skipped);
  }
  Result<bool> IsToBeSkipped(const std::string& flow, uint64_t sequence) override {
    receiver::v1::ListWagonsRequest request;
    request.set_flow(flow);
    request.set_before_sequence(sequence + 1);
    request.set_limit(1);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kAskDeadline);
    receiver::v1::ListWagonsResponse response;
    SRDF_RETURN_IF_ERROR(rpc::FromGrpc(stub_->ListWagons(&context, request, &response)));
    return !response.wagons().empty() && response.wagons(0).header().sequence() == sequence &&
           response.wagons(0).status() == "skipped";
  }

 private:
  const rpc::Security& security_;
  std::unique_ptr<ReceiverService::Stub> stub_;
};

}  // namespace

std::unique_ptr<TakeClient> NewGrpcTakeClient(const std::string& address, const rpc::Security& security) {
  return std::make_unique<GrpcTakeClient>(address, security);
}

}  // namespace srdf::applier
