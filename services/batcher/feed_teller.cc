#include "batcher/feed_teller.h"

#include <bit>

#include "wire/header_convert.h"

namespace srdf::batcher {

namespace {

constexpr std::chrono::milliseconds kEvery{200};

// Whole MiB, by powers of two: who holds rows back from some number of MiB on hears of it when it is passed,
// within a factor of two, whatever the time.
int Size(const DeliveryState& state) { return std::bit_width(state.unapplied_bytes >> 20); }

}  // namespace

void FeedTeller::FillDelivery(v1::FeedResponse::Durable* out) {
  out->mutable_delivery()->set_unapplied_wagons(state_.unapplied_wagons);
  out->mutable_delivery()->set_unapplied_bytes(state_.unapplied_bytes);
  out->mutable_delivery()->set_outbox_full(state_.outbox_full);
  told_ = state_;
}

void FeedTeller::Opened(const SourcePosition& resume) {
  v1::FeedResponse response;
  std::lock_guard lock(mu_);
  wire::ToProto(resume, response.mutable_opened()->mutable_resume());
  opened_ = true;
  write_(response);
  v1::FeedResponse delivery;
  FillDelivery(delivery.mutable_durable());
  write_(delivery);
}

void FeedTeller::Durable(const DurableWagon& wagon, Clock::time_point now) {
  std::lock_guard lock(mu_);
  if (!opened_ || (!wagon.awaited && now - durable_said_at_ < kEvery)) return;
  durable_said_at_ = now;
  v1::FeedResponse response;
  wire::ToProto(wagon.position, response.mutable_durable()->mutable_position());
  response.mutable_durable()->set_ends(wagon.ends);
  FillDelivery(response.mutable_durable());
  write_(response);
}

void FeedTeller::Delivery(const DeliveryState& state, Clock::time_point now) {
  std::lock_guard lock(mu_);
  state_ = state;
  const bool other = Size(state_) != Size(told_) || state_.outbox_full != told_.outbox_full;
  if (!opened_ || (!other && now - delivery_said_at_ < kEvery)) return;
  delivery_said_at_ = now;
  v1::FeedResponse response;
  FillDelivery(response.mutable_durable());
  write_(response);
}

}  // namespace srdf::batcher
