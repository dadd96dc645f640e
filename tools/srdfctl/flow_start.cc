#include "srdfctl/flow_start.h"

#include <chrono>
#include <thread>

#include "crypto/random.h"
#include "model/copy_state.h"
#include "srdfctl/databases.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

constexpr std::chrono::minutes kStreamingPatience{2};

Result<FlowStart> StartOf(SourcePosition position) {
  FlowStart start;
  start.started = true;
  start.position = std::move(position);
  if (start.position.copy.empty()) return start;
  SRDF_ASSIGN_OR_RETURN(const CopyState copy, DecodeCopyState(start.position.copy));
  if (copy.unplanned()) start.unplanned = copy.plan;
  start.copying = !copy.unplanned();
  return start;
}

Status WriteFirst(const config::FlowConfig& flow, const SourcePosition& position) {
  SRDF_ASSIGN_OR_RETURN(const auto target, OpenTarget(flow));
  auto session = target->Connect();
  if (!session.ok()) return session.status().WithContext("target of flow " + flow.name);
  engine::Checkpoint start;
  start.flow = flow.name;
  start.wagon_hash = ZeroHash();
  start.position = position;
  return (*session)->InitCheckpoint(start).WithContext("target of flow " + flow.name);
}

}  // namespace

Result<FlowStart> FindStart(MeshClient* client, const config::FlowConfig& flow, bool ask_target) {
  if (ask_target) {
    SRDF_ASSIGN_OR_RETURN(const auto target, OpenTarget(flow));
    auto session = target->Connect();
    if (!session.ok()) return session.status().WithContext("target of flow " + flow.name);
    SRDF_ASSIGN_OR_RETURN(const auto checkpoint, (*session)->ReadCheckpoint(flow.name));
    if (!checkpoint.has_value()) return FlowStart();
    return StartOf(checkpoint->position);
  }
  SRDF_ASSIGN_OR_RETURN(const auto status, client->Call("applier", client->applier(),
                                                        &applier::v1::ApplierService::Stub::GetStatus,
                                                        applier::v1::GetStatusRequest()));
  for (const auto& at : status.flows()) {
    if (at.flow() != flow.name || at.checkpoint().position().gtid().empty()) continue;
    SourcePosition position;
    position.gtid = at.checkpoint().position().gtid();
    position.copy = at.checkpoint().position().copy();
    return StartOf(std::move(position));
  }
  return FlowStart();
}

std::string NewPlanUid() {
  std::string bytes(16, '\0');
  crypto::FillRandom(bytes.data(), bytes.size());
  return Hex(bytes);
}

Status BeginEmpty(const config::FlowConfig& flow, const std::string& plan_uid) {
  SRDF_ASSIGN_OR_RETURN(const auto source, OpenSource(flow));
  auto position = source->CurrentPosition();
  if (!position.ok()) return position.status().WithContext("source of flow " + flow.name);
  if (!position->known()) {
    return {StatusCode::kFailedPrecondition, "the source of flow " + flow.name + " has logged nothing yet",
            "make one change at the source, such as CREATE DATABASE, and call again"};
  }
  SRDF_ASSIGN_OR_RETURN(position->copy, EncodeCopyState(NewCopy(plan_uid)));
  return WriteFirst(flow, *position);
}

Status BeginAt(const config::FlowConfig& flow, const std::string& gtid) {
  SourcePosition position;
  position.gtid = gtid;
  return WriteFirst(flow, position);
}

Status WaitUntilStreaming(MeshClient* client, const std::string& flow) {
  const auto deadline = std::chrono::steady_clock::now() + kStreamingPatience;
  Status last;
  do {
    const auto status =
        client->Call("capture", client->capture(), &capture::v1::CaptureService::Stub::GetStatus,
                     capture::v1::GetStatusRequest());
    last = status.status();
    if (status.ok()) {
      for (const auto& at : status->flows()) {
        if (at.flow() != flow) continue;
        if (at.state() == capture::v1::CAPTURE_STATE_STREAMING) return {};
        for (const auto& problem : at.problems()) {
          last = {StatusCode::kFailedPrecondition, problem.message(), problem.remedy()};
        }
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  } while (std::chrono::steady_clock::now() < deadline);
  if (last.ok()) last = {StatusCode::kFailedPrecondition, "capture does not say why"};
  return {StatusCode::kFailedPrecondition, "flow " + flow + " is not streaming: " + last.message(),
          last.remedy().empty() ? "srdfctl status --flow " + flow : last.remedy()};
}

}  // namespace srdf::ctl
