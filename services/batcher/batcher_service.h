// BatcherServiceImpl: translates the RPCs of srdf.batcher.v1 into calls of BatcherFlow and its sessions.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "batcher/batcher_flow.h"
#include "rpc/flow_slots.h"
#include "rpc/server.h"
#include "srdf/batcher/v1/batcher.grpc.pb.h"

namespace srdf::batcher {

using FlowMap = std::map<std::string, std::unique_ptr<BatcherFlow>>;

class BatcherServiceImpl final
    : public v1::BatcherService::WithAsyncMethod_Feed<v1::BatcherService::Service> {
 public:
  BatcherServiceImpl(const FlowMap* flows, ShipperClient* shipper) : flows_(flows), shipper_(shipper) {}
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status SealFlow(grpc::ServerContext* context, const v1::SealFlowRequest* request,
                        v1::SealFlowResponse* response) override;
  grpc::Status MergeFlow(grpc::ServerContext* context, const v1::MergeFlowRequest* request,
                         v1::MergeFlowResponse* response) override;
  // Adds itself, the stream included. The server must be gone before this object is.
  void AddTo(rpc::Server* server);
  // Seals what is whole and ends the feeds.
  void Drain();

 private:
  using FeedStream = rpc::ServerDuplex<v1::FeedRequest, v1::FeedResponse>;
  grpc::Status ServeFeed(const std::shared_ptr<FeedStream>& stream);
  Result<BatcherFlow*> Find(const std::string& flow) const;
  const FlowMap* const flows_;
  ShipperClient* const shipper_;
  rpc::FlowSlots feeds_;
};

}  // namespace srdf::batcher
