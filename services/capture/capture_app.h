// CaptureApp builds the capture service's objects and fixes their start and stop order.
#pragma once

#include <memory>

#include "rpc/service_main.h"

namespace srdf::capture {

Result<std::unique_ptr<rpc::App>> NewCaptureApp(const rpc::AppContext& context);

}  // namespace srdf::capture
