// Asking every service for its status, at the same time.
#pragma once

#include "config/config.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/status_document.h"

namespace srdf::ctl {

// Returns when all have answered or their deadline has passed; a service that did not answer is an entry of
// `errors`, never a failure of the whole.
MeshReplies AskMesh(const config::Config& config, MeshClient* client);

}  // namespace srdf::ctl
