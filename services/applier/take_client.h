// TakeClient: the applier's way to the inbox.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/skip.h"
#include "model/wagon.h"

namespace srdf::rpc {
class Security;
}

namespace srdf::applier {

// A wagon that an operator has decided to skip.
struct SkippedWagon {
  WagonHeader header;
  SkipDecision decision;
};

struct TakenChunk {
  std::optional<SkippedWagon> skipped;  // then it is no chunk: the wagon is passed without its changes
  uint64_t sequence = 0;
  std::string wagon_hash;
  uint32_t chunk_no = 0;
  uint32_t chunk_count = 0;
  std::string data;
};

// Next, Applied and Failed come from one thread; Cancel from any.
class TakeSession {
 public:
  virtual ~TakeSession() = default;
  // Waits until the receiver has taken over the checkpoint, or says why it does not.
  virtual Status WaitOpen() = 0;
  // The next chunk, in order; waits for it as long as it takes. An error ends the session.
  virtual Result<TakenChunk> Next() = 0;
  // With `skipped`: the target has moved past it without applying it.
  virtual Status Applied(uint64_t sequence, bool skipped) = 0;
  // Ends the session.
  virtual Status Failed(uint64_t sequence, const Status& problem) = 0;
  virtual void Cancel() = 0;
};

class TakeClient {
 public:
  virtual ~TakeClient() = default;
  // `skipped`: wagons up to the checkpoint that the target has skipped.
  virtual std::unique_ptr<TakeSession> Open(const std::string& flow, const ChainTip& checkpoint,
                                            const std::vector<uint64_t>& skipped) = 0;
  // Asks beside any session whether the wagon is to be skipped by now.
  virtual Result<bool> IsToBeSkipped(const std::string& flow, uint64_t sequence) = 0;
};

// A client of ReceiverService at `address`.
std::unique_ptr<TakeClient> NewGrpcTakeClient(const std::string& address, const rpc::Security& security);

}  // namespace srdf::applier
