// Where a flow begins: its first checkpoint at the target, as `srdfctl establish` writes it.
#pragma once

#include <string>

#include "base/status.h"
#include "config/config.h"
#include "model/position.h"
#include "srdfctl/mesh_client.h"

namespace srdf::ctl {

struct FlowStart {
  bool started = false;  // it has a checkpoint
  SourcePosition position;
  // uid of a copy that was asked for with the first checkpoint and has not begun; empty: none.
  std::string unplanned;
  bool copying = false;  // as far as the target has come, a copy is going on
};

// By the target itself, or (`ask_target` false) by the applier, which changes nothing there.
Result<FlowStart> FindStart(MeshClient* client, const config::FlowConfig& flow, bool ask_target);

// 32 lower-case hex digits.
std::string NewPlanUid();

// The first checkpoint of a flow whose target has nothing yet: where the source is now, with a copy of all
// tables that begins with StartCopy of the same uid. Durable.
Status BeginEmpty(const config::FlowConfig& flow, const std::string& plan_uid);
// The first checkpoint of a flow whose target was restored from a backup of this position. Durable.
Status BeginAt(const config::FlowConfig& flow, const std::string& gtid);

// Until the flow's stream is open; after two minutes an error with what stands in its way.
Status WaitUntilStreaming(MeshClient* client, const std::string& flow);

}  // namespace srdf::ctl
