// WagonStream: one ReadWagon call to the shipper or the receiver: what comes first, then the frame in pieces.
//
// Driven by one thread; blocks for ten minutes at most, so that a huge wagon comes over a slow line.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "rpc/caller.h"
#include "srdfctl/mesh_client.h"

namespace srdf::ctl {

template <typename Service, typename Request, typename Response>
class WagonStream {
 public:
  WagonStream(MeshClient* client, std::string service, typename Service::Stub* stub, const std::string& uid)
      : client_(client), service_(std::move(service)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(10));
    rpc::TellCaller(&context_);
    Request request;
    request.set_uid(uid);
    reader_ = stub->ReadWagon(&context_, request);
  }
  // The rest of the stream is not wanted when only the header was.
  ~WagonStream() {
    context_.TryCancel();
    if (!finished_) (void)reader_->Finish();
  }
  WagonStream(const WagonStream&) = delete;
  WagonStream& operator=(const WagonStream&) = delete;

  // The first message. Called once, before Next.
  Result<Response> Open() {
    if (!reader_->Read(&message_)) {
      SRDF_RETURN_IF_ERROR(Finish());
      return Status(StatusCode::kDataLoss, "the " + service_ + " ended the stream without a wagon",
                    "look at its log");
    }
    return message_;
  }

  // The next bytes of the frame; empty at the end.
  Result<std::string> Next() {
    while (message_.data().empty()) {
      message_.Clear();
      if (!reader_->Read(&message_)) {
        SRDF_RETURN_IF_ERROR(Finish());
        return std::string();
      }
    }
    std::string data = std::move(*message_.mutable_data());
    message_.clear_data();
    return data;
  }

 private:
  Status Finish() {
    if (finished_) return {};
    finished_ = true;
    const grpc::Status status = reader_->Finish();
    return status.ok() ? Status() : client_->Explain(service_, rpc::FromGrpc(status));
  }

  MeshClient* const client_;
  const std::string service_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
  Response message_;
  bool finished_ = false;
};

class OutboxWagonStream : public WagonStream<shipper::v1::ShipperService, shipper::v1::ReadWagonRequest,
                                             shipper::v1::ReadWagonResponse> {
 public:
  OutboxWagonStream(MeshClient* client, const std::string& uid)
      : WagonStream(client, "shipper", client->shipper(), uid) {}
};

class InboxWagonStream : public WagonStream<receiver::v1::InboxService, receiver::v1::ReadInboxWagonRequest,
                                            receiver::v1::ReadInboxWagonResponse> {
 public:
  InboxWagonStream(MeshClient* client, const std::string& uid)
      : WagonStream(client, "receiver", client->inbox(), uid) {}
};

}  // namespace srdf::ctl
