// What the shipper's service tells of deliveries: rows of the outbox and the link's status as messages.
#pragma once

#include "shipper/link_status.h"
#include "srdf/shipper/v1/shipper.pb.h"
#include "store/outbox.h"

namespace srdf::shipper {

void ToProto(const store::DeliveryAttempt& attempt, v1::DeliveryAttempt* out);
void ToProto(const store::OutboxWagon& wagon, v1::Delivery* out);
// Suspension, waits, the receiver's word.
void FillWaits(const LinkStatus& link, v1::FlowStatus* out);
// kInvalidArgument names the word that there is not.
Result<store::DeliveryFilter> FilterOf(const v1::ListDeliveriesRequest& request);
Status ListDeliveries(store::Outbox* outbox, const v1::ListDeliveriesRequest& request,
                      v1::ListDeliveriesResponse* response);

}  // namespace srdf::shipper
