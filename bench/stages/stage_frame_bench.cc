// frame: a compacted payload into a wagon's frame (serialize, compress, encrypt, hash) and out of it again,
// with each step on and off.
#include <benchmark/benchmark.h>

#include "crypto/aead.h"
#include "crypto/key_ring.h"
#include "stages/bench_wagon.h"
#include "stages/stage_meter.h"
#include "wire/sha256.h"

namespace srdf::bench {

namespace {

class OneKey : public crypto::KeyProvider {
 public:
  explicit OneKey(crypto::WagonKeyPtr key) : key_(std::move(key)) {}
  Result<crypto::WagonKeyPtr> Find(const std::string&) override { return key_; }

 private:
  const crypto::WagonKeyPtr key_;
};

const crypto::WagonKeyPtr& Key() {
  static const crypto::WagonKeyPtr key =
      std::make_shared<crypto::WagonKey>(crypto::WagonKey{"bench", crypto::SecretKey::Random()});
  return key;
}

struct Steps {
  Codec codec;
  int level;
  bool encrypt;
};

wire::WagonBuilderOptions OptionsOf(const Steps& steps) {
  wire::WagonBuilderOptions options;
  options.codec = steps.codec;
  options.level = steps.level;
  options.spill_dir = "/tmp";
  if (steps.encrypt) options.key = Key();
  return options;
}

const Payload& PayloadOf(benchmark::State& state) {
  return SharedPayload(Load::kUniform, static_cast<uint32_t>(state.range(0)));
}

void Build(benchmark::State& state, Steps steps) {
  const Payload& payload = PayloadOf(state);
  WagonHeader header = WagonChain("bench").NextOpaque(1).header;
  header.tables = payload.tables;
  uint64_t frame_bytes = 0;
  StageMeter meter(&state);
  for (auto _ : state) {
    const auto builder = Must(wire::NewWagonBuilder(OptionsOf(steps)));
    Must(builder->Append(payload.records));
    std::string hash;
    frame_bytes = 0;
    const auto sink = [&frame_bytes](std::string_view piece) {
      frame_bytes += piece.size();
      return Status::Ok();
    };
    Must(builder->Finish(&header, 1u << 20, sink, &hash));
  }
  meter.Report(payload.rows_after, payload.records.size());
  state.counters["frame_bytes/byte"] =
      static_cast<double>(frame_bytes) / static_cast<double>(payload.records.size());
}

Wagon WagonOf(const Payload& payload, const Steps& steps) {
  return WagonChain("bench").Next(payload, 1, OptionsOf(steps));
}

void Read(benchmark::State& state, Steps steps) {
  const Payload& payload = PayloadOf(state);
  const Wagon wagon = WagonOf(payload, steps);
  OneKey keys(Key());
  StageMeter meter(&state);
  for (auto _ : state) {
    const auto reader = Must(wire::WagonReader::Open(PiecesOf(wagon)));
    Must(reader->Unlock(&keys));
    uint64_t bytes = 0;
    for (;;) {
      const std::string_view records = Must(reader->Next());
      if (records.empty()) break;
      bytes += records.size();
    }
    benchmark::DoNotOptimize(bytes);
  }
  meter.Report(payload.rows_after, payload.records.size());
}

// What shipper, receiver and applier do with a frame that passes; bytes are the frame's.
void Verify(benchmark::State& state) {
  const Payload& payload = PayloadOf(state);
  const Wagon wagon = WagonOf(payload, {Codec::kZstd, 3, true});
  StageMeter meter(&state);
  for (auto _ : state) {
    const auto verifier = wire::NewFrameVerifier();
    for (const std::string& piece : wagon.pieces) Must(verifier->Append(piece));
    WagonHeader header;
    std::string hash;
    Must(verifier->Finish(&header, &hash));
  }
  meter.Report(payload.rows_after, wagon.frame_bytes);
}

void Hash(benchmark::State& state) {
  const std::string bytes(1u << 20, 'x');
  StageMeter meter(&state);
  for (auto _ : state) {
    wire::Sha256 sha;
    sha.Append(bytes);
    benchmark::DoNotOptimize(sha.Finish());
  }
  meter.Report(0, bytes.size());
}

void Seal(benchmark::State& state) {
  const std::string bytes(64u << 10, 'x');
  crypto::Aead aead(Key()->secret);
  crypto::AeadNonce nonce{};
  std::string out;
  StageMeter meter(&state);
  for (auto _ : state) {
    out.clear();
    ++nonce[0];
    aead.Seal(nonce, {}, bytes, &out);
  }
  meter.Report(0, bytes.size());
}

void Sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("transactions")->Arg(1)->Arg(200)->Arg(2'000)->Arg(20'000)->Unit(benchmark::kMicrosecond);
}
void Largest(benchmark::internal::Benchmark* b) {
  b->ArgName("transactions")->Arg(20'000)->Unit(benchmark::kMicrosecond);
}

constexpr Steps kPlain{Codec::kNone, 0, false};
constexpr Steps kEncrypt{Codec::kNone, 0, true};
constexpr Steps kZstd1{Codec::kZstd, 1, false};
constexpr Steps kZstd3{Codec::kZstd, 3, false};
constexpr Steps kGzip6{Codec::kGzip, 6, false};
constexpr Steps kAll{Codec::kZstd, 3, true};  // as by default

BENCHMARK_CAPTURE(Build, plain, kPlain)->Name("frame/build/none")->Apply(Largest);
BENCHMARK_CAPTURE(Build, encrypt, kEncrypt)->Name("frame/build/none+encrypt")->Apply(Largest);
BENCHMARK_CAPTURE(Build, zstd1, kZstd1)->Name("frame/build/zstd1")->Apply(Largest);
BENCHMARK_CAPTURE(Build, zstd3, kZstd3)->Name("frame/build/zstd3")->Apply(Largest);
BENCHMARK_CAPTURE(Build, gzip6, kGzip6)->Name("frame/build/gzip6")->Apply(Largest);
BENCHMARK_CAPTURE(Build, all, kAll)->Name("frame/build/zstd3+encrypt")->Apply(Sizes);
BENCHMARK_CAPTURE(Read, plain, kPlain)->Name("frame/read/none")->Apply(Largest);
BENCHMARK_CAPTURE(Read, encrypt, kEncrypt)->Name("frame/read/none+encrypt")->Apply(Largest);
BENCHMARK_CAPTURE(Read, zstd3, kZstd3)->Name("frame/read/zstd3")->Apply(Largest);
BENCHMARK_CAPTURE(Read, all, kAll)->Name("frame/read/zstd3+encrypt")->Apply(Sizes);
BENCHMARK(Verify)->Name("frame/verify/zstd3+encrypt")->Apply(Largest);
BENCHMARK(Hash)->Name("frame/sha256");
BENCHMARK(Seal)->Name("frame/aes256gcm");

}  // namespace

}  // namespace srdf::bench
