#include "receiver/wagon_assembly.h"

namespace srdf::receiver {

namespace {

constexpr uint64_t kChunkBytesMax = 1u << 20;
constexpr size_t kNameBytesMax = 64;  // of a name that somebody else has chosen

ReceiptReason ReasonOf(wire::FrameFault fault) {
  switch (fault) {
    case wire::FrameFault::kTorn:
      return ReceiptReason::kTorn;
    case wire::FrameFault::kHash:
      return ReceiptReason::kTampered;
    case wire::FrameFault::kNotAFrame:
    case wire::FrameFault::kNone:
      return ReceiptReason::kNotAWagon;
  }
  return ReceiptReason::kNotAWagon;
}

}  // namespace

WagonAssembly::WagonAssembly(store::Inbox* inbox, std::string flow, ChainTip tip, const Chunk& chunk)
    : inbox_(inbox),
      flow_(std::move(flow)),
      tip_(std::move(tip)),
      sequence_(chunk.sequence),
      uid_(chunk.wagon_uid),
      hash_(chunk.wagon_hash),
      chunk_count_(chunk.chunk_count),
      verifier_(wire::NewFrameVerifier()) {}

Result<std::unique_ptr<WagonAssembly>> WagonAssembly::Begin(store::Inbox* inbox, const std::string& flow,
                                                            const ChainTip& tip, const Chunk& chunk) {
  std::unique_ptr<WagonAssembly> assembly(new WagonAssembly(inbox, flow, tip, chunk));
  if (assembly->is_one_chunk()) return assembly;
  SRDF_RETURN_IF_ERROR(inbox->BeginWagon(flow, chunk.sequence, assembly->uid_, assembly->hash_));
  SRDF_RETURN_IF_ERROR(inbox->TruncatePartial(flow, chunk.chunk_no));
  SRDF_RETURN_IF_ERROR(assembly->Restore(chunk.chunk_no));
  return assembly;
}

Status WagonAssembly::Restore(uint32_t chunks) {
  for (; next_chunk_ < chunks; ++next_chunk_) {
    SRDF_ASSIGN_OR_RETURN(const std::string data, inbox_->ReadChunk(flow_, sequence_, next_chunk_));
    if (Status s = verifier_->Append(data); !s.ok()) {
      return {StatusCode::kDataLoss, "what was on disk of the wagon: " + s.message()};
    }
  }
  return {};
}

Status WagonAssembly::Append(std::string_view data, WagonFault* fault) {
  const bool had_header = verifier_->frame_bytes() != 0;
  if (Status s = verifier_->Append(data); !s.ok()) {
    *fault = {ReasonOf(verifier_->fault()), s.message(), {}, {}};
    return {};
  }
  // Told by the header alone, which nothing has proven yet: no need to take the rest of what cannot be whole.
  const uint64_t frame_bytes = verifier_->frame_bytes();
  if (!had_header && frame_bytes > uint64_t{chunk_count_} * kChunkBytesMax) {
    *fault = {ReceiptReason::kTorn,
              std::to_string(chunk_count_) + " chunks cannot hold the " + std::to_string(frame_bytes) +
                  " bytes that the frame's header declares",
              {},
              {}};
    return {};
  }
  if (!is_one_chunk()) SRDF_RETURN_IF_ERROR(inbox_->AppendChunk(flow_, sequence_, next_chunk_, data));
  ++next_chunk_;
  return {};
}

Result<bool> WagonAssembly::HasChunk(uint32_t chunk_no, std::string_view data) const {
  SRDF_ASSIGN_OR_RETURN(const std::string stored, inbox_->ReadChunk(flow_, sequence_, chunk_no));
  return stored == data;
}

WagonFault WagonAssembly::Finish(WagonHeader* header) {
  std::string hash;
  if (Status s = verifier_->Finish(header, &hash); !s.ok()) {
    return {ReasonOf(verifier_->fault()), s.message(), hash_, {}};
  }
  if (hash != hash_) {
    return {ReceiptReason::kTampered, "a whole frame, but not the one that was announced", hash_, hash};
  }
  if (header->flow != flow_) {
    return {
        ReceiptReason::kForeign, "its header says flow " + header->flow.substr(0, kNameBytesMax), {}, hash};
  }
  if (header->sequence != sequence_ || header->uid != uid_) {
    return {ReceiptReason::kTampered,
            "its header says wagon " + std::to_string(header->sequence) + " (" + header->uid +
                "), announced was " + std::to_string(sequence_) + " (" + uid_ + ")",
            hash_, hash};
  }
  if (header->epoch != tip_.epoch) {
    const bool old = header->epoch < tip_.epoch;
    return {old ? ReceiptReason::kOldEpoch : ReceiptReason::kLaterEpoch,
            "it is of epoch " + std::to_string(header->epoch) + ", the target is in epoch " +
                std::to_string(tip_.epoch),
            {},
            hash};
  }
  if (header->previous_hash != tip_.hash) {
    return {ReceiptReason::kChainBroken,
            "it follows another wagon than the last one here, wagon " + std::to_string(tip_.sequence),
            tip_.hash, header->previous_hash};
  }
  return {};
}

Status WagonAssembly::Accept(const WagonHeader& header, std::string_view last_chunk) {
  return is_one_chunk() ? inbox_->AcceptWhole(header, hash_, last_chunk) : inbox_->Accept(header, hash_);
}

}  // namespace srdf::receiver
