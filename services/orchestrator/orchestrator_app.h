// OrchestratorApp builds the orchestrator's objects and fixes their start and stop order.
#pragma once

#include <memory>

#include "rpc/service_main.h"

namespace srdf::orchestrator {

Result<std::unique_ptr<rpc::App>> NewOrchestratorApp(const rpc::AppContext& context);

}  // namespace srdf::orchestrator
