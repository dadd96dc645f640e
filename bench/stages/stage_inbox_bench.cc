// inbox: a wagon taken in chunk by chunk and accepted (durable on return), and read for the applier.
#include <benchmark/benchmark.h>

#include <memory>

#include "stages/queue_bench.h"
#include "store/inbox.h"

namespace srdf::bench {

namespace {

struct InboxQueue : QueueUnderTest {
  InboxQueue() : inbox(Must(store::Inbox::Open(dir.path() + "/inbox.db"))) {
    Must(inbox->AdoptCheckpoint(chain.flow(), chain.tip()));
  }
  void Keep(const Wagon& wagon) {
    const WagonHeader& header = wagon.header;
    Must(inbox->BeginWagon(header.flow, header.sequence, header.uid, wagon.hash));
    uint32_t chunk_no = 0;
    for (const std::string& piece : wagon.pieces) {
      Must(inbox->AppendChunk(header.flow, header.sequence, chunk_no++, piece));
    }
    Must(inbox->Accept(header, wagon.hash));
  }
  void ReadNext() {
    const auto found = Must(inbox->NextToApply(chain.flow(), 0));
    for (uint32_t chunk = 0; chunk < found->chunk_count; ++chunk) {
      const std::string data = Must(inbox->ReadChunk(chain.flow(), found->header.sequence, chunk));
      benchmark::DoNotOptimize(data.data());
    }
  }

  std::unique_ptr<store::Inbox> inbox;
};

BENCHMARK_TEMPLATE(TakeIn, InboxQueue)->Name("inbox/accept")->Apply(QueueSizes);
BENCHMARK_TEMPLATE(ReadBack, InboxQueue)->Name("inbox/read")->Apply(QueueSizes);

}  // namespace

}  // namespace srdf::bench
