// decode: binlog events as a server wrote them → the change stream.
//
// events: the events from memory through the assembler, handed on half a megabyte at a time, as capture does.
// checksum: what verifying the events' CRC-32 costs beside that. connection: the events from the server over
// TCP, checksums verified, and dropped: what limits is the server as well as the client.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include "engine_mariadb/binlog_stream.h"
#include "stages/bench_server.h"
#include "stages/source_log.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

constexpr size_t kBatchBytes = 512u << 10;  // MariaDbChangeReader's
constexpr uint32_t kReplicaId = 901;

uint64_t Drain(engine_mariadb::TransactionAssembler* assembler) {
  assembler->CloseRun();
  const uint64_t bytes = assembler->whole_bytes();
  assembler->Drop(bytes);
  return bytes;
}

void Events(benchmark::State& state) {
  SourceLog& log = SourceLog::Get();
  const auto transactions = static_cast<uint32_t>(state.range(0));
  const size_t events = log.EventsOf(transactions);
  auto* const assembler = log.assembler();
  uint64_t stream_bytes = 0;
  const uint64_t rows_before = assembler->counters().rows;
  StageMeter meter(&state);
  for (auto _ : state) {
    stream_bytes = 0;
    for (size_t i = 0; i < events; ++i) {
      Must(assembler->Handle(log.events()[i]));
      if (assembler->buffer().size() >= kBatchBytes) stream_bytes += Drain(assembler);
    }
    stream_bytes += Drain(assembler);
  }
  const uint64_t rows = transactions * kRowsPerTransaction;
  meter.Report(rows, log.BytesOf(transactions));
  state.counters["bytes_out/byte"] =
      static_cast<double>(stream_bytes) / static_cast<double>(log.BytesOf(transactions));
  if (assembler->counters().rows - rows_before != rows * state.iterations())
    state.SkipWithError("rows were lost");
}

void Checksum(benchmark::State& state) {
  SourceLog& log = SourceLog::Get();
  const auto transactions = static_cast<uint32_t>(state.range(0));
  const size_t events = log.EventsOf(transactions);
  StageMeter meter(&state);
  for (auto _ : state) {
    for (size_t i = 0; i < events; ++i) {
      const engine_mariadb::EventView& event = log.events()[i];
      const auto* const bytes =
          reinterpret_cast<const Bytef*>(event.body.data()) - engine_mariadb::kEventHeaderBytes;
      benchmark::DoNotOptimize(
          crc32(0, bytes, static_cast<uInt>(event.header.length - engine_mariadb::kChecksumBytes)));
    }
  }
  meter.Report(transactions * kRowsPerTransaction, log.BytesOf(transactions));
}

void Connection(benchmark::State& state) {
  SourceLog& log = SourceLog::Get();
  const auto from = Must(engine_mariadb::GtidPosition::Parse(log.begin()));
  const auto endpoint = BenchServer().Endpoint();
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    const auto stream = Must(engine_mariadb::BinlogStream::Open(endpoint, kReplicaId, 1000, from));
    meter.Resume();
    for (uint32_t commits = 0; commits < kLogTransactions;) {
      const auto event = Must(stream->Next());
      if (event.header.event_type() == engine_mariadb::EventType::kXid) ++commits;
    }
  }
  meter.Report(kLogTransactions * kRowsPerTransaction, log.BytesOf(kLogTransactions));
}

BENCHMARK(Events)
    ->Name("decode/events")
    ->ArgName("transactions")
    ->Arg(200)
    ->Arg(2'000)
    ->Arg(kLogTransactions)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(Checksum)
    ->Name("decode/checksum")
    ->ArgName("transactions")
    ->Arg(kLogTransactions)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(Connection)->Name("decode/connection")->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace

}  // namespace srdf::bench
