// WagonAssembly: the wagon that a Deliver stream is bringing, as far as it came: its chunks in the inbox and
// the state of the frame's verification. What the verifier has seen is always what is on disk.
//
// A wagon of one chunk is not kept before it is accepted: then all of it goes to disk at once.
//
// Driven by one thread at a time (the streams'). Dropping the object leaves the chunks on disk: the next
// assembly of the same wagon goes on there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/delivery.h"
#include "model/wagon.h"
#include "store/inbox.h"
#include "wire/wagon_frame.h"

namespace srdf::receiver {

// One chunk as it came; views into the message.
struct Chunk {
  uint64_t sequence = 0;
  std::string_view wagon_uid;
  std::string_view wagon_hash;
  uint32_t chunk_no = 0;
  uint32_t chunk_count = 0;
  std::string_view data;
  std::optional<uint32_t> data_crc32;
};

// What is wrong with a wagon; kNone: nothing.
struct WagonFault {
  ReceiptReason reason = ReceiptReason::kNone;
  std::string what;
  std::string expected, found;  // of what was compared, raw hash bytes

  explicit operator bool() const { return reason != ReceiptReason::kNone; }
};

class WagonAssembly {
 public:
  // Takes up the chunk's wagon, with those of its chunks that are on disk before chunk_no; later ones are
  // forgotten. `tip` is the inbox's. kDataLoss when those chunks are not the front of a frame.
  static Result<std::unique_ptr<WagonAssembly>> Begin(store::Inbox* inbox, const std::string& flow,
                                                      const ChainTip& tip, const Chunk& chunk);

  uint64_t sequence() const { return sequence_; }
  const std::string& uid() const { return uid_; }
  const std::string& hash() const { return hash_; }
  uint32_t next_chunk() const { return next_chunk_; }
  uint64_t frame_bytes() const { return verifier_->frame_bytes(); }
  // The chunk announces the same wagon, cut into as many chunks.
  bool IsOf(const Chunk& chunk) const {
    return chunk.sequence == sequence_ && chunk.wagon_uid == uid_ && chunk.wagon_hash == hash_ &&
           chunk.chunk_count == chunk_count_;
  }

  // Chunk next_chunk(). *fault says why the frame is not one; then nothing was written.
  Status Append(std::string_view data, WagonFault* fault);
  // A chunk before next_chunk() came again: is it the same?
  Result<bool> HasChunk(uint32_t chunk_no, std::string_view data) const;
  bool complete() const { return next_chunk_ == chunk_count_; }
  // All chunks are here: is it the announced wagon, of this flow, and the one after the tip?
  WagonFault Finish(WagonHeader* header);
  // After Finish found no fault, with the last chunk: the wagon is the inbox's, durable.
  Status Accept(const WagonHeader& header, std::string_view last_chunk);
  // `last_chunk` is all of it.
  bool is_one_chunk() const { return chunk_count_ == 1; }

 private:
  WagonAssembly(store::Inbox* inbox, std::string flow, ChainTip tip, const Chunk& chunk);
  Status Restore(uint32_t chunks);

  // constant
  store::Inbox* const inbox_;
  const std::string flow_;
  const ChainTip tip_;
  const uint64_t sequence_;
  const std::string uid_;
  const std::string hash_;
  const uint32_t chunk_count_;

  std::unique_ptr<wire::FrameVerifier> verifier_;
  uint32_t next_chunk_ = 0;
};

}  // namespace srdf::receiver
