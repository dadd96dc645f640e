// MeshClient: the gRPC side of srdfctl. One stub per service, one deadline per call, errors as Status.
//
// It is the mesh's operator when that certificate can be read, else a viewer.
//
// Every call blocks for at most its deadline and may be made from any thread. A service that cannot be
// reached is kUnavailable or kDeadlineExceeded, with its address in the message and a remedy.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "config/config.h"
#include "rpc/caller.h"
#include "rpc/security.h"
#include "rpc/status_map.h"
#include "srdf/applier/v1/applier.grpc.pb.h"
#include "srdf/batcher/v1/batcher.grpc.pb.h"
#include "srdf/capture/v1/capture.grpc.pb.h"
#include "srdf/capture/v1/copy.grpc.pb.h"
#include "srdf/orchestrator/v1/orchestrator.grpc.pb.h"
#include "srdf/receiver/v1/inbox.grpc.pb.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"
#include "srdf/shipper/v1/dead_letters.grpc.pb.h"
#include "srdf/shipper/v1/shipper.grpc.pb.h"
#include "srdf/snapshot/v1/snapshot.grpc.pb.h"

namespace srdf::ctl {

class MeshClient {
 public:
  explicit MeshClient(const config::Config& config);

  // The standard health protocol: OK when the service says SERVING.
  Status CheckHealth(const std::string& service, std::chrono::milliseconds deadline);

  template <typename Stub, typename Request, typename Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // client.Call("capture", client.capture(), &CaptureService::Stub::GetStatus, request)
  template <typename Stub, typename Request, typename Response>
  Result<Response> Call(const std::string& service, Stub* stub, Method<Stub, Request, Response> method,
                        const Request& request, std::chrono::milliseconds deadline = kDeadline) {
    if (!trouble_.ok()) return trouble_;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    rpc::TellCaller(&context);
    Response response;
    const grpc::Status status = (stub->*method)(&context, request, &response);
    if (!status.ok()) return Explain(service, rpc::FromGrpc(status));
    return response;
  }

  // The status of a call to `service` for an operator.
  Status Explain(const std::string& service, const Status& cause) const;

  capture::v1::CaptureService::Stub* capture() { return capture_.get(); }
  capture::v1::CopyService::Stub* copies() { return copies_.get(); }
  // Of capture and of the applier.
  snapshot::v1::SnapshotService::Stub* source_snapshots() { return source_snapshots_.get(); }
  snapshot::v1::SnapshotService::Stub* target_snapshots() { return target_snapshots_.get(); }
  batcher::v1::BatcherService::Stub* batcher() { return batcher_.get(); }
  shipper::v1::ShipperService::Stub* shipper() { return shipper_.get(); }
  shipper::v1::DeadLetterService::Stub* dead_letters() { return dead_letters_.get(); }
  receiver::v1::ReceiverService::Stub* receiver() { return receiver_.get(); }
  receiver::v1::InboxService::Stub* inbox() { return inbox_.get(); }
  applier::v1::ApplierService::Stub* applier() { return applier_.get(); }
  orchestrator::v1::OrchestratorService::Stub* orchestrator() { return orchestrator_.get(); }

  static constexpr std::chrono::milliseconds kDeadline{5000};

 private:
  // Destroyed last: channels use it.
  std::unique_ptr<rpc::Security> security_;
  Status trouble_;  // why there is no security_; then every call fails with it
  std::map<std::string, std::string> addresses_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
  std::unique_ptr<capture::v1::CaptureService::Stub> capture_;
  std::unique_ptr<capture::v1::CopyService::Stub> copies_;
  std::unique_ptr<snapshot::v1::SnapshotService::Stub> source_snapshots_;
  std::unique_ptr<snapshot::v1::SnapshotService::Stub> target_snapshots_;
  std::unique_ptr<batcher::v1::BatcherService::Stub> batcher_;
  std::unique_ptr<shipper::v1::ShipperService::Stub> shipper_;
  std::unique_ptr<shipper::v1::DeadLetterService::Stub> dead_letters_;
  std::unique_ptr<receiver::v1::ReceiverService::Stub> receiver_;
  std::unique_ptr<receiver::v1::InboxService::Stub> inbox_;
  std::unique_ptr<applier::v1::ApplierService::Stub> applier_;
  std::unique_ptr<orchestrator::v1::OrchestratorService::Stub> orchestrator_;
};

}  // namespace srdf::ctl
