// Wagons of a change stream, made by the product's own parts (Compactor, WagonBuilder), for the stages behind
// the batcher.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/wagon.h"
#include "stages/bench_rows.h"
#include "wire/wagon_frame.h"

namespace srdf::bench {

struct Payload {
  std::string records;
  uint64_t rows_before = 0;
  uint64_t rows_after = 0;
  std::vector<TableManifest> tables;
};
enum class Compaction {
  kNone,      // every row as it came
  kUnsorted,  // net rows in the order in which their keys first came
  kSorted,    // in the order of their keys, as the batcher has it
};
Payload MakePayload(const ChangeStream& stream, Compaction compaction);
// Made at the first call with these, compacted and sorted.
const Payload& SharedPayload(Load load, uint32_t transactions);

struct Wagon {
  WagonHeader header;
  std::string hash;
  std::vector<std::string> pieces;  // of the frame, a MiB each but the last
  uint64_t frame_bytes = 0;
};

// A chain of wagons of one flow, from sequence 1 on.
class WagonChain {
 public:
  explicit WagonChain(std::string flow) : flow_(std::move(flow)) { tip_.hash = ZeroHash(); }

  const std::string& flow() const { return flow_; }
  // The position of tip() before the first wagon.
  const ChainTip& tip() const { return tip_; }
  Wagon Next(const Payload& payload, uint64_t transactions, const wire::WagonBuilderOptions& options);
  // Opaque bytes instead of a frame, for who does not look into it.
  Wagon NextOpaque(size_t bytes);

 private:
  WagonHeader Header(uint64_t transactions) const;
  void Advance(const Wagon& wagon);

  const std::string flow_;
  ChainTip tip_{1, 0, "", "", {"0-1-100", "binlog.000001", 4}};
};

// How a reader gets the frame; the wagon outlives it.
wire::FramePieces PiecesOf(const Wagon& wagon);

}  // namespace srdf::bench
