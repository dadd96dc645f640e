// compaction: the change stream of a window, gathered and folded to its net effect.
//
// gather: what the batcher's window does with a feed's buffers until a group is closed. fold: the runs into
// the compactor. emit: the net rows out of it, in the order of their keys. pass: the same without merging
// (compaction_enabled: false).
#include <benchmark/benchmark.h>

#include "batcher/window.h"
#include "compaction/compactor.h"
#include "engine_mariadb/image_merger.h"
#include "engine_mariadb/key_place.h"
#include "model/record.h"
#include "stages/bench_rows.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

const ChangeStream& StreamOf(benchmark::State& state, Load load) {
  return SharedStream(load, static_cast<uint32_t>(state.range(0)));
}

void Gather(benchmark::State& state, Load load) {
  const ChangeStream& stream = StreamOf(state, load);
  batcher::WindowLimits limits;
  limits.adaptive = false;
  limits.events_max = limits.bytes_max = UINT32_MAX;
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    auto cuts = stream.cuts;
    batcher::Window window(limits);
    meter.Resume();
    for (std::string& cut : cuts) Must(window.Append(std::move(cut), {}));
    window.CloseNow(SealReason::kManual);
    auto group = window.TakeNow();
    benchmark::DoNotOptimize(group->part.changes.size());
    meter.Pause();
    group.reset();
    window.Done();
    meter.Resume();
  }
  meter.Report(stream.rows, stream.bytes);
}

// The batcher has the runs' bodies at hand when it compacts.
struct Runs {
  std::vector<TableSchema> schemas;
  std::vector<ByteView> bodies;
};
Runs RunsOf(const ChangeStream& stream) {
  Runs runs;
  Record record;
  for (const std::string& cut : stream.cuts) {
    RecordCursor cursor(cut);
    while (Must(cursor.Next(&record))) {
      if (record.type == RecordType::kTableSchema)
        runs.schemas.push_back(Must(DecodeTableSchema(record.body)));
      if (record.type == RecordType::kRowRun) runs.bodies.push_back(record.body);
    }
  }
  return runs;
}

enum class Part { kAll, kFold, kEmit };

void Compact(benchmark::State& state, Load load, bool merge, Part part, bool sort = true) {
  const ChangeStream& stream = StreamOf(state, load);
  const Runs runs = RunsOf(stream);
  StageMeter meter(&state);
  uint64_t bytes_out = 0;
  uint64_t rows_out = 0;
  for (auto _ : state) {
    if (part == Part::kEmit) meter.Pause();
    auto compactor = compaction::NewCompactor(merge, engine_mariadb::NewImageMerger,
                                              sort ? engine_mariadb::NewKeyPlacer : compaction::KeyPlacers());
    for (const TableSchema& schema : runs.schemas) Must(compactor->AddSchema(schema));
    for (const ByteView body : runs.bodies) Must(compactor->AddRun(body));
    if (part == Part::kEmit) meter.Resume();
    if (part == Part::kFold) meter.Pause();
    bytes_out = 0;
    const auto result = Must(compactor->Finish([&bytes_out](std::string_view records) {
      bytes_out += records.size();
      return Status::Ok();
    }));
    rows_out = result.rows_after;
    if (part != Part::kFold) meter.Pause();
    compactor.reset();
    meter.Resume();
  }
  meter.Report(stream.rows, stream.bytes);
  state.counters["rows_out/row"] = static_cast<double>(rows_out) / static_cast<double>(stream.rows);
  state.counters["bytes_out/byte"] = static_cast<double>(bytes_out) / static_cast<double>(stream.bytes);
}

void Sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("transactions")->Arg(1)->Arg(200)->Arg(2'000)->Arg(20'000)->Unit(benchmark::kMicrosecond);
}
void Largest(benchmark::internal::Benchmark* b) {
  b->ArgName("transactions")->Arg(20'000)->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Gather, uniform, Load::kUniform)->Name("compaction/gather/uniform")->Apply(Sizes);
BENCHMARK_CAPTURE(Compact, uniform, Load::kUniform, true, Part::kAll)
    ->Name("compaction/merge/uniform")
    ->Apply(Sizes);
BENCHMARK_CAPTURE(Compact, hot, Load::kHot, true, Part::kAll)->Name("compaction/merge/hot")->Apply(Sizes);
BENCHMARK_CAPTURE(Compact, insert, Load::kInsert, true, Part::kAll)
    ->Name("compaction/merge/insert")
    ->Apply(Sizes);
BENCHMARK_CAPTURE(Compact, unsorted, Load::kUniform, true, Part::kAll, false)
    ->Name("compaction/merge/uniform_unsorted")
    ->Apply(Largest);
BENCHMARK_CAPTURE(Compact, fold, Load::kUniform, true, Part::kFold)
    ->Name("compaction/fold/uniform")
    ->Apply(Largest);
BENCHMARK_CAPTURE(Compact, emit, Load::kUniform, true, Part::kEmit)
    ->Name("compaction/emit/uniform")
    ->Apply(Largest);
BENCHMARK_CAPTURE(Compact, pass, Load::kUniform, false, Part::kAll)
    ->Name("compaction/pass/uniform")
    ->Apply(Largest);

}  // namespace

}  // namespace srdf::bench
