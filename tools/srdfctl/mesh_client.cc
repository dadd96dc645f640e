#include "srdfctl/mesh_client.h"

#include "rpc/channel.h"
#include "rpc/grpc_log.h"
#include "rpc/health_check.h"

namespace srdf::ctl {

MeshClient::MeshClient(const config::Config& config) {
  rpc::SilenceGrpcErrors();
  auto opened = rpc::Security::Open(config, std::string(pki::kOperator));
  if (!opened.ok()) {
    trouble_ = opened.status();
    opened = rpc::Security::Open(config, std::string(pki::kViewer));
  }
  if (opened.ok()) {
    trouble_ = {};
    security_ = std::move(*opened);
  }
  for (const auto& [name, service] : config.services) {
    addresses_[name] = service.peer_address();
    // Without credentials gRPC gives a channel on which every call fails.
    channels_[name] =
        rpc::NewChannel(service.peer_address(), security_ == nullptr ? nullptr : security_->ChannelTo(name));
  }
  capture_ = capture::v1::CaptureService::NewStub(channels_.at("capture"));
  copies_ = capture::v1::CopyService::NewStub(channels_.at("capture"));
  source_snapshots_ = snapshot::v1::SnapshotService::NewStub(channels_.at("capture"));
  target_snapshots_ = snapshot::v1::SnapshotService::NewStub(channels_.at("applier"));
  batcher_ = batcher::v1::BatcherService::NewStub(channels_.at("batcher"));
  shipper_ = shipper::v1::ShipperService::NewStub(channels_.at("shipper"));
  dead_letters_ = shipper::v1::DeadLetterService::NewStub(channels_.at("shipper"));
  receiver_ = receiver::v1::ReceiverService::NewStub(channels_.at("receiver"));
  inbox_ = receiver::v1::InboxService::NewStub(channels_.at("receiver"));
  applier_ = applier::v1::ApplierService::NewStub(channels_.at("applier"));
  orchestrator_ = orchestrator::v1::OrchestratorService::NewStub(channels_.at("orchestrator"));
}

Status MeshClient::CheckHealth(const std::string& service, std::chrono::milliseconds deadline) {
  if (!trouble_.ok()) return trouble_;
  const auto serving = rpc::CheckHealth(channels_.at(service), deadline);
  if (!serving.ok()) return Explain(service, serving.status());
  if (!*serving) {
    return {StatusCode::kUnavailable,
            service + " at " + addresses_.at(service) + " answers, and is not serving yet",
            "wait, or look at its log"};
  }
  return {};
}

Status MeshClient::Explain(const std::string& service, const Status& cause) const {
  if (!trouble_.ok()) return trouble_;
  const std::string where = service + " at " + addresses_.at(service);
  if (cause.code() == StatusCode::kDeadlineExceeded && cause.remedy().empty()) {
    return {cause.code(), where + " did not answer in time",
            "look at its log; srdfctl status shows the others"};
  }
  if (cause.code() == StatusCode::kUnavailable && cause.remedy().empty()) {
    return {cause.code(), where + " cannot be reached: " + cause.message(),
            "start the mesh with `srdfctl up`, or correct services." + service + ".listen or .address"};
  }
  return cause.WithContext(service);
}

}  // namespace srdf::ctl
