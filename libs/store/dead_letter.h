// Dead letters, and an operator's decisions about them, as the outbox keeps them.
//
// A dead letter stops its flow. It is resolved when the wagon got through after all (`acked`, `applied`), was
// asked for again (`requeued`), left the chain (`superseded`), or was given up: `skip_decided` by an
// operator, `skipped` once the target says that it has moved past it, `skip_acknowledged` once an operator
// has taken note that the target lacks its changes. A decision that came too late ends as `applied`.
#pragma once

#include <cstdint>
#include <string>

#include "model/delivery.h"
#include "model/skip.h"
#include "store/outbox.h"

namespace srdf::store {

inline constexpr const char* kResolutionSkipDecided = "skip_decided";
inline constexpr const char* kResolutionSkipped = "skipped";
inline constexpr const char* kResolutionSkipAcknowledged = "skip_acknowledged";

struct DeadLetter {
  int64_t id = 0;
  std::string flow;
  uint64_t epoch = 0;
  uint64_t sequence = 0;
  std::string uid;
  std::string error;
  std::string error_class;  // ErrorClassName; empty: not known
  int64_t created_at_ms = 0;
  int64_t resolved_at_ms = 0;  // 0: open
  std::string resolution;
  std::string resolved_by;
  std::string reason;
  std::optional<OutboxWagon> wagon;  // while the outbox has it
};

// A decision that the target has not confirmed yet.
struct PendingSkip {
  OutboxWagon wagon;
  SkipDecision decision;
};

}  // namespace srdf::store
