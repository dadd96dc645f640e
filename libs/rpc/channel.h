// How this project's services and tools reach each other.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

namespace srdf::rpc {

// The largest message: one change-stream record is never split over messages, and a row image can be large.
constexpr int kMessageBytesMax = 300 << 20;

// A channel to host:port with keep-alive (a dead peer is noticed within about 20 s) and quick reconnects.
// `credentials`: Security::ChannelTo of the service that is meant.
std::shared_ptr<grpc::Channel> NewChannel(const std::string& address,
                                          const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace srdf::rpc
