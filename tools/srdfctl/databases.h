// The engine adapters of a flow's two databases, for the commands that ask them directly.
#pragma once

#include <memory>

#include "base/status.h"
#include "config/config.h"
#include "engine/sink.h"
#include "engine/source.h"

namespace srdf::ctl {

// Errors are those of the secrets; nothing is connected yet.
Result<std::unique_ptr<engine::SourceEngine>> OpenSource(const config::FlowConfig& flow);
Result<std::unique_ptr<engine::TargetEngine>> OpenTarget(const config::FlowConfig& flow);

}  // namespace srdf::ctl
