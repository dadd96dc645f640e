#include "model/delivery.h"

namespace srdf {

const char* ReceiptKindName(ReceiptKind kind) {
  switch (kind) {
    case ReceiptKind::kAccepted:
      return "accepted";
    case ReceiptKind::kDuplicate:
      return "duplicate";
    case ReceiptKind::kPartiallyAccepted:
      return "partially_accepted";
    case ReceiptKind::kRejected:
      return "rejected";
    case ReceiptKind::kInvalidPayload:
      return "invalid_payload";
  }
  return "unknown";
}

const char* ErrorClassName(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kNone:
      return "none";
    case ErrorClass::kNetwork:
      return "network";
    case ErrorClass::kBusy:
      return "busy";
    case ErrorClass::kFormat:
      return "format";
    case ErrorClass::kCrypto:
      return "crypto";
    case ErrorClass::kAuthorisation:
      return "authorisation";
    case ErrorClass::kFunctional:
      return "functional";
  }
  return "unknown";
}

const char* ReceiptReasonName(ReceiptReason reason) {
  switch (reason) {
    case ReceiptReason::kNone:
      return "none";
    case ReceiptReason::kMissingWagon:
      return "missing_wagon";
    case ReceiptReason::kMissingChunk:
      return "missing_chunk";
    case ReceiptReason::kOutOfOrder:
      return "out_of_order";
    case ReceiptReason::kReplayed:
      return "replayed";
    case ReceiptReason::kForked:
      return "forked";
    case ReceiptReason::kChainBroken:
      return "chain_broken";
    case ReceiptReason::kTorn:
      return "torn";
    case ReceiptReason::kTampered:
      return "tampered";
    case ReceiptReason::kNotAWagon:
      return "not_a_wagon";
    case ReceiptReason::kForeign:
      return "foreign";
    case ReceiptReason::kOldEpoch:
      return "old_epoch";
    case ReceiptReason::kLaterEpoch:
      return "later_epoch";
    case ReceiptReason::kNoStart:
      return "no_start";
    case ReceiptReason::kFull:
      return "full";
    case ReceiptReason::kDisk:
      return "disk";
  }
  return "unknown";
}

const char* ReceiverStateName(ReceiverState state) {
  switch (state) {
    case ReceiverState::kUnknown:
      return "unknown";
    case ReceiverState::kAvailable:
      return "available";
    case ReceiverState::kRunning:
      return "running";
    case ReceiverState::kBusy:
      return "busy";
    case ReceiverState::kInError:
      return "in_error";
  }
  return "unknown";
}

}  // namespace srdf
