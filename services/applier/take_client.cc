#include "applier/take_client.h"

#include "rpc/channel.h"
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

class GrpcTakeSession : public TakeSession {
 public:
  GrpcTakeSession(ReceiverService::Stub* stub, const rpc::Security& security, const std::string& flow,
                  const ChainTip& checkpoint, const std::vector<uint64_t>& skipped) {
    security.ClaimFlow(&context_, flow);
    stream_ = stub->Take(&context_);
    TakeRequest request;
    request.mutable_open()->set_protocol_version(1);
    request.mutable_open()->set_flow(flow);
    wire::ToProto(checkpoint, request.mutable_open()->mutable_checkpoint());
    request.mutable_open()->mutable_skipped()->Add(skipped.begin(), skipped.end());
    stream_->Write(request);
  }
  ~GrpcTakeSession() override {
    context_.TryCancel();
    if (!finished_) (void)End();
  }

  Status WaitOpen() override {
    stream_->WaitForInitialMetadata();
    return context_.GetServerInitialMetadata().count("srdf-take") != 0 ? Status() : End();
  }

  Result<TakenChunk> Next() override {
    if (!stream_->Read(&response_)) return End();
    if (response_.has_ended()) return rpc::FromProto(response_.ended());
    TakenChunk chunk;
    chunk.sequence = response_.sequence();
    chunk.wagon_hash = response_.wagon_hash();
    if (response_.has_skipped()) {
      const auto& skip = response_.skipped();
      chunk.skipped =
          SkippedWagon{wire::FromProto(skip.header()), {skip.reason(), skip.actor(), skip.decided_at_ms()}};
      return chunk;
    }
    chunk.chunk_no = response_.chunk_no();
    chunk.chunk_count = response_.chunk_count();
    chunk.data = std::move(*response_.mutable_data());
    return chunk;
  }

  Status Applied(uint64_t sequence, bool skipped) override {
    TakeRequest request;
    request.mutable_applied()->set_sequence(sequence);
    request.mutable_applied()->set_skipped(skipped);
    return stream_->Write(request) ? Status() : End();
  }

  Status Failed(uint64_t sequence, const Status& problem) override {
    TakeRequest request;
    request.mutable_failed()->set_sequence(sequence);
    rpc::ToProto(problem, 0, request.mutable_failed()->mutable_problem());
    if (!stream_->Write(request)) return End();
    // Cancelling now could overtake what was just written: the server ends the stream when it has read it.
    stream_->WritesDone();
    while (stream_->Read(&response_)) {
    }
    return {};
  }

  void Cancel() override { context_.TryCancel(); }

 private:
  Status End() {
    if (finished_) return {StatusCode::kUnavailable, "the stream from the receiver has ended"};
    finished_ = true;
    // What was sent before the end comes before the status: Finish would wait for somebody to read it.
    while (stream_->Read(&response_)) {
    }
    const Status status = rpc::FromGrpc(stream_->Finish());
    return status.ok() ? Status(StatusCode::kUnavailable, "the receiver closed the stream") : status;
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<TakeRequest, TakeResponse>> stream_;
  TakeResponse response_;
  bool finished_ = false;
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
