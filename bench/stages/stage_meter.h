// StageMeter: what every stage reports, in one way: rows/s (items), bytes/s, allocations and allocated bytes
// per row. Must: set-up that cannot fail on a sound machine ends the program when it does.
//
// Driven by the benchmark's thread. What is between Pause and Resume is counted nowhere.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/status.h"
#include "stages/allocations.h"

namespace srdf::bench {

inline void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "stage_bench: %s\n", status.ToString().c_str());
  std::exit(1);
}
template <typename T>
T Must(Result<T> result) {
  Must(result.status());
  return std::move(result).value();
}

class StageMeter {
 public:
  explicit StageMeter(benchmark::State* state) : state_(*state), since_(AllocationsOfThisThread()) {}

  void Pause() {
    state_.PauseTiming();
    Take();
  }
  void Resume() {
    since_ = AllocationsOfThisThread();
    state_.ResumeTiming();
  }

  // Once, after the last iteration; both are of one iteration.
  void Report(uint64_t rows, uint64_t bytes) {
    Take();
    const auto iterations = static_cast<int64_t>(state_.iterations());
    state_.SetBytesProcessed(iterations * static_cast<int64_t>(bytes));
    if (rows == 0) return;
    state_.SetItemsProcessed(iterations * static_cast<int64_t>(rows));
    const double all_rows = static_cast<double>(iterations) * static_cast<double>(rows);
    state_.counters["allocs/row"] = static_cast<double>(taken_.count) / all_rows;
    state_.counters["alloc_bytes/row"] = static_cast<double>(taken_.bytes) / all_rows;
  }

 private:
  void Take() {
    const Allocations now = AllocationsOfThisThread();
    taken_.count += now.count - since_.count;
    taken_.bytes += now.bytes - since_.bytes;
    since_ = now;
  }

  benchmark::State& state_;
  Allocations since_;
  Allocations taken_;
};

}  // namespace srdf::bench
