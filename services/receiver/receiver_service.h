// ReceiverServiceImpl: translates the RPCs of srdf.receiver.v1 into calls of ReceiverFlow and the inbox.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "receiver/receiver_flow.h"
#include "rpc/flow_slots.h"
#include "rpc/server.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"

namespace srdf::receiver {

using FlowMap = std::map<std::string, std::unique_ptr<ReceiverFlow>>;

class ReceiverServiceImpl final
    : public v1::ReceiverService::WithAsyncMethod_Deliver<
          v1::ReceiverService::WithAsyncMethod_Take<v1::ReceiverService::Service>> {
 public:
  explicit ReceiverServiceImpl(const FlowMap* flows) : flows_(flows) {}
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status ListWagons(grpc::ServerContext* context, const v1::ListWagonsRequest* request,
                          v1::ListWagonsResponse* response) override;
  grpc::Status GetReadiness(grpc::ServerContext* context, const v1::GetReadinessRequest* request,
                            v1::GetReadinessResponse* response) override;
  grpc::Status ListRefusals(grpc::ServerContext* context, const v1::ListRefusalsRequest* request,
                            v1::ListRefusalsResponse* response) override;
  // Adds itself, the streams included. The server must be gone before this object is.
  void AddTo(rpc::Server* server);
  void EndStreams(const Status& why) {
    delivers_.EndAll(why);
    takes_.EndAll(why);
  }
  void Drain() {
    delivers_.CancelAll(Status(StatusCode::kUnavailable, "the receiver is stopping"));
    takes_.CancelAll(Status(StatusCode::kUnavailable, "the receiver is stopping"));
  }

 private:
  using DeliverStream = rpc::ServerDuplex<v1::DeliverRequest, v1::DeliverResponse>;
  using TakeStream = rpc::ServerDuplex<v1::TakeRequest, v1::TakeResponse>;
  grpc::Status ServeDeliver(const std::shared_ptr<DeliverStream>& stream);
  grpc::Status ServeTake(const std::shared_ptr<TakeStream>& stream);
  Result<ReceiverFlow*> Find(const std::string& flow) const;
  // What the inbox says.
  static Status FillStored(ReceiverFlow* flow, v1::FlowStatus* out);
  const FlowMap* const flows_;
  rpc::FlowSlots delivers_;
  rpc::FlowSlots takes_;
};

}  // namespace srdf::receiver
