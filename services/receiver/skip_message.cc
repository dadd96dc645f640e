#include "receiver/skip_message.h"

#include "wire/header_convert.h"

namespace srdf::receiver {

Status TakeSkip(ReceiverFlow* flow, const v1::DeliverRequest::Skip& skip,
                rpc::ServerDuplex<v1::DeliverRequest, v1::DeliverResponse>* duplex) {
  const WagonHeader header = wire::FromProto(skip.header());
  if (header.flow != flow->name() || skip.wagon_hash().size() != 32 || skip.reason().empty() ||
      skip.reason().size() > kSkipReasonBytesMax || skip.decided_at_ms() <= 0) {
    return {StatusCode::kInvalidArgument,
            "a skip that is not of this flow, or lacks the wagon's hash, a reason or its time"};
  }
  SRDF_ASSIGN_OR_RETURN(
      const store::SkipOutcome outcome,
      flow->Skip(header, skip.wagon_hash(), {skip.reason(), skip.actor(), skip.decided_at_ms()}));
  v1::DeliverResponse response;
  v1::DeliverResponse::WagonReceipt* receipt = response.mutable_receipt();
  receipt->set_sequence(header.sequence);
  receipt->set_wagon_uid(header.uid);
  receipt->set_receipt(outcome == store::SkipOutcome::kSkipped ? v1::RECEIPT_ACCEPTED
                                                               : v1::RECEIPT_DUPLICATE);
  duplex->Write(response);
  return {};
}

v1::TakeResponse SkipToTell(const store::InboxWagon& wagon) {
  v1::TakeResponse response;
  response.set_sequence(wagon.header.sequence);
  response.set_wagon_hash(wagon.hash);
  v1::DeliverRequest::Skip* skip = response.mutable_skipped();
  wire::ToProto(wagon.header, skip->mutable_header());
  skip->set_wagon_hash(wagon.hash);
  const SkipDecision decision = wagon.skip.value_or(SkipDecision());
  skip->set_reason(decision.reason);
  skip->set_actor(decision.actor);
  skip->set_decided_at_ms(decision.decided_at_ms);
  return response;
}

}  // namespace srdf::receiver
