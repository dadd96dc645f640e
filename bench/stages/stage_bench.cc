// stage_bench: each stage of the pipeline alone (bench/README.md). Takes Google Benchmark's own options.
#include <benchmark/benchmark.h>

#include "stages/bench_server.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  srdf::bench::StopBenchServer();
  return 0;
}
