#include "receiver/chunk_assembly.h"

#include "store/outbox.h"

namespace srdf::receiver {

using v1::DeliverRequest;

Result<DeliverRequest::Chunk*> ChunkAssembly::Add(DeliverRequest::Chunk* piece) {
  if (unfinished_) {
    if (piece->sequence() != chunk_.sequence() || piece->wagon_uid() != chunk_.wagon_uid() ||
        piece->wagon_hash() != chunk_.wagon_hash() || piece->chunk_no() != chunk_.chunk_no() ||
        piece->chunk_count() != chunk_.chunk_count()) {
      return Status(StatusCode::kInvalidArgument,
                    "a piece of chunk " + std::to_string(piece->chunk_no()) + " of wagon " +
                        std::to_string(piece->sequence()) + " came within chunk " +
                        std::to_string(chunk_.chunk_no()) + " of wagon " + std::to_string(chunk_.sequence()));
    }
  } else if (!piece->continues()) {
    return piece;
  }
  const size_t before = unfinished_ ? chunk_.data().size() : 0;
  if (before + piece->data().size() > store::kChunkBytes) {
    return Status(StatusCode::kInvalidArgument, "the pieces of chunk " + std::to_string(piece->chunk_no()) +
                                                    " of wagon " + std::to_string(piece->sequence()) +
                                                    " are more than a chunk");
  }
  if (unfinished_) {
    chunk_.mutable_data()->append(piece->data());
  } else {
    chunk_.Swap(piece);
    unfinished_ = true;
    return static_cast<DeliverRequest::Chunk*>(nullptr);
  }
  unfinished_ = piece->continues();
  return unfinished_ ? nullptr : &chunk_;
}

}  // namespace srdf::receiver
