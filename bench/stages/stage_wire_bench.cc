// wire: chunks of wagons over a real gRPC stream between two ends in this process, sent by the shipper's own
// client, in plaintext and with mutual TLS. The other end reads them and answers a receipt per wagon.
//
// Both ends share this machine's cores. Allocations are those of the sending thread.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "codec/crc32.h"
#include "pki/development.h"
#include "pki/security_dir.h"
#include "rpc/security.h"
#include "rpc/server.h"
#include "shipper/receiver_client.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"
#include "stages/scratch_dir.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

constexpr char kFlow[] = "bench";
constexpr char kMesh[] = "bench";
constexpr size_t kChunkBytes = 1u << 20;
constexpr uint32_t kChunks = 16;  // of a wagon

class ReadingReceiver
    : public receiver::v1::ReceiverService::WithAsyncMethod_Deliver<receiver::v1::ReceiverService::Service> {
 public:
  using Stream = rpc::ServerDuplex<receiver::v1::DeliverRequest, receiver::v1::DeliverResponse>;

  void AddTo(rpc::Server* server) {
    server->AddService(this);
    server->AddStream(
        std::make_unique<rpc::DuplexMethod<receiver::v1::DeliverRequest, receiver::v1::DeliverResponse>>(
            [this](auto... accept) { RequestDeliver(accept...); },
            [](const std::shared_ptr<Stream>& stream) {
              stream->ForEach(
                  [&](receiver::v1::DeliverRequest& request) { return Answer(stream.get(), request); });
              return grpc::Status::OK;
            }));
  }

 private:
  static bool Answer(Stream* stream, const receiver::v1::DeliverRequest& request) {
    const auto& chunk = request.chunk();
    if (!request.has_chunk() || chunk.continues() || chunk.chunk_no() + 1 != chunk.chunk_count()) return true;
    receiver::v1::DeliverResponse response;
    response.mutable_receipt()->set_sequence(chunk.sequence());
    response.mutable_receipt()->set_receipt(receiver::v1::RECEIPT_ACCEPTED);
    return stream->Write(response);
  }
};

// Made once, and kept until the program ends: gRPC's readers of certificates outlive their channels by
// moments, and complain into the table of files that are gone.
class Certificates {
 public:
  static const std::string& dir() {
    static const Certificates certificates;
    return certificates.dir_.path();
  }

 private:
  Certificates() {
    pki::DevelopmentOptions options;
    options.dir = dir_.path();
    options.mesh = kMesh;
    options.flows = {kFlow};
    options.now_ms = WallClockMs();
    Must(pki::MakeDevelopmentFiles(options).status());
  }

  const ScratchDir dir_;
};

class Line {
 public:
  explicit Line(bool mtls) {
    config::Config config;
    config.mesh = kMesh;
    config.security_mode = mtls ? "mtls" : "insecure";
    if (mtls) {
      config.security_dir = Certificates::dir();
      config::FlowConfig flow;
      flow.name = kFlow;
      flow.token_file = pki::SecurityDir(config.security_dir).token(kFlow);
      config.flows.push_back(flow);
    }
    receiver_ = Must(rpc::Security::Open(config, "receiver"));
    shipper_ = Must(rpc::Security::Open(config, "shipper"));
    server_ = std::make_unique<rpc::Server>("127.0.0.1:0", receiver_->ForServer([](rpc::Refusal) {}));
    service_.AddTo(server_.get());
    Must(server_->Start());
    client_ = shipper::NewGrpcReceiverClient("127.0.0.1:" + std::to_string(server_->port()), *shipper_);
    shipper::DeliverEvents events;
    events.on_receipt = [this](const shipper::WagonReceipt& receipt) { Received(receipt.sequence); };
    events.on_end = [this](const Status& status) { Ended(status); };
    session_ = client_->Open(kFlow, 1, std::move(events));
  }
  ~Line() {
    session_.reset();
    server_->Drain(std::chrono::milliseconds(0));
  }

