// A receipt: what the receiver says of a wagon, as words of libs/model/delivery.h, and the table from which
// kind and class of a reason follow (docs/operations/delivery.md, "What the receiver says", is this table
// for people).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "model/delivery.h"

namespace srdf::receiver {

struct WagonReceipt {
  uint64_t sequence = 0;
  std::string wagon_uid;  // empty when the sender's was no uid
  ReceiptKind kind = ReceiptKind::kAccepted;
  ReceiptReason reason = ReceiptReason::kNone;
  ErrorClass error_class = ErrorClass::kNone;
  std::string error;
  uint32_t next_chunk = 0;  // of kPartiallyAccepted
  uint32_t wait_ms = 0;     // of ErrorClass::kBusy
};

struct ReceiptRule {
  ReceiptReason reason;
  ReceiptKind kind;  // unless the receiver knows better: a damaged chunk alone is kPartiallyAccepted
  ErrorClass error_class;
  const char* situation;
  const char* shipper_does;
};
// One for every reason, in the order of the enumeration.
std::span<const ReceiptRule> ReceiptRules();
const ReceiptRule& RuleOf(ReceiptReason reason);

}  // namespace srdf::receiver
