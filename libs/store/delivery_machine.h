// The states of a delivery and what moves it from one to the next, as data.
//
// A delivery is one wagon's way to one destination. Every change of delivery.status in outbox.db is one of
// the steps below: the statements are made from them (MovesFrom), and docs/operations/delivery.md shows them
// (DeliveryMachineMarkdown). A test proves that every status is reached and that every case is decided by
// exactly one step.
//
// What an attempt's error means for the next attempt is not decided here but by the shipper's DeliveryPolicy;
// its decisions arrive as events (kDeferred, kGivenUp).
//
// Thread rules: constants and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace srdf::store {

// Stored as the words of DeliveryStatusName.
enum class DeliveryStatus {
  kPending,  // to be sent again
  kSending,
  kSent,
  kAcked,
  kRetry,
  kFailed,
  kDeadLetter,
  kApplied,
  kSuperseded,  // its content was re-captured after the tail of the outbox had been lost
  kSealed,      // stored; its turn has not come: it was never sent
  kSkipped,     // an operator decided that it is not applied
  kMerged,      // its content travels in another wagon
};
constexpr int kDeliveryStatusCount = static_cast<int>(DeliveryStatus::kMerged) + 1;
const char* DeliveryStatusName(DeliveryStatus status);
std::optional<DeliveryStatus> ParseDeliveryStatus(const std::string& word);

enum class DeliveryEvent {
  kSendBegun,    // its first chunk goes out
  kSendDone,     // its last chunk went out
  kAccepted,     // receipt: durable at the destination, or there already
  kDeferred,     // an attempt failed; there will be another
  kGivenUp,      // an attempt failed, and there will be none by itself
  kApplyFailed,  // the target could not apply it; it tries again
  kApplied,
  kRetryAsked,  // an operator's word
  kRestarted,   // the shipper was started
  kFoundThere,  // agreement with the destination: it has the wagon
  kLostThere,   // agreement: it does not have the wagon (any more)
  kSuperseded,  // agreement: its history went another way
  kSkipped,     // the destination has taken an operator's decision to go past it
  kMerged,      // put into another wagon, of those that were never sent
};
constexpr int kDeliveryEventCount = static_cast<int>(DeliveryEvent::kMerged) + 1;
const char* DeliveryEventName(DeliveryEvent event);

// Whether the destination has said that it holds the wagon (acked_at_ms).
enum class Whereabouts { kHere, kThere, kEither };

struct DeliveryStep {
  DeliveryEvent event;
  std::vector<DeliveryStatus> from;
  Whereabouts whereabouts;           // the condition
  std::optional<DeliveryStatus> to;  // nothing: stays as it is
  const char* effect;                // what else is written; "" for nothing
  const char* sentence;              // why
};
const std::vector<DeliveryStep>& DeliverySteps();

// The step that decides the case. `there`: acked_at_ms is set.
const DeliveryStep& StepFor(DeliveryEvent event, DeliveryStatus from, bool there);

// For a statement on many rows: "'sending', 'sent'", the statuses that `event` moves to `to`. A step with a
// condition is left out unless `whereabouts` is its own.
std::string MovesFrom(DeliveryEvent event, DeliveryStatus to, Whereabouts whereabouts = Whereabouts::kEither);

// Statuses and steps as Markdown tables and a Mermaid diagram.
std::string DeliveryMachineMarkdown();

}  // namespace srdf::store
