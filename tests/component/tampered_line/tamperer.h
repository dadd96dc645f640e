// Tamperer: somebody between a shipper and its receiver: to the one a receiver, to the other a shipper.
// Passes everything on, but does to chunks what it is told to.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "srdf/receiver/v1/receiver.grpc.pb.h"

namespace srdf::test {

enum class Fault {
  kFlip,           // one bit, the checksum as it was
  kFlipKnowingly,  // one bit, and a checksum that fits
  kDrop,           // a chunk
  kRepeat,         // a chunk
  kSwap,           // two chunks that follow each other
  kTruncate,       // a chunk, with a checksum that fits
  kRubbish,        // a chunk of nonsense in between
  kCountLies,      // chunk_count of one chunk
  kUidLies,        // wagon_uid of one chunk
  kHashLies,       // wagon_hash of one chunk
  kSequenceLies,   // sequence of one chunk
  kReplay,         // the first chunk of an earlier wagon, again
  kDropWagon,      // all chunks of a wagon, once
  kCut,            // the stream
};
inline constexpr int kFaults = static_cast<int>(Fault::kCut) + 1;
const char* FaultName(Fault fault);

class Tamperer final : public receiver::v1::ReceiverService::Service {
 public:
  using Request = receiver::v1::DeliverRequest;

  Tamperer(const std::shared_ptr<grpc::Channel>& receiver, uint64_t seed)
      : stub_(receiver::v1::ReceiverService::NewStub(receiver)), random_(seed) {}

  // Once, as soon as a chunk comes that it can be done to.
  void Arm(Fault fault);
  // To one in `one_in` chunks, whatever comes to mind, but at most twice to the same wagon; 0: to none.
  void SetRandom(unsigned one_in);
  std::map<Fault, uint64_t> done() const;

  grpc::Status Deliver(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<receiver::v1::DeliverResponse, Request>* down) override;

 private:
  // One stream's.
  struct Held {
    std::optional<Request> swapped;  // goes after the next chunk
    std::optional<Request> first;    // of the wagon before
    uint64_t dropped_sequence = 0;   // of kDropWagon
  };
  // What goes on instead of `request`. Nothing: the stream is cut.
  std::optional<std::vector<Request>> Tamper(const Request& request, Held* held);
  std::optional<Fault> Choose(const receiver::v1::DeliverRequest::Chunk& chunk, const Held& held);
  void Damage(Fault fault, Request* request);
  uint64_t Below(uint64_t n) { return random_() % n; }

  const std::unique_ptr<receiver::v1::ReceiverService::Stub> stub_;
  mutable std::mutex mu_;
  // guarded by mu_
  std::mt19937_64 random_;
  std::optional<Fault> armed_;
  unsigned one_in_ = 0;
  std::map<uint64_t, int> by_sequence_;
  std::map<Fault, uint64_t> done_;
};

}  // namespace srdf::test
