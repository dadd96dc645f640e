// FeedClient: capture's way to the batcher.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/position.h"

namespace srdf::rpc {
class Security;
}

namespace srdf::capture {

// What has become of what was sent over a feed.
struct FeedDurable {
  SourcePosition position;  // durable in the outbox up to here, with the state of the copy
  uint64_t ends = 0;        // so many transaction ends of this feed are
};
// What the destination has not applied yet; known to a factor of two (in MiB), and some 200 ms old.
struct FeedDelivery {
  uint64_t unapplied_wagons = 0;
  uint64_t unapplied_bytes = 0;
  bool outbox_full = false;
};

// One open feed. Send comes from one thread at a time; Ended and Cancel from any.
class FeedSession {
 public:
  virtual ~FeedSession() = default;
  // Where the batcher wants to be fed from.
  virtual const SourcePosition& resume() const = 0;
  // A whole number of change-stream records. Blocks while the batcher is full. An error ends the session;
  // nothing is known of what was sent since the last durable position, and nothing needs to be.
  virtual Status Send(std::string_view records) = 0;
  // OK while the session lives, then why it ended.
  virtual Status Ended() const = 0;
  // True when something that was sent became durable.
  virtual bool progressed() const = 0;
  // Any thread. What was told last; before anything is, the position to resume from and no end.
  virtual FeedDurable durable() const = 0;
  // Any thread. Waits until this many transaction ends of this feed are durable: of a mark, rows of a copy or
  // a new state of it told at once, of others within what comes later. kDeadlineExceeded, or why the session
  // ended.
  virtual Status WaitDurable(uint64_t ends, std::chrono::milliseconds timeout) = 0;
  // Any thread.
  virtual FeedDelivery delivery() const = 0;
  // Any thread: ends the session, a blocked Send included.
  virtual void Cancel() = 0;
};

class FeedClient {
 public:
  virtual ~FeedClient() = default;
  // `on_end` is called once, on another thread, when the session ends by the batcher's doing.
  virtual Result<std::unique_ptr<FeedSession>> Open(const std::string& flow,
                                                    std::function<void()> on_end) = 0;
};

// A client of BatcherService at `address`.
std::unique_ptr<FeedClient> NewGrpcFeedClient(const std::string& address, const rpc::Security& security);

}  // namespace srdf::capture
