// scale: what this machine's disk and memory do by themselves, to hold the stages against.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "stages/scratch_dir.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

void Fsync(benchmark::State& state) {
  const ScratchDir dir;
  const std::string path = dir.path() + "/fsync";
  const int fd = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  StageMeter meter(&state);
  for (auto _ : state) {
    if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || fdatasync(fd) != 0) {
      state.SkipWithError("the disk does not take it");
      break;
    }
  }
  meter.Report(0, bytes.size());
  close(fd);
}

void Copy(benchmark::State& state) {
  const std::string from(static_cast<size_t>(state.range(0)), 'x');
  std::string to(from.size(), '\0');
  StageMeter meter(&state);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  meter.Report(0, from.size());
}

BENCHMARK(Fsync)->Name("scale/fdatasync")->ArgName("bytes")->Arg(4 << 10)->Arg(4 << 20)->UseRealTime();
BENCHMARK(Copy)->Name("scale/memcpy")->ArgName("bytes")->Arg(64 << 10)->Arg(64 << 20);

}  // namespace

}  // namespace srdf::bench
