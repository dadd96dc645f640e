// ShipperClient: the batcher's way to the outbox.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "batcher/merge_plan.h"
#include "model/wagon.h"
#include "wire/wagon_frame.h"

namespace srdf::rpc {
class Security;
}

namespace srdf::batcher {

// What the adaptive window goes by.
struct DeliveryState {
  uint64_t unapplied_wagons = 0;
  uint64_t unapplied_bytes = 0;
  bool outbox_full = false;
};

// What waits in the outbox and was never sent.
struct UnsentTail {
  bool away = false;  // nothing can be sent now
  ChainTip before;    // what the first of them follows
  std::vector<UnsentWagon> wagons;
};

// The end of the outbox, for whoever merges it. Calls come from the sealer's thread, one replacement at a
// time, and not while a wagon is being stored.
class TailStore {
 public:
  virtual ~TailStore() = default;
  virtual Result<UnsentTail> GetUnsentTail() = 0;
  virtual Result<wire::FramePieces> OpenFrame(const std::string& uid) = 0;
  // The wagons from `first_sequence` to the tip are to be replaced by those that are sent now.
  virtual Status BeginReplace(uint64_t first_sequence, const std::vector<std::string>& hashes,
                              const std::string& actor) = 0;
  // As StoreSession::Send; `covers`, with `last`: how many of the replaced wagons this one holds.
  virtual Status SendMerged(std::string_view piece, bool last, size_t covers) = 0;
  // The new tip when all are replaced. kAborted and others: nothing has changed, the session goes on.
  virtual Result<ChainTip> CommitReplace() = 0;
  virtual Status AbandonReplace() = 0;
};

// One open Store stream. Send and WaitStored come from the sealer's thread.
class StoreSession {
 public:
  virtual ~StoreSession() = default;
  // What the outbox held when the session was opened.
  virtual const ChainTip& tip() const = 0;
  // The next piece of the frame; `last` ends it. Blocks while the shipper is busy.
  virtual Status Send(std::string_view piece, bool last) = 0;
  // Waits until the frame sent last is durable in the outbox, and returns the new tip.
  virtual Result<ChainTip> WaitStored() = 0;
  // Null where the end of the outbox cannot be rewritten. Lives as long as the session.
  virtual TailStore* tail() { return nullptr; }
  // Any thread: ends the session, waits included.
  virtual void Cancel() = 0;
};

struct StoreEvents {
  std::function<void(const DeliveryState&)> on_state;  // on another thread
  std::function<void(Status)> on_end;                  // once, on another thread
  // The frame sent last is durable, and this the new tip. True: WaitStored will not be called for it.
  std::function<bool(const ChainTip&)> on_stored = nullptr;
  // While fewer wagons are unapplied, on_state need not tell that they have become fewer still; 0: it does.
  uint64_t waits_from_wagons = 0;
};

class ShipperClient {
 public:
  virtual ~ShipperClient() = default;
  // Waits until the flow's starting point is known, some seconds at most (kUnavailable then).
  virtual Result<std::unique_ptr<StoreSession>> Open(const std::string& flow, StoreEvents events) = 0;
};

// A client of ShipperService at `address`.
std::unique_ptr<ShipperClient> NewGrpcShipperClient(const std::string& address,
                                                    const rpc::Security& security);

}  // namespace srdf::batcher
