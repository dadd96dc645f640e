// FeedClient: capture's way to the batcher.
#pragma once

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
