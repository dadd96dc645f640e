// What a delivery link says of itself: plain values, for status and metrics.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/status.h"
#include "model/delivery.h"

namespace srdf::shipper {

enum class LinkState {
  kConnecting,
  kStreaming,
  kWaiting,  // connected; the next wagon waits for its attempt, or for the receiver
  kBackingOff,
  kSuspended,  // tried again slowly; goes on by itself
  kPaused,
  kStopped,
};

struct LinkStatus {
  LinkState state = LinkState::kConnecting;
  Status problem;        // of the link
  int64_t since_ms = 0;  // of state and problem
  Status apply_problem;  // the applier's, until it is resolved
  int64_t apply_problem_since_ms = 0;
  uint64_t acked_sequence = 0;
  uint64_t applied_sequence = 0;
  uint64_t duplicates = 0;
  uint64_t bytes_sent = 0;
  uint64_t sent_early = 0;  // wagons, before they were in the outbox
  Status agreement_wanted;  // why nothing is to be stored before the destination has agreed
  int64_t agreement_wanted_since_ms = 0;
  ReceiverState receiver = ReceiverState::kUnknown;  // as it last said
  // While suspended; kNone: not suspended.
  ErrorClass suspended_class = ErrorClass::kNone;
  int64_t suspended_since_ms = 0;
  // While a wagon, or the flow, waits for its next attempt.
  uint64_t waiting_sequence = 0;  // 0: no wagon does
  ErrorClass waiting_class = ErrorClass::kNone;
  int64_t next_attempt_at_ms = 0;  // wall clock; 0: nothing waits
  // Attempts that ended since the start, by outcome (a receipt's name, or "interrupted") and class ("none"
  // …).
  std::map<std::pair<std::string, std::string>, uint64_t> attempts;
};

}  // namespace srdf::shipper
