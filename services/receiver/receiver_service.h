// ReceiverServiceImpl: translates the RPCs of srdf.receiver.v1 into calls of ReceiverFlow and the inbox.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "receiver/receiver_flow.h"
#include "rpc/flow_slots.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"

namespace srdf::receiver {

using FlowMap = std::map<std::string, std::unique_ptr<ReceiverFlow>>;

class ReceiverServiceImpl final : public v1::ReceiverService::Service {
 public:
  explicit ReceiverServiceImpl(const FlowMap* flows) : flows_(flows) {}
  grpc::Status Deliver(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::DeliverResponse, v1::DeliverRequest>* stream) override;
  grpc::Status Take(grpc::ServerContext* context,
                    grpc::ServerReaderWriter<v1::TakeResponse, v1::TakeRequest>* stream) override;
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status ListWagons(grpc::ServerContext* context, const v1::ListWagonsRequest* request,
                          v1::ListWagonsResponse* response) override;
  grpc::Status GetReadiness(grpc::ServerContext* context, const v1::GetReadinessRequest* request,
                            v1::GetReadinessResponse* response) override;
  grpc::Status ListRefusals(grpc::ServerContext* context, const v1::ListRefusalsRequest* request,
                            v1::ListRefusalsResponse* response) override;
  void EndStreams(const Status& why) {
    delivers_.EndAll(why);
    takes_.EndAll(why);
  }
  void Drain() {
    delivers_.CancelAll(Status(StatusCode::kUnavailable, "the receiver is stopping"));
    takes_.CancelAll(Status(StatusCode::kUnavailable, "the receiver is stopping"));
  }

 private:
  Result<ReceiverFlow*> Find(const std::string& flow) const;
  // What the inbox says.
  static Status FillStored(ReceiverFlow* flow, v1::FlowStatus* out);
  const FlowMap* const flows_;
  rpc::FlowSlots delivers_;
  rpc::FlowSlots takes_;
};

}  // namespace srdf::receiver
