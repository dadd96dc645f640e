// FlowSlots: at most one stream per flow; a newcomer ends the one before it.
//
// A client that lost its connection comes back before the server has noticed the loss, so the newest stream
// is the one that counts. Enter cancels the present holder, waits for it to leave and takes the slot;
// leaving is the guard's destructor. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/status.h"

namespace srdf::rpc {

class FlowSlots {
 public:
  class Guard {
   public:
    Guard(FlowSlots* slots, std::string flow) : slots_(slots), flow_(std::move(flow)) {}
    Guard(Guard&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)), flow_(std::move(other.flow_)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (slots_ != nullptr) slots_->Leave(flow_);
    }

   private:
    FlowSlots* slots_;
    std::string flow_;
  };

  // `cancel` is called, from another thread, when a newcomer wants the slot or CancelAll is called.
  Result<Guard> Enter(const std::string& flow, std::function<void(Status)> cancel) {
    std::unique_lock lock(mu_);
    if (closed_) return Status(StatusCode::kUnavailable, "the service is stopping");
    if (const auto it = holders_.find(flow); it != holders_.end()) {
      it->second(Status(StatusCode::kAborted, "another stream took over flow " + flow));
    }
    const bool free = changed_.wait_for(lock, std::chrono::seconds(10),
                                        [&] { return closed_ || holders_.find(flow) == holders_.end(); });
    if (closed_ || !free)
      return Status(StatusCode::kUnavailable, "flow " + flow + " is still being released");
    holders_.emplace(flow, std::move(cancel));
    return Guard(this, flow);
  }

  bool Occupied(const std::string& flow) const {
    std::lock_guard lock(mu_);
    return holders_.find(flow) != holders_.end();
  }

  // Present holders are cancelled with `status`; they may come again.
  void EndAll(const Status& status) {
    std::lock_guard lock(mu_);
    for (auto& [flow, cancel] : holders_) cancel(status);
  }

  // No newcomer is let in any more; present holders are cancelled with `status`.
  void CancelAll(const Status& status) {
    std::lock_guard lock(mu_);
    closed_ = true;
    for (auto& [flow, cancel] : holders_) cancel(status);
    changed_.notify_all();
  }

 private:
  void Leave(const std::string& flow) {
    std::lock_guard lock(mu_);
    holders_.erase(flow);
    changed_.notify_all();
  }

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  std::map<std::string, std::function<void(Status)>> holders_;
  bool closed_ = false;
};

}  // namespace srdf::rpc
