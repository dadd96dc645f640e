// DeliveryStream: what the destination has told on the present stream. Written by the streams' thread,
// read by the link's; guarded by the link's mutex.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shipper/receiver_client.h"

namespace srdf::shipper {

using SteadyTime = std::chrono::steady_clock::time_point;

// A wagon from its first chunk to its receipt.
struct InFlight {
  uint64_t bytes_sent = 0;
  std::optional<SteadyTime> sent_at;  // its last chunk
  uint64_t ends_at = 0;               // bytes of the stream up to its end, once that has been sent
};

// The destination asks to go on with this chunk (partially_accepted).
struct GoOn {
  uint64_t sequence = 0;
  uint32_t chunk = 0;
};

// Up to where the stream has been fed, in order.
struct FedUpTo {
  uint64_t epoch = 0;
  uint64_t sequence = 0;
  std::string hash;  // empty: not known, after a step back
};

struct DeliveryStream {
  std::optional<DestinationState> opened;
  FedUpTo fed;
  DeliverSession* idle = nullptr;  // while the link's thread waits and all that is stored has been sent
  Readiness readiness;
  SteadyTime readiness_at{};
  uint64_t credit_bytes = 0;
  bool credit_wanted = false;  // the link's thread waits for it
  uint64_t bytes_sent = 0;
  uint64_t bytes_back = 0;  // credit that came back: so many of them have arrived
  SteadyTime back_at{};
  std::map<uint64_t, InFlight> in_flight;
  std::vector<uint64_t> sent;  // wholly, which the outbox does not know yet
  std::optional<GoOn> go_on;
  GoOn asked_last;  // and how often in a row for the same
  uint32_t asked_times = 0;
  Status ended;               // not OK: over
  bool ended_there = false;   // by the destination or the network, not by trouble of our own
  bool refused = false;       // over because a receipt refused a wagon; what follows is on record
  bool failure_told = false;  // the destination has spoken of a wagon that it could not apply
  // What the destination says before the agreement waits for it: it is about wagons that the outbox may know
  // under the same numbers with other contents.
  bool agreed = false;
  uint64_t applied_early = 0;
  std::optional<std::pair<uint64_t, Status>> failed_early;

  uint64_t BytesInFlight() const {
    uint64_t bytes = 0;
    for (const auto& [sequence, flight] : in_flight) bytes += flight.bytes_sent;
    return bytes;
  }
  // When the oldest missing receipt is overdue. What has left this host may still wait in buffers before a
  // slow line: while bytes before a wagon's end arrive, its receipt is not late.
  std::optional<SteadyTime> ReceiptDue(std::chrono::milliseconds ack_timeout) const {
    std::optional<SteadyTime> due;
    for (const auto& [sequence, flight] : in_flight) {
      if (!flight.sent_at) continue;
      const SteadyTime begin =
          flight.ends_at > bytes_back ? std::max(*flight.sent_at, back_at) : *flight.sent_at;
      if (!due || begin + ack_timeout < *due) due = begin + ack_timeout;
    }
    return due;
  }
};

}  // namespace srdf::shipper
