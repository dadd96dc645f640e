// ShipperServiceImpl: translates the RPCs of srdf.shipper.v1 into calls of ShipperFlow and the outbox.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "rpc/flow_slots.h"
#include "rpc/server.h"
#include "shipper/shipper_flow.h"
#include "srdf/shipper/v1/shipper.grpc.pb.h"

namespace srdf::shipper {

using FlowMap = std::map<std::string, std::unique_ptr<ShipperFlow>>;

class ShipperServiceImpl final
    : public v1::ShipperService::WithAsyncMethod_Store<v1::ShipperService::Service> {
 public:
  ShipperServiceImpl(const FlowMap* flows, std::string destination)
      : flows_(flows), destination_(std::move(destination)) {}
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status ListWagons(grpc::ServerContext* context, const v1::ListWagonsRequest* request,
                          v1::ListWagonsResponse* response) override;
  grpc::Status ReadWagon(grpc::ServerContext* context, const v1::ReadWagonRequest* request,
                         grpc::ServerWriter<v1::ReadWagonResponse>* writer) override;
  grpc::Status PauseFlow(grpc::ServerContext* context, const v1::PauseFlowRequest* request,
                         v1::PauseFlowResponse* response) override;
  grpc::Status ResumeFlow(grpc::ServerContext* context, const v1::ResumeFlowRequest* request,
                          v1::ResumeFlowResponse* response) override;
  grpc::Status SetFlowSettings(grpc::ServerContext* context, const v1::SetFlowSettingsRequest* request,
                               v1::SetFlowSettingsResponse* response) override;
  grpc::Status ListDeliveries(grpc::ServerContext* context, const v1::ListDeliveriesRequest* request,
                              v1::ListDeliveriesResponse* response) override;
  grpc::Status RetryDelivery(grpc::ServerContext* context, const v1::RetryDeliveryRequest* request,
                             v1::RetryDeliveryResponse* response) override;
  grpc::Status GetUnsentTail(grpc::ServerContext* context, const v1::GetUnsentTailRequest* request,
                             v1::GetUnsentTailResponse* response) override;
  // Adds itself, the stream included. The server must be gone before this object is.
  void AddTo(rpc::Server* server);
  void Drain() { stores_.CancelAll(Status(StatusCode::kUnavailable, "the shipper is stopping")); }

 private:
  using StoreStream = rpc::ServerDuplex<v1::StoreRequest, v1::StoreResponse>;
  grpc::Status ServeStore(const std::shared_ptr<StoreStream>& stream);
  Result<ShipperFlow*> Find(const std::string& flow) const;
  Status FillStatus(ShipperFlow* flow, v1::FlowStatus* out) const;
  // What the outbox says.
  Status FillStored(ShipperFlow* flow, v1::FlowStatus* out) const;
  const FlowMap* const flows_;
  const std::string destination_;
  rpc::FlowSlots stores_;
};

}  // namespace srdf::shipper
