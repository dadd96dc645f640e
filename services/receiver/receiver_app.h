// ReceiverApp builds the receiver's objects and fixes their start and stop order.
#pragma once

#include <memory>

#include "rpc/service_main.h"

namespace srdf::receiver {

Result<std::unique_ptr<rpc::App>> NewReceiverApp(const rpc::AppContext& context);

}  // namespace srdf::receiver
