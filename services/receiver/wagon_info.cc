#include "receiver/wagon_info.h"

#include "model/copy_state.h"
#include "wire/header_convert.h"

namespace srdf::receiver {

void FillInfo(const store::InboxWagon& wagon, model::v1::WagonInfo* out) {
  wire::ToProto(wagon.header, out->mutable_header());
  wire::LeaveOutCopy(out->mutable_header());
  out->set_hash(wagon.hash);
  out->set_frame_bytes(wagon.frame_bytes);
  out->set_status(store::InboxStatusName(wagon.status));
  out->set_error(wagon.error);
  out->set_stored_at_ms(wagon.received_at_ms);
  out->set_applied_at_ms(wagon.applied_at_ms);
  out->set_payload_present(wagon.payload_present);
  out->set_copy(DescribeCopy(wagon.header.last.copy));
}

}  // namespace srdf::receiver
