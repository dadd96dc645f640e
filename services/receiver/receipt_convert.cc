#include "receiver/receipt_convert.h"

#include "rpc/status_map.h"

namespace srdf::receiver {

Chunk FromProto(const v1::DeliverRequest::Chunk& chunk) {
  Chunk out{chunk.sequence(),    chunk.wagon_uid(), chunk.wagon_hash(), chunk.chunk_no(),
            chunk.chunk_count(), chunk.data(),      std::nullopt};
  if (chunk.has_data_crc32()) out.data_crc32 = chunk.data_crc32();
  return out;
}

void ToProto(const WagonReceipt& receipt, v1::DeliverResponse::WagonReceipt* out) {
  out->set_sequence(receipt.sequence);
  out->set_wagon_uid(receipt.wagon_uid);
  out->set_receipt(static_cast<v1::Receipt>(receipt.kind));
  out->set_error(receipt.error);
  out->set_busy(receipt.error_class == ErrorClass::kBusy);
  out->set_error_class(static_cast<model::v1::ErrorClass>(receipt.error_class));
  out->set_reason(static_cast<model::v1::ReceiptReason>(receipt.reason));
  out->set_next_chunk(receipt.next_chunk);
  out->set_wait_ms(receipt.wait_ms);
}

void ToProto(const Readiness& readiness, v1::DeliverResponse::Readiness* out) {
  out->set_state(static_cast<model::v1::ReceiverState>(readiness.state));
  out->set_wait_ms(readiness.wait_ms);
  if (!readiness.problem.ok()) rpc::ToProto(readiness.problem, 0, out->mutable_problem());
}

void ToProto(const ReceiptCounts& counts, google::protobuf::RepeatedPtrField<v1::ReceiptCount>* out) {
  for (const auto& [key, count] : counts) {
    v1::ReceiptCount* one = out->Add();
    one->set_receipt(static_cast<v1::Receipt>(key.first));
    one->set_reason(static_cast<model::v1::ReceiptReason>(key.second));
    one->set_count(count);
  }
}

void ToProto(const std::vector<store::RefusalCount>& counts,
             google::protobuf::RepeatedPtrField<v1::RefusalCount>* out) {
  for (const store::RefusalCount& count : counts) {
    v1::RefusalCount* one = out->Add();
    one->set_receipt(count.receipt);
    one->set_reason(count.reason);
    one->set_count(count.refusals);
    one->set_first_at_ms(count.first_at_ms);
    one->set_last_at_ms(count.last_at_ms);
  }
}

void ToProto(const store::InboxRefusal& refusal, v1::Refusal* out) {
  out->set_at_ms(refusal.at_ms);
  out->set_sequence(refusal.sequence);
  out->set_uid(refusal.uid);
  out->set_receipt(refusal.receipt);
  out->set_reason(refusal.reason);
  out->set_error(refusal.error);
  out->set_peer(refusal.peer);
}

}  // namespace srdf::receiver
