// ReceiverClient: the shipper's way to the inbox at the other site.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/delivery.h"
#include "model/skip.h"
#include "model/wagon.h"

namespace srdf::rpc {
class Security;
}

namespace srdf::shipper {

// What the destination says of one wagon. An old receiver names no class: it follows from the receipt then.
struct WagonReceipt {
  uint64_t sequence = 0;
  ReceiptKind kind = ReceiptKind::kAccepted;
  ErrorClass error_class = ErrorClass::kNone;  // of rejected and invalid_payload
  ReceiptReason reason = ReceiptReason::kNone;
  std::string error;
  uint32_t next_chunk = 0;            // of partially_accepted
  std::chrono::milliseconds wait{0};  // of ErrorClass::kBusy; 0: not told
};

// What the destination says of itself. kUnknown: an old receiver, which says nothing.
struct Readiness {
  ReceiverState state = ReceiverState::kUnknown;
  std::chrono::milliseconds wait{0};  // with kBusy
  Status problem;
};

// What the inbox holds when a stream begins (and again when it learns the flow's checkpoint).
struct DestinationState {
  bool tip_known = false;
  ChainTip tip;
  uint64_t partial_sequence = 0;
  std::string partial_uid;
  std::string partial_hash;
  uint32_t partial_chunks = 0;
  uint64_t credit_bytes = 0;
  uint64_t applied_sequence = 0;
  std::vector<uint64_t> skipped;  // as in on_skipped
  Readiness readiness;
};

struct ChunkToSend {
  uint64_t sequence = 0;
  std::string wagon_uid;
  std::string wagon_hash;
  uint32_t chunk_no = 0;
  uint32_t chunk_count = 0;
  std::string data;
  uint32_t data_crc32 = 0;  // of the whole chunk
  bool continues = false;   // `data` is a piece of the chunk, and the next one follows
};

// Instead of a wagon: an operator's decision that it is not applied.
struct SkipToSend {
  WagonHeader header;
  std::string wagon_hash;
  SkipDecision decision;
};

// All are called on the streams' thread; on_end is the last.
struct DeliverEvents {
  std::function<void(const DestinationState&)> on_opened;
  std::function<void(const WagonReceipt&)> on_receipt;
  std::function<void(const Readiness&)> on_readiness;
  std::function<void(uint64_t bytes)> on_credit;
  // Before each on_applied that comes with some: wagons up to there that the target has skipped.
  std::function<void(const std::vector<uint64_t>& skipped)> on_skipped;
  std::function<void(uint64_t sequence)> on_applied;
  std::function<void(uint64_t sequence, const Status& problem)> on_failed;
  std::function<void(Status)> on_end;
};

// Destroying it cancels the stream and waits for the streams' thread.
class DeliverSession {
 public:
  virtual ~DeliverSession() = default;
  // False when the stream has ended (on_end tells why). The caller keeps to its credit.
  virtual bool Send(ChunkToSend chunk) = 0;
  virtual bool SendSkip(const SkipToSend& skip) = 0;
  virtual void Cancel() = 0;
};

class ReceiverClient {
 public:
  virtual ~ReceiverClient() = default;
  // For the record of attempts.
  virtual std::string address() const { return {}; }
  virtual std::unique_ptr<DeliverSession> Open(const std::string& flow, uint64_t epoch,
                                               DeliverEvents events) = 0;
};

// A client of ReceiverService at `address`.
std::unique_ptr<ReceiverClient> NewGrpcReceiverClient(const std::string& address,
                                                      const rpc::Security& security);

}  // namespace srdf::shipper
