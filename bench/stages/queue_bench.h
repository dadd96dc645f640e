// What the benchmarks of outbox and inbox have in common: wagons of opaque bytes taken in (durable on
// return), and read again. A queue derives from QueueUnderTest and has Keep(wagon), which is measured, and
// ReadNext(), which reads the chunks of the wagon that leaves next.
//
// An item is a wagon here, not a row.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>

#include "stages/bench_wagon.h"
#include "stages/scratch_dir.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

struct QueueUnderTest {
  ScratchDir dir;
  WagonChain chain{"bench"};
};

constexpr uint64_t kQueueBytesMax = 256u << 20;  // then a new file, outside of the measured time

template <typename Queue>
void TakeIn(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  auto queue = std::make_unique<Queue>();
  uint64_t stored_bytes = 0;
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    if (stored_bytes > kQueueBytesMax) {
      queue = std::make_unique<Queue>();
      stored_bytes = 0;
    }
    const Wagon wagon = queue->chain.NextOpaque(bytes);
    stored_bytes += wagon.frame_bytes;
    meter.Resume();
    queue->Keep(wagon);
  }
  meter.Report(1, bytes);
}

template <typename Queue>
void ReadBack(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  Queue queue;
  queue.Keep(queue.chain.NextOpaque(bytes));
  StageMeter meter(&state);
  for (auto _ : state) queue.ReadNext();
  meter.Report(1, bytes);
}

inline void QueueSizes(benchmark::internal::Benchmark* b) {
  b->ArgName("bytes")->Arg(1 << 10)->Arg(64 << 10)->Arg(4 << 20)->UseRealTime()->Unit(
      benchmark::kMicrosecond);
}

}  // namespace srdf::bench
