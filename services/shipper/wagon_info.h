// A wagon of the outbox as the lists of the shipper's services show it.
#pragma once

#include "srdf/model/v1/wagon.pb.h"
#include "store/outbox.h"

namespace srdf::shipper {

void FillInfo(const store::OutboxWagon& wagon, model::v1::WagonInfo* out);

}  // namespace srdf::shipper
