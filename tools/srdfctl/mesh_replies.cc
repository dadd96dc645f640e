#include "srdfctl/mesh_replies.h"

#include <future>

#include "base/clock.h"
#include "srdfctl/run_directory.h"
#include "srdfctl/security_files.h"

namespace srdf::ctl {

MeshReplies AskMesh(const config::Config& config, MeshClient* client) {
  using std::launch;
  const auto ask = [client](const char* name, auto* stub, auto method, auto request) {
    return std::async(launch::async, [=] { return client->Call(name, stub, method, request); });
  };
  auto capture = ask("capture", client->capture(), &capture::v1::CaptureService::Stub::GetStatus,
                     capture::v1::GetStatusRequest());
  auto batcher = ask("batcher", client->batcher(), &batcher::v1::BatcherService::Stub::GetStatus,
                     batcher::v1::GetStatusRequest());
  auto shipper = ask("shipper", client->shipper(), &shipper::v1::ShipperService::Stub::GetStatus,
                     shipper::v1::GetStatusRequest());
  auto receiver = ask("receiver", client->receiver(), &receiver::v1::ReceiverService::Stub::GetStatus,
                      receiver::v1::GetStatusRequest());
  auto applier = ask("applier", client->applier(), &applier::v1::ApplierService::Stub::GetStatus,
                     applier::v1::GetStatusRequest());
  auto orchestrator =
      std::async(launch::async, [=] { return client->CheckHealth("orchestrator", MeshClient::kDeadline); });

  MeshReplies replies;
  const auto take = [&](const char* name, auto& future, auto* slot) {
    auto reply = future.get();
    if (reply.ok()) {
      *slot = std::move(*reply);
    } else {
      replies.errors[name] = reply.status().message();
    }
  };
  take("capture", capture, &replies.capture);
  take("batcher", batcher, &replies.batcher);
  take("shipper", shipper, &replies.shipper);
  take("receiver", receiver, &replies.receiver);
  take("applier", applier, &replies.applier);
  if (const Status status = orchestrator.get(); !status.ok())
    replies.errors["orchestrator"] = status.message();
  if (FindSupervisor(config.data_dir)) replies.mesh_json = ReadMesh(config.data_dir);
  replies.now_ms = WallClockMs();
  replies.security_problems = SecurityProblems(config, replies.now_ms);
  return replies;
}

}  // namespace srdf::ctl
