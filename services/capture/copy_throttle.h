// CopyThrottle: when a copy of tables lets others go first. Asked before each piece of work, by any thread;
// asks the source once a second at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "capture/feed_client.h"
#include "engine/source.h"

namespace srdf::capture {

class CopyThrottle {
 public:
  // What waits at the destination is applied in the order of the stream: changes wait behind copied rows.
  static constexpr uint64_t kUnappliedBytesMax = 64u << 20;

  // Both outlive it. `threads_running_max`: sessions at work at the source, the copy's own included.
  CopyThrottle(engine::SourceEngine* source, const FeedSession* session, uint64_t threads_running_max)
      : source_(source), session_(session), threads_running_max_(threads_running_max) {}

  // Why nothing is to be read now, in words; empty: nothing stands against it.
  std::string Hindrance();
  // 8, or four times the processors here when that is more.
  static uint64_t DefaultThreadsRunningMax();

 private:
  engine::SourceEngine* const source_;
  const FeedSession* const session_;
  const uint64_t threads_running_max_;

  std::mutex mu_;
  // guarded by mu_
  std::chrono::steady_clock::time_point asked_{};
  uint64_t threads_running_ = 0;
};

}  // namespace srdf::capture
