// BoundedQueue<T>: hands items from one stage to the next, limited in bytes and in items.
//
// Any number of producers and consumers. Push waits while the queue is over a limit (one item larger than
// the byte limit is let in when the queue is empty, so that nothing can block for ever); Pop waits while it
// is empty. Every wait ends when the stop token is triggered or the queue is closed. After Close, Push
// fails and Pop drains what is left, then returns nothing.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace srdf {

template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(size_t items_max, size_t bytes_max) : items_max_(items_max), bytes_max_(bytes_max) {}

  // False when closed or stopped; the item is then dropped.
  bool Push(T item, size_t bytes, std::stop_token stop) {
    std::unique_lock lock(mu_);
    const bool room = can_push_.wait(lock, stop, [&] {
      return closed_ || items_.empty() || (items_.size() < items_max_ && bytes_ + bytes <= bytes_max_);
    });
    if (!room || closed_) return false;
    bytes_ += bytes;
    items_.emplace_back(std::move(item), bytes);
    can_pop_.notify_one();
    return true;
  }

  // Nothing when stopped, or closed and empty.
  std::optional<T> Pop(std::stop_token stop) {
    std::unique_lock lock(mu_);
    const bool woke = can_pop_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    if (!woke || items_.empty()) return std::nullopt;
    return TakeFront();
  }

  std::optional<T> TryPop() {
    std::unique_lock lock(mu_);
    if (items_.empty()) return std::nullopt;
    return TakeFront();
  }

  void Close() {
    std::unique_lock lock(mu_);
    closed_ = true;
    can_push_.notify_all();
    can_pop_.notify_all();
  }

  size_t items() const {
    std::unique_lock lock(mu_);
    return items_.size();
  }
  size_t bytes() const {
    std::unique_lock lock(mu_);
    return bytes_;
  }

 private:
  std::optional<T> TakeFront() {
    auto [item, bytes] = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes;
    can_push_.notify_all();
    return std::move(item);
  }

  // constant
  const size_t items_max_;
  const size_t bytes_max_;

  mutable std::mutex mu_;
  std::condition_variable_any can_push_;
  std::condition_variable_any can_pop_;
  // guarded by mu_
  std::deque<std::pair<T, size_t>> items_;
  size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace srdf
