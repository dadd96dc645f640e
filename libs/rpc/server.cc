#include "rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include "rpc/channel.h"

namespace srdf::rpc {

Server::~Server() { Drain(std::chrono::milliseconds(0)); }

Status Server::Start() {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int bound_port = 0;
  builder.AddListeningPort(address_, credentials_, &bound_port);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 10000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  for (grpc::Service* service : services_) builder.RegisterService(service);
  builder.RegisterService(&health_);
  auto queue = builder.AddCompletionQueue();
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || bound_port == 0) {
    server_.reset();
    return {StatusCode::kUnavailable, "cannot listen at " + address_,
            "free the address, or change the service's listen setting"};
  }
  port_ = bound_port;
  grpc::ServerCompletionQueue* const stream_queue = queue.get();
  loop_ = std::make_shared<StreamLoop>(std::move(queue));
  StreamLoop::OfferToProcess(loop_);
  for (const auto& method : streams_) method->Begin(stream_queue, &stream_calls_);
  return {};
}

void Server::SetServing(bool serving) { health_.SetServing(serving); }

void Server::Drain(std::chrono::milliseconds grace) {
  if (server_ == nullptr) return;
  SetServing(false);
  health_.End();
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
  stream_calls_.WaitForNone();
  server_.reset();
  loop_.reset();
}

}  // namespace srdf::rpc
