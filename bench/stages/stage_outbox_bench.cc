// outbox: a frame stored, durable on return, and its chunks read back for the way to the destination.
#include <benchmark/benchmark.h>

#include <memory>

#include "stages/bench_wagon.h"
#include "stages/scratch_dir.h"
#include "stages/stage_meter.h"
#include "store/outbox.h"

namespace srdf::bench {

namespace {

constexpr uint64_t kFileBytesMax = 256u << 20;  // then a new file, outside of the measured time

struct Queue {
  Queue() : outbox(Must(store::Outbox::Open(dir.path() + "/outbox.db"))) {
    Must(outbox->Reconcile(chain.flow(), chain.tip()));
  }
  Wagon Store(size_t bytes) {
    Wagon wagon = chain.NextOpaque(bytes);
    Commit(wagon);
    return wagon;
  }
  void Commit(const Wagon& wagon) {
    const auto writer = Must(outbox->NewWagon(chain.flow()));
    for (const std::string& piece : wagon.pieces) Must(writer->Append(piece));
    Must(writer->Commit(wagon.header, wagon.hash));
    stored_bytes += wagon.frame_bytes;
  }

  ScratchDir dir;
  WagonChain chain{"bench"};
  std::unique_ptr<store::Outbox> outbox;
  uint64_t stored_bytes = 0;
};

void Commit(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  auto queue = std::make_unique<Queue>();
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    if (queue->stored_bytes > kFileBytesMax) queue = std::make_unique<Queue>();
    const Wagon wagon = queue->chain.NextOpaque(bytes);
    meter.Resume();
    queue->Commit(wagon);
  }
  meter.Report(1, bytes);
}

void ReadBack(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  Queue queue;
  const Wagon wagon = queue.Store(bytes);
  const std::string& flow = queue.chain.flow();
  StageMeter meter(&state);
  for (auto _ : state) {
    const auto found = Must(queue.outbox->NextToSend(flow, 0));
    for (uint32_t chunk = 0; chunk < found->chunk_count; ++chunk) {
      const std::string data = Must(queue.outbox->ReadChunk(flow, found->header.sequence, chunk));
      benchmark::DoNotOptimize(data.data());
    }
  }
  meter.Report(1, bytes);
}

// The rows of the other marks that a delivery makes: an attempt, sent, acked, applied.
void Deliver(benchmark::State& state) {
  auto queue = std::make_unique<Queue>();
  const std::string& flow = queue->chain.flow();
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    const uint64_t sequence = queue->Store(1 << 10).header.sequence;
    meter.Resume();
    Must(queue->outbox->BeginAttempt(flow, sequence));
    Must(queue->outbox->MarkSent(flow, sequence, 1 << 10));
    Must(queue->outbox->MarkAcked(flow, sequence, "accepted"));
    Must(queue->outbox->MarkApplied(flow, sequence));
  }
  meter.Report(1, 1 << 10);
}

void Sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("bytes")->Arg(1 << 10)->Arg(64 << 10)->Arg(4 << 20)->UseRealTime()->Unit(
      benchmark::kMicrosecond);
}

// An item is a wagon here, not a row.
BENCHMARK(Commit)->Name("outbox/commit")->Apply(Sizes);
BENCHMARK(ReadBack)->Name("outbox/read")->Apply(Sizes);
BENCHMARK(Deliver)->Name("outbox/delivery_marks")->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace

}  // namespace srdf::bench
