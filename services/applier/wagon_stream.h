// WagonStream: one wagon after another from a Take session, each read while it arrives.
//
// The frame is verified as it passes: the last piece of a wagon is handed on only when the hash of the whole
// frame is right, so that a wagon damaged on its way out of the inbox fails before it is committed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "applier/take_client.h"
#include "base/status.h"
#include "wire/wagon_frame.h"

namespace srdf::applier {

class WagonStream {
 public:
  // `session` outlives the stream.
  explicit WagonStream(TakeSession* session) : session_(session) {}

  // Waits for the next wagon. Its payload is read through the returned reader, until the next call; a wagon
  // that is to be skipped has none.
  struct Wagon {
    std::string hash;
    std::unique_ptr<wire::WagonReader> reader;
    std::optional<SkippedWagon> skipped;
  };
  Result<Wagon> Next();
  // Reads past what is left of the present wagon's frame.
  Status SkipRest();

 private:
  Result<std::string> NextPiece();

  TakeSession* const session_;
  std::unique_ptr<wire::FrameVerifier> verifier_;
  std::optional<TakenChunk> first_;  // the wagon's first chunk, until it is read
  uint64_t sequence_ = 0;
  std::string hash_;
  uint32_t next_chunk_ = 0;
  uint32_t chunk_count_ = 0;
};

}  // namespace srdf::applier
