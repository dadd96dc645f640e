// StreamWriter: what leaves by one end of a stream, one operation at a time.
//
// A message is handed to the transport by the thread that writes it. While the one before is still on its
// way, small messages queue up; a writer waits when the queue is full, which is the back-pressure of a peer
// that does not read.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "rpc/stream_loop.h"

namespace srdf::rpc {

template <typename Message>
class StreamWriter final : public LoopEvent {
 public:
  // Bytes that may queue up.
  static constexpr size_t kQueuedBytesMax = 64u << 10;

  // `start` begins to send one message, with this object as the tag. Nothing is sent before Open.
  explicit StreamWriter(std::function<void(const Message&, void* tag)> start) : start_(std::move(start)) {}

  // The stream is there; what was written meanwhile leaves. Or it never will be.
  void Open(bool ok) { OnEvent(ok); }
  // Begins with something else than a message, whose tag is this object.
  bool StartOther(const std::function<void(void* tag)>& start) {
    std::unique_lock lock(mu_);
    if (!WaitForTurn(&lock)) return false;
    busy_ = true;
    start(this);
    return true;
  }

  // Any thread. False when the stream has ended, or Close was called; what was queued by then may be lost.
  bool Write(const Message& message) {
    std::unique_lock lock(mu_);
    if (closed_ || broken_) return false;
    if (busy_) {
      const size_t bytes = message.ByteSizeLong();
      if (queued_bytes_ + bytes <= kQueuedBytesMax) {
        queued_bytes_ += bytes;
        queue_.emplace_back(message, bytes);
        return true;
      }
      if (!WaitForTurn(&lock)) return false;
    }
    busy_ = true;
    start_(message, this);
    return true;
  }

  // Nothing is written any more; what is queued still leaves.
  void Close() {
    std::lock_guard lock(mu_);
    closed_ = true;
    idle_.notify_all();
  }
  // Until everything has left, or cannot. After Close; not on the loop's thread.
  void WaitIdle() {
    std::unique_lock lock(mu_);
    idle_.wait(lock, [&] { return !busy_; });
  }

  // One operation is over.
  void OnEvent(bool ok) override {
    std::lock_guard lock(mu_);
    if (!ok) {
      broken_ = true;
      queue_.clear();
    }
    if (queue_.empty()) {
      queued_bytes_ = 0;
      busy_ = false;
      idle_.notify_all();
      return;
    }
    const auto [message, bytes] = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= bytes;
    start_(message, this);
  }

 private:
  bool WaitForTurn(std::unique_lock<std::mutex>* lock) {
    if (busy_) {
      const BlockingSection section;
      idle_.wait(*lock, [&] { return !busy_ || closed_ || broken_; });
    }
    return !closed_ && !broken_;
  }

  const std::function<void(const Message&, void* tag)> start_;
  std::mutex mu_;
  std::condition_variable idle_;
  // guarded by mu_
  std::deque<std::pair<Message, size_t>> queue_;
  size_t queued_bytes_ = 0;
  bool busy_ = true;  // until Open
  bool closed_ = false;
  bool broken_ = false;
};

}  // namespace srdf::rpc
