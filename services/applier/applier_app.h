// ApplierApp builds the applier's objects and fixes their start and stop order.
#pragma once

#include <memory>

#include "rpc/service_main.h"

namespace srdf::applier {

Result<std::unique_ptr<rpc::App>> NewApplierApp(const rpc::AppContext& context);

}  // namespace srdf::applier
