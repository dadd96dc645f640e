// DeliverIntake: takes the chunks of one Deliver stream into the inbox, and says the receipts.
//
// Driven by the stream's handler thread. A wagon that began on an earlier stream goes on where that one
// stopped. Errors of the wagon are receipts, not stream errors; a Status comes back only when the stream
// cannot go on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "receiver/receiver_flow.h"
#include "wire/wagon_frame.h"

namespace srdf::receiver {

struct Chunk {
  uint64_t sequence = 0;
  std::string_view wagon_uid;
  std::string_view wagon_hash;
  uint32_t chunk_no = 0;
  uint32_t chunk_count = 0;
  std::string_view data;
};

enum class ReceiptKind { kAccepted, kDuplicate, kRejected, kBusy, kInvalidPayload };

struct WagonReceipt {
  uint64_t sequence = 0;
  std::string wagon_uid;
  ReceiptKind kind = ReceiptKind::kAccepted;
  std::string error;
};

class DeliverIntake {
 public:
  explicit DeliverIntake(ReceiverFlow* flow) : flow_(flow) {}
  // A receipt when this chunk completes or condemns its wagon.
  Result<std::optional<WagonReceipt>> Append(const Chunk& chunk);

 private:
  enum class Mode { kNone, kTaking, kIgnoring };

  Result<std::optional<WagonReceipt>> Begin(const Chunk& chunk);
  Result<std::optional<WagonReceipt>> Take(const Chunk& chunk);
  Result<std::optional<WagonReceipt>> Complete(const Chunk& chunk);
  std::optional<WagonReceipt> Receipt(const Chunk& chunk, ReceiptKind kind, std::string error);

  ReceiverFlow* const flow_;
  Mode mode_ = Mode::kNone;
  uint64_t sequence_ = 0;
  std::unique_ptr<wire::FrameVerifier> verifier_;
  uint32_t verified_chunks_ = 0;
};

}  // namespace srdf::receiver
