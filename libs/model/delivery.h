// The words of a delivery: what a receipt says, why, and what class of error that is.
//
// The class decides how the shipper behaves; the reason is for people, logs and metrics. Names are those of
// the protocol (proto/srdf/model/v1/delivery.proto) and of the outbox's columns.
#pragma once

#include <cstdint>

namespace srdf {

enum class ReceiptKind : uint8_t {
  kAccepted = 1,           // durable in the inbox
  kDuplicate = 2,          // was there already, or was applied or skipped already
  kPartiallyAccepted = 3,  // sound as far as it came; the sender goes on with the chunk it names
  kRejected = 4,           // nothing of it is kept
  kInvalidPayload = 5,     // its bytes are not what the source sealed; nothing of it is kept
};
const char* ReceiptKindName(ReceiptKind kind);  // "accepted", "partially_accepted" …

enum class ErrorClass : uint8_t {
  kNone = 0,
  kNetwork = 1,  // no answer, or the stream broke: tried again for ever; suspended meanwhile, and probed
  kBusy = 2,     // the destination asked to wait: waits as told, counts as no failure
  kFormat = 3,   // bytes or sequence are not right: sent again at once a few times, then a dead letter
  kCrypto = 4,   // a key is missing or does not fit: no blind retry
  kAuthorisation = 5,  // certificate, token or role: no blind retry
  kFunctional = 6,     // the target cannot apply it: by the flow's schedule, then a dead letter
};
const char* ErrorClassName(ErrorClass error_class);  // "network" …

enum class ReceiptReason : uint8_t {
  kNone = 0,
  kMissingWagon = 1,  // one before it has not come: loss
  kMissingChunk = 2,
  kOutOfOrder = 3,
  kReplayed = 4,
  kForked = 5,  // another wagon has this sequence here
  kChainBroken = 6,
  kTorn = 7,
  kTampered = 8,
  kNotAWagon = 9,
  kForeign = 10,
  kOldEpoch = 11,
  kLaterEpoch = 12,
  kNoStart = 13,
  kFull = 14,
  kDisk = 15,
};
const char* ReceiptReasonName(ReceiptReason reason);  // "missing_wagon" …

enum class ReceiverState : uint8_t { kUnknown = 0, kAvailable = 1, kRunning = 2, kBusy = 3, kInError = 4 };
const char* ReceiverStateName(ReceiverState state);  // "available" …

}  // namespace srdf
