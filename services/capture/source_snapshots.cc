#include "capture/source_snapshots.h"

#include "model/mark.h"

namespace srdf::capture {

Result<CaptureFlow*> SourceSnapshots::Find(const std::string& flow) const {
  const auto found = sources_.find(flow);
  if (found == sources_.end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return found->second.flow;
}

Status SourceSnapshots::Expect(const std::string&, const std::string&) {
  return {StatusCode::kUnimplemented, "snapshots of a source are opened, not expected"};
}

Result<std::unique_ptr<engine::Snapshot>> SourceSnapshots::Open(const std::string& flow,
                                                                const std::string& mark,
                                                                const snapshot_service::CallLimits& limits) {
  if (mark.empty() || mark.size() > kMarkIdBytesMax) {
    return Status(StatusCode::kInvalidArgument,
                  "a mark has 1 to " + std::to_string(kMarkIdBytesMax) + " bytes");
  }
  SRDF_ASSIGN_OR_RETURN(CaptureFlow* const found, Find(flow));
  SRDF_ASSIGN_OR_RETURN(const CaptureFlow::Live live, found->GetLive());
  SRDF_ASSIGN_OR_RETURN(StreamGate::PlacedSnapshot opened, live.gate->OpenSnapshot(limits));
  std::string body;
  EncodeMark({mark}, &body);
  std::string record;
  AppendRecord(RecordType::kMark, body, &record);
  SRDF_RETURN_IF_ERROR(opened.place->Send(record, nullptr, true, limits));
  // Before that a session that ends takes the mark with it, and nobody would ever come to it.
  SRDF_RETURN_IF_ERROR(live.gate->WaitDurable(limits));
  return std::move(opened.snapshot);
}

Result<std::unique_ptr<engine::Snapshot>> SourceSnapshots::OpenNow(const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(CaptureFlow* const found, Find(flow));
  return found->OpenSnapshot();
}

std::string SourceSnapshots::ServerName(const std::string& flow) {
  const auto found = sources_.find(flow);
  return found == sources_.end() ? std::string() : found->second.server;
}

}  // namespace srdf::capture
