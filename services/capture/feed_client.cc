#include "capture/feed_client.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "rpc/channel.h"
#include "rpc/client_duplex.h"
#include "rpc/security.h"
#include "srdf/batcher/v1/batcher.grpc.pb.h"
#include "wire/header_convert.h"

namespace srdf::capture {

namespace {

using batcher::v1::BatcherService;
using batcher::v1::FeedRequest;
using batcher::v1::FeedResponse;

constexpr std::chrono::seconds kOpenTimeout{15};

class GrpcFeedSession : public FeedSession {
 public:
  GrpcFeedSession(BatcherService::Stub* stub, std::function<void()> on_end)
      : on_end_(std::move(on_end)),
        duplex_([stub](grpc::ClientContext* context, grpc::CompletionQueue* queue) {
          return stub->PrepareAsyncFeed(context, queue);
        }) {}

  Status Open(const std::string& flow) {
    duplex_.Start(
        [this](FeedResponse& response) {
          OnMessage(response);
          return true;
        },
        [this](Status status) { OnEnd(std::move(status)); });
    FeedRequest request;
    request.mutable_open()->set_protocol_version(2);
    request.mutable_open()->set_flow(flow);
    duplex_.Write(request);
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, kOpenTimeout, [&] { return opened_ || !ended_.ok(); })) {
      return {StatusCode::kUnavailable, "the batcher did not answer in time"};
    }
    return ended_;
  }

  const SourcePosition& resume() const override { return resume_; }

  Status Send(std::string_view records) override {
    request_.mutable_changes()->set_records(records.data(), records.size());
    if (duplex_.Write(request_)) return {};
    std::unique_lock lock(mu_);
    changed_.wait_for(lock, kOpenTimeout, [&] { return !ended_.ok(); });
    return ended_.ok() ? Status(StatusCode::kUnavailable, "the feed to the batcher broke") : ended_;
  }

  Status Ended() const override {
    std::lock_guard lock(mu_);
    return ended_;
  }

  bool progressed() const override {
    std::lock_guard lock(mu_);
    return progressed_;
  }

  FeedDurable durable() const override {
    std::lock_guard lock(mu_);
    return durable_;
  }

  Status WaitDurable(uint64_t ends, std::chrono::milliseconds timeout) override {
    std::unique_lock lock(mu_);
    changed_.wait_for(lock, timeout, [&] { return durable_.ends >= ends || !ended_.ok(); });
    if (durable_.ends >= ends) return {};
    return ended_.ok() ? Status(StatusCode::kDeadlineExceeded, "the outbox does not have it yet") : ended_;
  }

  FeedDelivery delivery() const override {
    std::lock_guard lock(mu_);
    return delivery_;
  }

  void Cancel() override { duplex_.Cancel(); }

 private:
  void OnMessage(const FeedResponse& response) {
    std::lock_guard lock(mu_);
    if (response.has_ended()) {
      ended_ = rpc::FromProto(response.ended().problem());
      changed_.notify_all();
      duplex_.Cancel();
    }
    if (response.has_durable()) OnDurable(response.durable());
    if (!response.has_opened()) return;
    resume_ = durable_.position = wire::FromProto(response.opened().resume());
    opened_ = true;
    changed_.notify_all();
  }
  void OnDurable(const FeedResponse::Durable& durable) {
    const auto& delivery = durable.delivery();
    if (durable.has_delivery()) {
      delivery_ = {delivery.unapplied_wagons(), delivery.unapplied_bytes(), delivery.outbox_full()};
    }
    if (!durable.has_position()) return;
    progressed_ = true;
    durable_ = {wire::FromProto(durable.position()), durable.ends()};
    changed_.notify_all();
  }
  void OnEnd(Status status) {
    {
      std::lock_guard lock(mu_);
      if (ended_.ok()) ended_ = std::move(status);
      changed_.notify_all();
    }
    on_end_();
  }

  const std::function<void()> on_end_;
  FeedRequest request_;  // reused, so that its buffer is
  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_; resume_ is constant once opened_ is set
  SourcePosition resume_;
  bool opened_ = false;
  bool progressed_ = false;
  FeedDurable durable_;
  FeedDelivery delivery_;
  Status ended_;
  // Last member: what it calls uses the others, and is waited for first.
  rpc::ClientDuplex<FeedRequest, FeedResponse> duplex_;
};

class GrpcFeedClient : public FeedClient {
 public:
  GrpcFeedClient(const std::string& address, const rpc::Security& security)
      : stub_(BatcherService::NewStub(rpc::NewChannel(address, security.ChannelTo("batcher")))) {}

  Result<std::unique_ptr<FeedSession>> Open(const std::string& flow, std::function<void()> on_end) override {
    auto session = std::make_unique<GrpcFeedSession>(stub_.get(), std::move(on_end));
    if (Status s = session->Open(flow); !s.ok()) return s.WithContext("batcher");
    return std::unique_ptr<FeedSession>(std::move(session));
  }

 private:
  std::unique_ptr<BatcherService::Stub> stub_;
};

}  // namespace

std::unique_ptr<FeedClient> NewGrpcFeedClient(const std::string& address, const rpc::Security& security) {
  return std::make_unique<GrpcFeedClient>(address, security);
}

}  // namespace srdf::capture
