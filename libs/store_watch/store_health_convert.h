// StoreHealth as the services' status tells it.
#pragma once

#include "srdf/model/v1/store_health.pb.h"
#include "store/store_health.h"

namespace srdf::store {

void ToProto(const StoreHealth& health, model::v1::StoreHealth* out);

}  // namespace srdf::store
