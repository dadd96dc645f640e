// The receiver's words to and from srdf.receiver.v1. The model's enumerations are numbered as the proto's.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <vector>

#include "receiver/readiness.h"
#include "receiver/receipt.h"
#include "receiver/receiver_flow.h"
#include "receiver/wagon_assembly.h"
#include "srdf/receiver/v1/receiver.pb.h"

namespace srdf::receiver {

// Views into the message.
Chunk FromProto(const v1::DeliverRequest::Chunk& chunk);
void ToProto(const WagonReceipt& receipt, v1::DeliverResponse::WagonReceipt* out);
void ToProto(const Readiness& readiness, v1::DeliverResponse::Readiness* out);
void ToProto(const ReceiptCounts& counts, google::protobuf::RepeatedPtrField<v1::ReceiptCount>* out);
void ToProto(const std::vector<store::RefusalCount>& counts,
             google::protobuf::RepeatedPtrField<v1::RefusalCount>* out);
void ToProto(const store::InboxRefusal& refusal, v1::Refusal* out);

}  // namespace srdf::receiver
