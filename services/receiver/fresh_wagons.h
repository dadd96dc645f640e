// FreshWagons: small wagons that were just accepted, so that the applier's stream can hand them on without
// reading them back. A shortcut beside the inbox, which has each of them on disk: what is not here is read
// there.
//
// Bounded: kFreshWagonsMax of kFreshBytesMax each. Guarded by its owner's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace srdf::receiver {

inline constexpr size_t kFreshWagonsMax = 8;
inline constexpr size_t kFreshBytesMax = 64u << 10;

class FreshWagons {
 public:
  struct Wagon {
    uint64_t sequence = 0;
    std::string hash;
    std::string frame;
  };

  // Not kept when it is large, or there is no place; in the order of their sequence.
  void Put(uint64_t sequence, std::string_view hash, std::string_view frame) {
    if (frame.size() > kFreshBytesMax || wagons_.size() >= kFreshWagonsMax) return;
    wagons_.push_back({sequence, std::string(hash), std::string(frame)});
  }
  // The wagon of this sequence; those before it are forgotten.
  std::optional<Wagon> Take(uint64_t sequence) {
    while (!wagons_.empty() && wagons_.front().sequence < sequence) wagons_.pop_front();
    if (wagons_.empty() || wagons_.front().sequence != sequence) return std::nullopt;
    Wagon wagon = std::move(wagons_.front());
    wagons_.pop_front();
    return wagon;
  }
  void Clear() { wagons_.clear(); }

 private:
  std::deque<Wagon> wagons_;
};

}  // namespace srdf::receiver
