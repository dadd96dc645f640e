// inbox: a wagon taken in chunk by chunk, accepted (durable on return), read for the applier, and marked.
#include <benchmark/benchmark.h>

#include <memory>

#include "stages/bench_wagon.h"
#include "stages/scratch_dir.h"
#include "stages/stage_meter.h"
#include "store/inbox.h"

namespace srdf::bench {

namespace {

constexpr uint64_t kFileBytesMax = 256u << 20;  // then a new file, outside of the measured time

struct Queue {
  Queue() : inbox(Must(store::Inbox::Open(dir.path() + "/inbox.db"))) {
    Must(inbox->AdoptCheckpoint(chain.flow(), chain.tip()));
  }
  void Accept(const Wagon& wagon) {
    const WagonHeader& header = wagon.header;
    Must(inbox->BeginWagon(header.flow, header.sequence, header.uid, wagon.hash));
    uint32_t chunk_no = 0;
    for (const std::string& piece : wagon.pieces) {
      Must(inbox->AppendChunk(header.flow, header.sequence, chunk_no++, piece));
    }
    Must(inbox->Accept(header, wagon.hash));
    stored_bytes += wagon.frame_bytes;
  }

  ScratchDir dir;
  WagonChain chain{"bench"};
  std::unique_ptr<store::Inbox> inbox;
  uint64_t stored_bytes = 0;
};

void Accept(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  auto queue = std::make_unique<Queue>();
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    if (queue->stored_bytes > kFileBytesMax) queue = std::make_unique<Queue>();
    const Wagon wagon = queue->chain.NextOpaque(bytes);
    meter.Resume();
    queue->Accept(wagon);
  }
  meter.Report(1, bytes);
}

void ReadBack(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  Queue queue;
  queue.Accept(queue.chain.NextOpaque(bytes));
  const std::string& flow = queue.chain.flow();
  StageMeter meter(&state);
  for (auto _ : state) {
    const auto found = Must(queue.inbox->NextToApply(flow, 0));
    for (uint32_t chunk = 0; chunk < found->chunk_count; ++chunk) {
      const std::string data = Must(queue.inbox->ReadChunk(flow, found->header.sequence, chunk));
      benchmark::DoNotOptimize(data.data());
    }
  }
  meter.Report(1, bytes);
}

void Sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("bytes")->Arg(1 << 10)->Arg(64 << 10)->Arg(4 << 20)->UseRealTime()->Unit(
      benchmark::kMicrosecond);
}

// An item is a wagon here, not a row.
BENCHMARK(Accept)->Name("inbox/accept")->Apply(Sizes);
BENCHMARK(ReadBack)->Name("inbox/read")->Apply(Sizes);

}  // namespace

}  // namespace srdf::bench
