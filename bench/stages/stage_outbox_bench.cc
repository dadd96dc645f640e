// outbox: a frame stored, durable on return, and its chunks read back for the way to the destination.
#include <benchmark/benchmark.h>

#include <memory>

#include "stages/queue_bench.h"
#include "store/outbox.h"

namespace srdf::bench {

namespace {

struct OutboxQueue : QueueUnderTest {
  OutboxQueue() : outbox(Must(store::Outbox::Open(dir.path() + "/outbox.db"))) {
    Must(outbox->Reconcile(chain.flow(), chain.tip()));
  }
  void Keep(const Wagon& wagon) {
    const auto writer = Must(outbox->NewWagon(chain.flow()));
    for (const std::string& piece : wagon.pieces) Must(writer->Append(piece));
    Must(writer->Commit(wagon.header, wagon.hash));
  }
  void ReadNext() {
    const auto found = Must(outbox->NextToSend(chain.flow(), 0));
    for (uint32_t chunk = 0; chunk < found->chunk_count; ++chunk) {
      const std::string data = Must(outbox->ReadChunk(chain.flow(), found->header.sequence, chunk));
      benchmark::DoNotOptimize(data.data());
    }
  }

  std::unique_ptr<store::Outbox> outbox;
};

// The rows of the other marks that a delivery makes: an attempt, sent, acked, applied.
void Deliver(benchmark::State& state) {
  OutboxQueue queue;
  const std::string& flow = queue.chain.flow();
  StageMeter meter(&state);
  for (auto _ : state) {
    meter.Pause();
    const Wagon wagon = queue.chain.NextOpaque(1 << 10);
    queue.Keep(wagon);
    const uint64_t sequence = wagon.header.sequence;
    meter.Resume();
    Must(queue.outbox->BeginAttempt(flow, sequence));
    Must(queue.outbox->MarkSent(flow, sequence, 1 << 10));
    Must(queue.outbox->MarkAcked(flow, sequence, "accepted"));
    Must(queue.outbox->MarkApplied(flow, sequence));
  }
  meter.Report(1, 1 << 10);
}

BENCHMARK_TEMPLATE(TakeIn, OutboxQueue)->Name("outbox/commit")->Apply(QueueSizes);
BENCHMARK_TEMPLATE(ReadBack, OutboxQueue)->Name("outbox/read")->Apply(QueueSizes);
BENCHMARK(Deliver)->Name("outbox/delivery_marks")->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace

}  // namespace srdf::bench
