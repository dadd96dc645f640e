// DeliverIntake: takes the chunks of one Deliver stream into the inbox, and says the receipts.
//
// Driven by one thread at a time (the streams'). A wagon that began on an earlier stream goes on where that
// one stopped. Errors of the wagon are receipts, not stream errors; a Status comes back only when the stream
// cannot go on. Nothing is believed of a chunk: sizes, numbers and names are checked before anything is kept.
//
// After a refusal the sender's next chunks are on their way already. They are let pass in silence (numbers
// that grow); a chunk number that does not grow is the sender trying again, and is answered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "receiver/receipt.h"
#include "receiver/receiver_flow.h"
#include "receiver/wagon_assembly.h"

namespace srdf::receiver {

// A stream with so many refusals and no accepted wagon in between is ended.
inline constexpr unsigned kRefusalsInRowMax = 100;

class DeliverIntake {
 public:
  // `peer`: who sends, for log and refusals.
  DeliverIntake(ReceiverFlow* flow, std::string peer) : flow_(flow), peer_(std::move(peer)) {}
  // Appends the receipts that this chunk brings about: none while a wagon grows, two when it shows that the
  // wagon before was left incomplete.
  Status Append(const Chunk& chunk, std::vector<WagonReceipt>* receipts);

 private:
  // Chunks that follow a refused one.
  struct Tail {
    uint64_t sequence = 0;
    uint32_t chunk_no = 0;  // of the last one let pass
  };

  Status Route(const Chunk& chunk);
  bool IsTail(const Chunk& chunk);
  Status Begin(const Chunk& chunk);
  Status AnswerOld(const Chunk& chunk, const ChainTip& tip);
  Status Overtaken(const Chunk& chunk);
  Status Take(const Chunk& chunk);
  Status TakeSound(const Chunk& chunk);  // its checksum was looked at
  Status Repeated(const Chunk& chunk);
  Status Complete(const Chunk& chunk);

  // The wagon is refused (or was here); what is on disk of it is dropped unless it may go on later.
  Status Refuse(const Chunk& chunk, WagonFault fault, std::optional<ReceiptKind> kind = {});
  // Its sound part stays: the sender is to go on with chunk `next`.
  Status Ask(const Chunk& chunk, uint32_t next, WagonFault fault);
  Status StoreFailed(const Chunk& chunk, const Status& status);
  void Say(WagonReceipt receipt, const Chunk& chunk, const WagonFault& fault);

  ReceiverFlow* const flow_;
  const std::string peer_;
  std::unique_ptr<WagonAssembly> assembly_;
  bool asked_ = false;  // to go on with the assembly's next chunk
  std::optional<Tail> tail_;
  unsigned refusals_in_row_ = 0;
  std::vector<WagonReceipt>* receipts_ = nullptr;  // while Append runs
};

}  // namespace srdf::receiver
