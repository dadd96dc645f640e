#include "shipper/delivery_replies.h"

#include <algorithm>

namespace srdf::shipper {

namespace {

constexpr uint32_t kListDefault = 50;
constexpr uint32_t kListMax = 1000;

std::string Word(ErrorClass error_class) {
  return error_class == ErrorClass::kNone ? "" : ErrorClassName(error_class);
}

}  // namespace

void ToProto(const store::DeliveryAttempt& attempt, v1::DeliveryAttempt* out) {
  out->set_attempt(attempt.attempt);
  out->set_started_at_ms(attempt.started_at_ms);
  out->set_ended_at_ms(attempt.ended_at_ms);
  out->set_outcome(attempt.outcome);
  out->set_where_to(attempt.where_to);
  out->set_first_chunk(attempt.first_chunk);
  out->set_bytes_sent(attempt.bytes_sent);
  out->set_receipt(attempt.receipt);
  out->set_reason(attempt.reason);
  out->set_error_class(Word(attempt.error_class));
  out->set_error(attempt.error);
}

void ToProto(const store::OutboxWagon& wagon, v1::Delivery* out) {
  out->set_flow(wagon.header.flow);
  out->set_epoch(wagon.header.epoch);
  out->set_sequence(wagon.header.sequence);
  out->set_uid(wagon.header.uid);
  out->set_status(store::DeliveryStatusName(wagon.status));
  out->set_attempts(wagon.attempts);
  out->set_failed_attempts(wagon.failed_attempts);
  out->set_error_class(Word(wagon.error_class));
  out->set_error(wagon.last_error);
  out->set_next_attempt_at_ms(wagon.next_attempt_at_ms);
  out->set_frame_bytes(wagon.frame_bytes);
  out->set_stored_at_ms(wagon.stored_at_ms);
  out->set_acked_at_ms(wagon.acked_at_ms);
  out->set_applied_at_ms(wagon.applied_at_ms);
}

void FillWaits(const LinkStatus& link, v1::FlowStatus* out) {
  out->set_suspended_since_ms(link.suspended_since_ms);
  out->set_suspended_class(Word(link.suspended_class));
  out->set_waiting_sequence(link.waiting_sequence);
  out->set_waiting_class(Word(link.waiting_class));
  out->set_next_attempt_at_ms(link.next_attempt_at_ms);
  out->set_receiver_state(ReceiverStateName(link.receiver));
}

Result<store::DeliveryFilter> FilterOf(const v1::ListDeliveriesRequest& request) {
  store::DeliveryFilter filter;
  for (const std::string& word : request.statuses()) {
    const auto status = store::ParseDeliveryStatus(word);
    if (!status) {
      return Status(StatusCode::kInvalidArgument, "there is no delivery status \"" + word + "\"",
                    "docs/operations/delivery.md lists them");
    }
    filter.statuses.push_back(*status);
  }
  if (!request.error_class().empty()) {
    for (int value = 1; value <= static_cast<int>(ErrorClass::kFunctional); ++value) {
      if (request.error_class() == ErrorClassName(static_cast<ErrorClass>(value)))
        filter.error_class = static_cast<ErrorClass>(value);
    }
    if (filter.error_class == ErrorClass::kNone) {
      return Status(StatusCode::kInvalidArgument,
                    "there is no class of errors \"" + request.error_class() + "\"",
                    "use one of: network, busy, format, crypto, authorisation, functional");
    }
  }
  filter.before_sequence = request.before_sequence();
  filter.limit = request.limit() == 0 ? kListDefault : std::min(request.limit(), kListMax);
  return filter;
}

Status ListDeliveries(store::Outbox* outbox, const v1::ListDeliveriesRequest& request,
                      v1::ListDeliveriesResponse* response) {
  SRDF_ASSIGN_OR_RETURN(const store::DeliveryFilter filter, FilterOf(request));
  std::vector<store::OutboxWagon> wagons;
  if (request.sequence() == 0) {
    SRDF_ASSIGN_OR_RETURN(wagons, outbox->ListDeliveries(request.flow(), filter));
  } else {
    SRDF_ASSIGN_OR_RETURN(auto wagon, outbox->GetDelivery(request.flow(), request.sequence()));
    if (!wagon.has_value()) {
      return {StatusCode::kNotFound,
              "the outbox has no wagon " + std::to_string(request.sequence()) + " of flow " + request.flow(),
              "see `srdfctl delivery list --flow " + request.flow() + "`; applied wagons are purged"};
    }
    wagons.push_back(std::move(*wagon));
  }
  for (const store::OutboxWagon& wagon : wagons) {
    v1::Delivery* out = response->add_deliveries();
    ToProto(wagon, out);
    // A wagon that has left the chain has no attempts of its own sequence any more.
    if (!request.with_attempts() || wagon.status == store::DeliveryStatus::kSuperseded ||
        wagon.status == store::DeliveryStatus::kMerged)
      continue;
    SRDF_ASSIGN_OR_RETURN(const auto attempts, outbox->Attempts(request.flow(), wagon.header.sequence));
    for (const store::DeliveryAttempt& attempt : attempts) ToProto(attempt, out->add_attempt());
  }
  return {};
}

}  // namespace srdf::shipper
