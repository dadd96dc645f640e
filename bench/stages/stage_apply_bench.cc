// apply: a wagon's frame read, and its rows written to a real server in one transaction with the checkpoint.
//
// Rows are counted as they were at the source, before compaction; "rows_written/s" is what reached the
// server.
#include <benchmark/benchmark.h>

#include "engine_mariadb/target_engine.h"
#include "stages/bench_server.h"
#include "stages/bench_wagon.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

using engine_mariadb::ApplyMethod;

struct How {
  ApplyMethod method;
  Load load;
  Compaction compaction;
};

engine_mariadb::TargetOptions TargetOf(const std::string& flow, ApplyMethod method) {
  engine_mariadb::TargetOptions options;
  options.endpoint = BenchServer().Endpoint();
  options.endpoint.socket = BenchServer().socket();
  options.flow = flow;
  options.apply_method = method;
  return options;
}

// Rows that were inserted by earlier runs are in the tables.
uint32_t first_new_id = kRowsPerTable + 1;

void Apply(benchmark::State& state, How how) {
  static int flows = 0;
  WagonChain chain("bench" + std::to_string(++flows));
  const auto engine = engine_mariadb::NewTargetEngine(TargetOf(chain.flow(), how.method));
  const auto session = Must(engine->Connect());
  engine::Checkpoint start;
  start.flow = chain.flow();
  start.wagon_hash = chain.tip().hash;
  start.position = chain.tip().position;
  Must(session->InitCheckpoint(start));

  wire::WagonBuilderOptions frame;
  frame.spill_dir = "/tmp";
  StreamOptions options;
  options.load = how.load;
  options.transactions = static_cast<uint32_t>(state.range(0));
  uint64_t stream_rows = 0, stream_bytes = 0;
  uint64_t written = 0, trips = 0;
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    ++options.seed;
    options.first_new_id = first_new_id;
    const ChangeStream stream = MakeChangeStream(options);
    if (how.load == Load::kInsert) first_new_id += static_cast<uint32_t>(stream.rows);
    stream_rows = stream.rows;
    stream_bytes = stream.bytes;
    const Wagon wagon = chain.Next(MakePayload(stream, how.compaction), stream.transactions, frame);
    meter.Resume();
    const auto reader = Must(wire::WagonReader::Open(PiecesOf(wagon)));
    const auto stats = Must(session->Apply(reader->header(), wagon.hash, reader.get()));
    written += stats.rows;
    trips += stats.server_statements;
  }
  meter.Report(stream_rows, stream_bytes);
  const auto iterations = static_cast<double>(state.iterations());
  state.counters["rows_written/s"] =
      benchmark::Counter(static_cast<double>(written), benchmark::Counter::kIsRate);
  state.counters["round_trips"] = static_cast<double>(trips) / iterations;
}

void Sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("transactions")->Arg(1)->Arg(200)->Arg(2'000)->Arg(20'000);
  b->UseRealTime()->Unit(benchmark::kMicrosecond)->MinTime(2.0);
}
void Largest(benchmark::internal::Benchmark* b) {
  b->ArgName("transactions")->Arg(20'000)->UseRealTime()->Unit(benchmark::kMicrosecond)->MinTime(2.0);
}

BENCHMARK_CAPTURE(Apply, native, How{ApplyMethod::kNative, Load::kUniform, Compaction::kSorted})
    ->Name("apply/native/uniform")
    ->Apply(Sizes);
BENCHMARK_CAPTURE(Apply, native_hot, How{ApplyMethod::kNative, Load::kHot, Compaction::kSorted})
    ->Name("apply/native/hot")
    ->Apply(Largest);
BENCHMARK_CAPTURE(Apply, native_insert, How{ApplyMethod::kNative, Load::kInsert, Compaction::kSorted})
    ->Name("apply/native/insert")
    ->Apply(Largest);
BENCHMARK_CAPTURE(Apply, native_unsorted, How{ApplyMethod::kNative, Load::kUniform, Compaction::kUnsorted})
    ->Name("apply/native/uniform_unsorted")
    ->Apply(Largest);
BENCHMARK_CAPTURE(Apply, native_pass, How{ApplyMethod::kNative, Load::kUniform, Compaction::kNone})
    ->Name("apply/native/uniform_not_compacted")
    ->Apply(Largest);
BENCHMARK_CAPTURE(Apply, sql, How{ApplyMethod::kSql, Load::kUniform, Compaction::kSorted})
    ->Name("apply/sql/uniform")
    ->Apply(Sizes);
BENCHMARK_CAPTURE(Apply, sql_insert, How{ApplyMethod::kSql, Load::kInsert, Compaction::kSorted})
    ->Name("apply/sql/insert")
    ->Apply(Largest);

}  // namespace

}  // namespace srdf::bench
