// ShipperClient: the batcher's way to the outbox.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/wagon.h"

namespace srdf::batcher {

// What the adaptive window goes by.
struct DeliveryState {
  uint64_t unapplied_wagons = 0;
  uint64_t unapplied_bytes = 0;
  bool outbox_full = false;
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
  // Any thread: ends the session, waits included.
  virtual void Cancel() = 0;
};

struct StoreEvents {
  std::function<void(const DeliveryState&)> on_state;  // on another thread
  std::function<void(Status)> on_end;                  // once, on another thread
};

class ShipperClient {
 public:
  virtual ~ShipperClient() = default;
  // Waits until the flow's starting point is known, some seconds at most (kUnavailable then).
  virtual Result<std::unique_ptr<StoreSession>> Open(const std::string& flow, StoreEvents events) = 0;
};

// A client of ShipperService at `address`.
std::unique_ptr<ShipperClient> NewGrpcShipperClient(const std::string& address);

}  // namespace srdf::batcher
