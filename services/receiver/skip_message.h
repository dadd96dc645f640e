// An operator's decision to skip a wagon, as it comes from the shipper and goes to the applier.
#pragma once

#include "base/status.h"
#include "receiver/receiver_flow.h"
#include "rpc/server_duplex.h"
#include "srdf/receiver/v1/receiver.pb.h"

namespace srdf::receiver {

// Takes the decision into the inbox and says the receipt for it. kAborted when the wagon neither is here nor
// follows the tip: both ends have to agree again.
Status TakeSkip(ReceiverFlow* flow, const v1::DeliverRequest::Skip& skip,
                rpc::ServerDuplex<v1::DeliverRequest, v1::DeliverResponse>* duplex);

// For a wagon whose status is skipped.
v1::TakeResponse SkipToTell(const store::InboxWagon& wagon);

}  // namespace srdf::receiver
