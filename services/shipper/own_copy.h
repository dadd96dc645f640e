// OwnCopy: is the outbox's copy of a wagon still what was sealed? Asked when the destination finds a wagon
// damaged, before the line is blamed.
#pragma once

#include <string>

#include "base/status.h"
#include "store/outbox.h"

namespace srdf::shipper {

// OK when the frame in the outbox has the wagon's hash. kDataLoss naming the wagon and the outbox when it has
// not: no sending helps then. Reads the whole frame, a chunk at a time.
Status CheckOwnCopy(store::Outbox* outbox, const std::string& flow, const store::OutboxWagon& wagon);

}  // namespace srdf::shipper
