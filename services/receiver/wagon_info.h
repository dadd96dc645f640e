// A wagon of the inbox as the services' clients see it.
#pragma once

#include "srdf/model/v1/wagon.pb.h"
#include "store/inbox.h"

namespace srdf::receiver {

void FillInfo(const store::InboxWagon& wagon, model::v1::WagonInfo* out);

}  // namespace srdf::receiver
