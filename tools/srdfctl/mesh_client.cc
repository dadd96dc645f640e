#include "srdfctl/mesh_client.h"

#include <grpcpp/generic/generic_stub.h>

#include "base/bytes.h"
#include "rpc/channel.h"
#include "rpc/status_map.h"

namespace srdf::ctl {
namespace {

// grpc.health.v1.HealthCheckResponse: field 1 is the status, 1 is SERVING. gRPC's packages bring no
// generated code for it, and the message is two bytes.
bool SaysServing(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  ByteReader reader(bytes);
  return reader.Varint() == 0x08 && reader.Varint() == 1 && reader.ok();
}

// gRPC's chain of "failed to connect … last error: UNKNOWN: …" down to what the kernel said.
std::string ShortCause(const std::string& message) {
  constexpr std::string_view kMark = "Failed to connect to remote host: ";
  const size_t at = message.rfind(kMark);
  return at == std::string::npos ? message : message.substr(at + kMark.size());
}

}  // namespace

MeshClient::MeshClient(const config::Config& config) {
  for (const auto& [name, service] : config.services) {
    addresses_[name] = service.listen;
    channels_[name] = rpc::NewChannel(service.listen);
  }
  capture_ = capture::v1::CaptureService::NewStub(channels_.at("capture"));
  batcher_ = batcher::v1::BatcherService::NewStub(channels_.at("batcher"));
  shipper_ = shipper::v1::ShipperService::NewStub(channels_.at("shipper"));
  receiver_ = receiver::v1::ReceiverService::NewStub(channels_.at("receiver"));
  applier_ = applier::v1::ApplierService::NewStub(channels_.at("applier"));
  orchestrator_ = orchestrator::v1::OrchestratorService::NewStub(channels_.at("orchestrator"));
}

Status MeshClient::CheckHealth(const std::string& service, std::chrono::milliseconds deadline) {
  grpc::GenericStub stub(channels_.at(service));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  grpc::CompletionQueue queue;
  const grpc::ByteBuffer request(nullptr, 0);  // an empty message: the server as a whole
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool done = false;
  queue.Next(&tag, &done);
  if (!status.ok()) return Explain(service, status);
  if (!SaysServing(response)) {
    return {StatusCode::kUnavailable,
            service + " at " + addresses_.at(service) + " answers, and is not serving yet",
            "wait, or look at its log"};
  }
  return {};
}

Status MeshClient::Explain(const std::string& service, const grpc::Status& status) const {
  const Status cause = rpc::FromGrpc(status);
  const std::string where = service + " at " + addresses_.at(service);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && cause.remedy().empty()) {
    return {cause.code(), where + " did not answer in time",
            "look at its log; srdfctl status shows the others"};
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && cause.remedy().empty()) {
    return {cause.code(), where + " cannot be reached: " + ShortCause(cause.message()),
            "start the mesh with `srdfctl up`, or correct services." + service + ".listen"};
  }
  return cause.WithContext(service);
}

}  // namespace srdf::ctl
