// ChunkAssembly: makes chunks whole again that a shipper sends in pieces, which it does under a limit of
// bytes per second.
//
// Only a whole chunk reaches the inbox, so a stream that breaks within one sends it again from its beginning.
// At most one chunk (1 MiB) is in memory. Driven by one thread at a time (the streams').
#pragma once

#include "base/status.h"
#include "srdf/receiver/v1/receiver.pb.h"

namespace srdf::receiver {

class ChunkAssembly {
 public:
  // The chunk when `piece` completes it, else nullptr; valid until the next call, and may be moved from.
  // kInvalidArgument for pieces that do not belong together, or are more than a chunk.
  Result<v1::DeliverRequest::Chunk*> Add(v1::DeliverRequest::Chunk* piece);

 private:
  v1::DeliverRequest::Chunk chunk_;
  bool unfinished_ = false;
};

}  // namespace srdf::receiver
