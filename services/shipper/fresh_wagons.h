// FreshWagons: the newest wagons of the outbox, kept in memory until the link has sent them.
//
// A quiet flow stores a small wagon and sends it at once: the link gets it from here, and does not read back
// what was written a moment ago. The outbox stays the truth: BeginAttempt takes a wagon from here only as it
// was stored (store::AttemptStart), and whatever is not here, or not next, is looked up there.
//
// Bounds: kFreshWagonsMax wagons of at most kFreshBytesMax bytes, one following the other. A link that is
// behind looks the later ones up when their turn comes.
//
// Thread rules: plain values; guarded by the link's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "store/outbox.h"

namespace srdf::shipper {

constexpr size_t kFreshBytesMax = 64u << 10;  // less than a chunk
constexpr size_t kFreshWagonsMax = 4;

// A wagon to be sent. One that was looked up has no frame: its chunks are read as they go.
struct FreshWagon {
  store::OutboxWagon wagon;
  std::string frame;
};

class FreshWagons {
 public:
  // The outbox's end has moved: by this wagon, or in another way.
  void Stored(std::optional<FreshWagon> fresh) {
    newest_ = fresh ? fresh->wagon.header.sequence : 0;
    if (!fresh) return wagons_.clear();
    if (fresh->frame.empty()) return;  // a large one
    if (!wagons_.empty() && wagons_.back().wagon.header.sequence + 1 != newest_) return;
    if (wagons_.size() < kFreshWagonsMax) wagons_.push_back(std::move(*fresh));
  }
  void Clear() { Stored(std::nullopt); }
  // It follows all that the outbox holds, has been sent, and is being stored.
  void SentEarly(uint64_t sequence) { newest_ = sequence; }

  // The wagon that follows `after`, if it is here; those before it are forgotten.
  std::optional<FreshWagon> Take(uint64_t after) {
    while (!wagons_.empty() && wagons_.front().wagon.header.sequence <= after) wagons_.pop_front();
    if (wagons_.empty() || wagons_.front().wagon.header.sequence != after + 1) return std::nullopt;
    std::optional<FreshWagon> next(std::move(wagons_.front()));
    wagons_.pop_front();
    return next;
  }
  // Whether the outbox is known to hold nothing after this one. While the end only grows by wagons that are
  // told here, looking there tells no more.
  bool NothingAfter(uint64_t after) const { return newest_ != 0 && newest_ == after; }

 private:
  std::deque<FreshWagon> wagons_;
  uint64_t newest_ = 0;  // 0: not known
};

}  // namespace srdf::shipper
