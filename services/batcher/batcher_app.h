// BatcherApp builds the batcher's objects and fixes their start and stop order.
#pragma once

#include <memory>

#include "rpc/service_main.h"

namespace srdf::batcher {

Result<std::unique_ptr<rpc::App>> NewBatcherApp(const rpc::AppContext& context);

}  // namespace srdf::batcher
