// The status document: what every service says, put together per flow.
//
// BuildStatus turns the services' replies into one JSON document, stable for scripts (docs/operations/
// srdfctl.md lists its keys); RenderStatus turns that document into a screen. Both are pure: no network, no
// clock of their own.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "srdf/applier/v1/applier.pb.h"
#include "srdf/batcher/v1/batcher.pb.h"
#include "srdf/capture/v1/capture.pb.h"
#include "srdf/receiver/v1/receiver.pb.h"
#include "srdf/shipper/v1/shipper.pb.h"

namespace srdf::ctl {

struct MeshReplies {
  int64_t now_ms = 0;
  // Absent: the service did not answer; `errors` says why.
  std::optional<capture::v1::GetStatusResponse> capture;
  std::optional<batcher::v1::GetStatusResponse> batcher;
  std::optional<shipper::v1::GetStatusResponse> shipper;
  std::optional<receiver::v1::GetStatusResponse> receiver;
  std::optional<applier::v1::GetStatusResponse> applier;
  std::map<std::string, std::string> errors;  // service → why it did not answer
  std::vector<Status> security_problems;      // of this host's files, and of security.mode
  std::string mesh_json;  // the supervisor's mesh.json, when it runs on this host; may be empty
};

using Document = nlohmann::ordered_json;

// `only_flow` empty: all flows of the configuration.
Document BuildStatus(const config::Config& config, const MeshReplies& replies, const std::string& only_flow);

std::string RenderStatus(const Document& status, bool colours);

// What of a flow's settings can be changed while it runs: name → value, origin, configured.
using SettingList = google::protobuf::RepeatedPtrField<shipper::v1::FlowSetting>;
Document SettingsPart(const SettingList& settings);

// Whether a flow of the document needs an operator: stopped or failed.
bool AnyFlowStopped(const Document& status);

}  // namespace srdf::ctl
