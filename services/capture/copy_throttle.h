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

  // Both outlive it.
  CopyThrottle(engine::SourceEngine* source, const FeedSession* session)
      : source_(source), session_(session) {}

  // Sessions at work at the source, the copy's own included; 0: 8, or four times the processors here when
  // that is more.
  void SetThreadsRunningMax(uint64_t threads);
  // Why nothing is to be read now, in words; empty: nothing stands against it.
  std::string Hindrance();

 private:
  static uint64_t Default();

  engine::SourceEngine* const source_;
  const FeedSession* const session_;

  std::mutex mu_;
  // guarded by mu_
  uint64_t threads_running_max_ = Default();
  std::chrono::steady_clock::time_point asked_{};
  uint64_t threads_running_ = 0;
};

}  // namespace srdf::capture
