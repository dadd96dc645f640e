// Following a copy of tables that is going on, and its verbs. One thread; Ctrl-C is heard in FollowCopy.
#pragma once

#include <string>

#include "base/status.h"
#include "config/config.h"
#include "srdfctl/mesh_client.h"

namespace srdf::ctl {

Result<capture::v1::GetCopyResponse> AskCopy(MeshClient* client, const std::string& flow);

// Shows the progress on stderr until the copy has ended and the target has all of it: a place of the stream
// behind its last row has been applied there. `plan` is the uid of the copy that is meant; empty: whichever
// is going on. kCancelled after Ctrl-C: the copy goes on by itself. kAborted: somebody has cancelled it, or
// another one has begun behind it. Other errors: how it stands is not known; it goes on, or waits for what
// `srdfctl status` names.
Status FollowCopy(MeshClient* client, const std::string& flow, std::string plan);

// Shows how it goes on stderr until the target has applied all that the source has logged until now; no
// snapshot is open meanwhile. kCancelled after Ctrl-C; kFailedPrecondition: it does not get on, and why.
Status FollowCatchUp(MeshClient* client, const config::FlowConfig& flow);

enum class CopyVerb { kPause, kResume, kCancel };
Status SteerCopy(MeshClient* client, const std::string& flow, CopyVerb verb);

// Who has done what, in the audit of the flow. kUnavailable …: it is not on record.
Status AuditEstablish(MeshClient* client, const std::string& flow, const std::string& action,
                      const std::string& reason, const std::string& detail);

}  // namespace srdf::ctl
