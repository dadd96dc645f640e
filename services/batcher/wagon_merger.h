// Wagon merger: one wagon of several that follow each other in the chain, or of one that gets another place
// in it.
//
//   read each frame, check its hash (→ decrypt) → decompress → PayloadMerger → compress (→ encrypt) →
//   checksum → sink
//
// The header of the new wagon says of what it holds what the old ones said together: positions and commit
// times from the first to the last, sums of transactions, rows and bytes as they were before compaction.
// A wagon that stands in for one other keeps its seal reason. Driven by one thread; no network of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "batcher/sealer.h"
#include "model/wagon.h"
#include "wire/wagon_frame.h"

namespace srdf::batcher {

// Opens the next of the old wagons' frames, in sequence.
using FrameOpener = std::function<Result<wire::FramePieces>()>;

// `place`: the wagon before; the new one follows it. A position that is not known is taken from the first old
// wagon. The frame goes to `sink` in pieces of at most 1 MiB,
// *hash becomes its hash. kDataLoss when the old wagons are no chain after `place`'s position, or damaged.
Result<WagonHeader> MergeWagons(const SealerOptions& options, const ChainTip& place, size_t wagons,
                                const FrameOpener& open, const wire::FrameSink& sink, std::string* hash);
// The payload as it is, record for record, under a new header; memory stays small whatever its size.
Result<WagonHeader> ReframeWagon(const SealerOptions& options, const ChainTip& place, const FrameOpener& open,
                                 const wire::FrameSink& sink, std::string* hash);

}  // namespace srdf::batcher
