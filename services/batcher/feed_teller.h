// FeedTeller: what the batcher tells capture while a feed goes on.
//
// Told at once: what capture waits for (the wagon of a mark or of rows of a copy is durable), and that the
// destination is behind by twice as much as was told, or by half. All else a few times a second at most: a
// message for each small wagon would be most of capture's work. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

#include "batcher/shipper_client.h"
#include "model/position.h"
#include "srdf/batcher/v1/batcher.pb.h"

namespace srdf::batcher {

// A wagon of this feed is durable, and so all before it.
struct DurableWagon {
  const SourcePosition& position;  // its last one
  uint64_t ends = 0;               // transaction ends of this feed up to there
  bool awaited = false;
};

class FeedTeller {
 public:
  using Clock = std::chrono::steady_clock;
  using Write = std::function<void(const v1::FeedResponse&)>;
  explicit FeedTeller(Write write) : write_(std::move(write)) {}

  // The first message.
  void Opened(const SourcePosition& resume);
  void Durable(const DurableWagon& wagon, Clock::time_point now = Clock::now());
  void Delivery(const DeliveryState& state, Clock::time_point now = Clock::now());

 private:
  // With mu_ held.
  void FillDelivery(v1::FeedResponse::Durable* out);

  const Write write_;

  std::mutex mu_;
  // guarded by mu_; it is also held while writing, so that what is said stays in order
  bool opened_ = false;
  DeliveryState state_;
  DeliveryState told_;
  Clock::time_point durable_said_at_{};
  Clock::time_point delivery_said_at_{};
};

}  // namespace srdf::batcher
