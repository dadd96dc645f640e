#include "capture/copy_throttle.h"

#include <algorithm>
#include <thread>

namespace srdf::capture {

std::string CopyThrottle::Hindrance() {
  const FeedDelivery delivery = session_->delivery();
  if (delivery.outbox_full) return "the outbox is full";
  if (delivery.unapplied_bytes > kUnappliedBytesMax) {
    return "the target lags: " + std::to_string(delivery.unapplied_bytes >> 20) + " MiB are not applied";
  }
  std::lock_guard lock(mu_);
  const auto now = std::chrono::steady_clock::now();
  if (now - asked_ >= std::chrono::seconds(1)) {
    asked_ = now;
    // A source that cannot be asked is found out by who reads its rows.
    auto running = source_->ThreadsRunning();
    threads_running_ = running.ok() ? *running : 0;
  }
  if (threads_running_ <= threads_running_max_) return {};
  return "the source is busy: " + std::to_string(threads_running_) + " sessions are at work, " +
         std::to_string(threads_running_max_) + " are the limit (srdfctl establish --source-threads)";
}

void CopyThrottle::SetThreadsRunningMax(uint64_t threads) {
  std::lock_guard lock(mu_);
  threads_running_max_ = threads == 0 ? Default() : threads;
}

uint64_t CopyThrottle::Default() { return std::max<uint64_t>(8, 4ull * std::thread::hardware_concurrency()); }

}  // namespace srdf::capture
