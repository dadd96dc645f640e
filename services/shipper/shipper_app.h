// ShipperApp builds the shipper's objects and fixes their start and stop order.
#pragma once

#include <memory>

#include "rpc/service_main.h"

namespace srdf::shipper {

Result<std::unique_ptr<rpc::App>> NewShipperApp(const rpc::AppContext& context);

}  // namespace srdf::shipper
