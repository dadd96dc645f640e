// small: what one small wagon costs each of our own parts on its way, one transaction of one row, without
// gRPC, stores and servers.
//
// window: a feed's buffer into the window, and the group out of it. seal: that group to a frame, handed to a
// session that keeps it. verify: what shipper and receiver do. open: what the applier does before it has
// rows.
//
// cold: before each iteration a few MiB are written, so that data and code come from beyond the second-level
// cache, as they do on a quiet flow. Rated by the clock; the iteration alone is counted.
#include <benchmark/benchmark.h>

#include <chrono>
#include <optional>
#include <vector>

#include "batcher/sealer.h"
#include "batcher/window.h"
#include "crypto/key_ring_file.h"
#include "crypto/key_ring_source.h"
#include "model/record.h"
#include "stages/bench_rows.h"
#include "stages/bench_wagon.h"
#include "stages/scratch_dir.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

constexpr size_t kEvictedBytes = 8u << 20;

void Evict() {
  static std::vector<char> bytes(kEvictedBytes);
  for (size_t i = 0; i < bytes.size(); i += 64) ++bytes[i];
  benchmark::ClobberMemory();
}

// Times `part` alone; `before` makes what it needs.
template <typename Before, typename Part>
void Measure(benchmark::State& state, Before before, Part part) {
  const bool cold = state.range(0) != 0;
  uint64_t allocations = 0;
  for (auto _ : state) {
    before();
    if (cold) Evict();
    const uint64_t count = AllocationsOfThisThread().count;
    const auto begin = std::chrono::steady_clock::now();
    part();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    allocations += AllocationsOfThisThread().count - count;
  }
  state.counters["allocs"] = static_cast<double>(allocations) / static_cast<double>(state.iterations());
}

// What the shipper would answer.
class KeepingSession : public batcher::StoreSession {
 public:
  KeepingSession() { tip_.hash = ZeroHash(); }
  const ChainTip& tip() const override { return tip_; }
  Status Send(std::string_view piece, bool /*last*/) override {
    frame_.assign(piece);
    return {};
  }
  Result<ChainTip> WaitStored() override {
    ++tip_.sequence;
    tip_.hash = frame_.substr(frame_.size() - tip_.hash.size());
    return tip_;
  }
  void Cancel() override {}
  const std::string& frame() const { return frame_; }

 private:
  ChainTip tip_{1, 0, "", "", {"0-1-100", "binlog.000001", 4}};
  std::string frame_;
};

// A flow's window and sealer, which have seen the table before.
class Batcher {
 public:
  Batcher() {
    Must(crypto::CreateKeyRing(dir_.path() + "/keys").status());
    keys_ = Must(crypto::KeyRingSource::Open({dir_.path() + "/keys", ""}));
    batcher::SealerOptions options;
    options.flow = "bench";
    options.spill_dir = "/tmp";
    options.keys = keys_.get();
    sealer_ = std::make_unique<batcher::Sealer>(options, &session_);
    StreamOptions stream;
    stream.load = Load::kOne;
    stream.transactions = 2;
    const ChangeStream made = MakeChangeStream(stream);
    RecordCursor cursor(made.cuts.front());
    Record record;
    size_t end = 0;
    while (Must(cursor.Next(&record))) {
      end += record.whole.size();
      if (record.type == RecordType::kTransactionEnd && first_.empty())
        first_ = made.cuts.front().substr(0, end);
    }
    next_ = made.cuts.front().substr(first_.size());
    window_.SetDestinationReady(true);
    Gather(first_);
    Seal(Take());
  }

  void Gather(std::string records) { Must(window_.Append(std::move(records), {})); }
  batcher::Group Take() {
    // A feed this busy is gathered for some milliseconds.
    std::optional<batcher::Group> taken;
    while (!taken.has_value()) {
      window_.WaitUntil(std::chrono::steady_clock::now() + std::chrono::seconds(1), {});
      taken = window_.TakeNow();
    }
    batcher::Group group = std::move(*taken);
    window_.Done();
    return group;
  }
  void Seal(batcher::Group group) { Must(sealer_->Seal(std::move(group), {})); }
  // A transaction of a table that was announced before.
  const std::string& next() const { return next_; }
  const std::string& frame() const { return session_.frame(); }
  crypto::KeyProvider* keys() { return keys_.get(); }

 private:
  ScratchDir dir_;
  std::unique_ptr<crypto::KeyRingSource> keys_;
  batcher::Window window_{batcher::WindowLimits{}};
  KeepingSession session_;
  std::unique_ptr<batcher::Sealer> sealer_;
  std::string first_, next_;
};

void GatherOne(benchmark::State& state) {
  Batcher batcher;
  std::string records;
  batcher::Group group;
  Measure(
      state, [&] { records = batcher.next(); },
      [&] {
        batcher.Gather(std::move(records));
        group = batcher.Take();
      });
}

void SealOne(benchmark::State& state) {
  Batcher batcher;
  batcher::Group group;
  Measure(
      state,
      [&] {
        batcher.Gather(batcher.next());
        group = batcher.Take();
      },
      [&] { batcher.Seal(std::move(group)); });
}

void VerifyOne(benchmark::State& state) {
  Batcher batcher;
  Measure(
      state, [] {},
      [&] {
        const auto verifier = wire::NewFrameVerifier();
        Must(verifier->Append(batcher.frame()));
        WagonHeader header;
        std::string hash;
        Must(verifier->Finish(&header, &hash));
      });
}

void OpenOne(benchmark::State& state) {
  Batcher batcher;
  Measure(
      state, [] {},
      [&] {
        bool given = false;
        const auto reader = Must(wire::WagonReader::Open([&]() -> Result<std::string> {
          if (std::exchange(given, true)) return std::string();
          return batcher.frame();
        }));
        Must(reader->Unlock(batcher.keys()));
        while (!Must(reader->Next()).empty()) {
        }
      });
}

void ColdOrNot(benchmark::internal::Benchmark* b) {
  b->ArgName("cold")->Arg(0)->Arg(1)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.3);
}

BENCHMARK(GatherOne)->Name("small/window")->Apply(ColdOrNot);
BENCHMARK(SealOne)->Name("small/seal")->Apply(ColdOrNot);
BENCHMARK(VerifyOne)->Name("small/verify")->Apply(ColdOrNot);
BENCHMARK(OpenOne)->Name("small/open")->Apply(ColdOrNot);

}  // namespace

}  // namespace srdf::bench
