#include "shipper/wagon_info.h"

#include "model/copy_state.h"
#include "wire/header_convert.h"

namespace srdf::shipper {

void FillInfo(const store::OutboxWagon& wagon, model::v1::WagonInfo* out) {
  wire::ToProto(wagon.header, out->mutable_header());
  wire::LeaveOutCopy(out->mutable_header());
  out->set_hash(wagon.hash);
  out->set_frame_bytes(wagon.frame_bytes);
  out->set_status(store::DeliveryStatusName(wagon.status));
  out->set_attempts(wagon.attempts);
  out->set_error(wagon.last_error);
  out->set_stored_at_ms(wagon.stored_at_ms);
  out->set_acked_at_ms(wagon.acked_at_ms);
  out->set_applied_at_ms(wagon.applied_at_ms);
  out->set_payload_present(wagon.payload_present);
  out->set_merged_into(wagon.merged_into);
  out->set_copy(DescribeCopy(wagon.header.last.copy));
}

}  // namespace srdf::shipper