  shipper::DeliverSession* session() { return session_.get(); }
  Status WaitReceipt(uint64_t sequence) {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return received_ >= sequence || !ended_.ok(); });
    return ended_;
  }

 private:
  void Received(uint64_t sequence) {
    std::lock_guard lock(mu_);
    received_ = sequence;
    changed_.notify_all();
  }
  void Ended(const Status& status) {
    std::lock_guard lock(mu_);
    ended_ = status;
    changed_.notify_all();
  }

  std::unique_ptr<rpc::Security> receiver_, shipper_;
  ReadingReceiver service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<shipper::ReceiverClient> client_;
  std::mutex mu_;
  std::condition_variable changed_;
  uint64_t received_ = 0;                             // guarded by mu_
  Status ended_;                                      // guarded by mu_
  std::unique_ptr<shipper::DeliverSession> session_;  // last: its thread uses the others
};

shipper::ChunkToSend FirstChunk(uint32_t chunk_count) {
  shipper::ChunkToSend chunk;
  chunk.wagon_uid = std::string(32, '0');
  chunk.wagon_hash = std::string(32, 'h');
  chunk.chunk_count = chunk_count;
  return chunk;
}

// A wagon of kChunks chunks, each sent in messages of this size, then its receipt.
void Deliver(benchmark::State& state, bool mtls) {
  const auto message_bytes = static_cast<size_t>(state.range(0));
  Line line(mtls);
  const std::string data(kChunkBytes, 'x');
  shipper::ChunkToSend chunk = FirstChunk(kChunks);
  StageMeter meter(&state);
  for (auto _ : state) {
    ++chunk.sequence;
    for (chunk.chunk_no = 0; chunk.chunk_no < kChunks; ++chunk.chunk_no) {
      std::string read = data;  // the outbox gives each chunk as a string of its own
      chunk.data_crc32 = codec::Crc32(read);
      for (size_t at = 0; at < kChunkBytes; at += message_bytes) {
        shipper::ChunkToSend message = chunk;
        message.continues = at + message_bytes < kChunkBytes;
        message.data = message_bytes == kChunkBytes ? std::move(read) : read.substr(at, message_bytes);
        if (!line.session()->Send(std::move(message))) break;
      }
    }
    Must(line.WaitReceipt(chunk.sequence));
  }
  meter.Report(0, kChunks * kChunkBytes);
}

// A wagon of one small message and its receipt; an item is a wagon.
void RoundTrip(benchmark::State& state, bool mtls) {
  Line line(mtls);
  shipper::ChunkToSend chunk = FirstChunk(1);
  StageMeter meter(&state);
  for (auto _ : state) {
    ++chunk.sequence;
    chunk.data.assign(1 << 10, 'x');
    line.session()->Send(chunk);
    Must(line.WaitReceipt(chunk.sequence));
  }
  meter.Report(1, 1 << 10);
}

// What both ends of a line do to each chunk besides.
void Checksum(benchmark::State& state) {
  std::string data(static_cast<size_t>(state.range(0)), 'x');
  StageMeter meter(&state);
  for (auto _ : state) benchmark::DoNotOptimize(codec::Crc32(data));
  meter.Report(0, data.size());
}

void Messages(benchmark::internal::Benchmark* b) {
  b->ArgName("message_bytes")->Arg(64 << 10)->Arg(1 << 20)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Deliver, insecure, false)->Name("wire/deliver/insecure")->Apply(Messages);
BENCHMARK_CAPTURE(Deliver, mtls, true)->Name("wire/deliver/mtls")->Apply(Messages);
BENCHMARK(Checksum)->Name("wire/checksum")->ArgName("bytes")->Arg(256)->Arg(kChunkBytes);
BENCHMARK_CAPTURE(RoundTrip, insecure, false)
    ->Name("wire/round_trip/insecure")
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(RoundTrip, mtls, true)
    ->Name("wire/round_trip/mtls")
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

}  // namespace srdf::bench
