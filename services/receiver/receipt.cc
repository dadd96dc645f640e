#include "receiver/receipt.h"

#include <array>

namespace srdf::receiver {

namespace {

using K = ReceiptKind;
using R = ReceiptReason;
using C = ErrorClass;

constexpr std::array kRules = {
    ReceiptRule{R::kNone, K::kAccepted, C::kNone, "the wagon is whole, in sequence, and on disk",
                "counts it as acknowledged"},
    ReceiptRule{R::kMissingWagon, K::kRejected, C::kFormat, "wagons before it have not come: loss on the way",
                "opens a new stream and goes on where the receiver stands"},
    ReceiptRule{R::kMissingChunk, K::kPartiallyAccepted, C::kFormat,
                "chunks before this one have not come, or came in another order",
                "goes on with the chunk that is named"},
    ReceiptRule{R::kOutOfOrder, K::kRejected, C::kFormat, "a later wagon's chunk before this wagon is whole",
                "opens a new stream and goes on where the receiver stands"},
    ReceiptRule{R::kReplayed, K::kDuplicate, C::kNone,
                "the same wagon is here already (rejected, class format, when it is too old to be compared)",
                "counts it as acknowledged"},
    ReceiptRule{R::kForked, K::kRejected, C::kFormat, "another wagon has this sequence here",
                "agrees again: the receiver's wagon is the one that counts"},
    ReceiptRule{R::kChainBroken, K::kRejected, C::kFormat,
                "it names another predecessor than the last wagon here",
                "agrees again: the receiver's chain is the one that counts"},
    ReceiptRule{R::kTorn, K::kInvalidPayload, C::kFormat, "the frame ends before, or after, its last chunk",
                "checks its own copy, sends the wagon again, then a dead letter"},
    ReceiptRule{R::kTampered, K::kInvalidPayload, C::kFormat,
                "bytes do not have the hash they came with, or are not those that came before (partially "
                "accepted, when one chunk's checksum tells that it alone is damaged)",
                "checks its own copy, sends the wagon (the chunk) again, then a dead letter"},
    ReceiptRule{R::kNotAWagon, K::kInvalidPayload, C::kFormat,
                "chunk or frame header cannot be read, or says what cannot be",
                "checks its own copy, sends the wagon again, then a dead letter"},
    ReceiptRule{R::kForeign, K::kRejected, C::kFormat, "the frame is of another flow",
                "sends the wagon again, then a dead letter"},
    ReceiptRule{R::kOldEpoch, K::kRejected, C::kAuthorisation,
                "the frame is of an older epoch: its source was fenced",
                "suspends the flow: only a change of roles helps"},
    ReceiptRule{R::kLaterEpoch, K::kRejected, C::kAuthorisation,
                "the frame is of a later epoch than this target knows",
                "suspends the flow until the target knows the change of roles"},
    ReceiptRule{R::kNoStart, K::kRejected, C::kBusy, "the applier has not told yet where the target stands",
                "waits as told"},
    ReceiptRule{R::kFull, K::kRejected, C::kBusy, "the inbox or its disk is full", "waits as told"},
    ReceiptRule{R::kDisk, K::kRejected, C::kBusy, "the inbox cannot be written", "waits as told"},
};

constexpr bool InOrder() {
  for (size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<size_t>(kRules[i].reason) != i) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace

std::span<const ReceiptRule> ReceiptRules() { return kRules; }

const ReceiptRule& RuleOf(ReceiptReason reason) { return kRules.at(static_cast<size_t>(reason)); }

}  // namespace srdf::receiver
