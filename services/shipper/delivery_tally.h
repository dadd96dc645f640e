// DeliveryTally: how much of the outbox is not applied, kept in memory while that is little.
//
// The batcher is told of it with every wagon stored and applied, and counting in the outbox each time would
// cost as much as storing. Begun from what the outbox says; kept by what is stored and applied since; given
// up (not known) whenever something else happens, or there are too many to remember.
//
// Thread rules: plain values; guarded by its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "store/outbox.h"

namespace srdf::shipper {

class DeliveryTally {
 public:
  static constexpr size_t kWagonsMax = 256;

  bool known() const { return known_; }
  uint64_t wagons() const { return unapplied_.size(); }
  uint64_t bytes() const { return bytes_; }

  void Begin(const store::UnappliedWagons& unapplied) {
    Forget();
    if (!unapplied.all) return;
    newest_ = unapplied.tip_sequence;
    for (const auto& wagon : unapplied.wagons) {
      if (wagon.sequence > newest_) return Forget();
      unapplied_.push_back(wagon);
      bytes_ += wagon.frame_bytes;
    }
    known_ = true;
  }
  void Forget() {
    known_ = false;
    unapplied_.clear();
    bytes_ = 0;
  }
  void Stored(uint64_t sequence, uint64_t frame_bytes) {
    if (!known_ || sequence <= newest_) return;  // it was in the outbox when this began
    if (sequence != newest_ + 1 || unapplied_.size() >= kWagonsMax) return Forget();
    newest_ = sequence;
    unapplied_.push_back({sequence, frame_bytes});
    bytes_ += frame_bytes;
  }
  void Applied(uint64_t sequence) {
    if (sequence > newest_) return Forget();  // faster than the word that it is stored, or no wagon of ours
    while (!unapplied_.empty() && unapplied_.front().sequence <= sequence) {
      bytes_ -= unapplied_.front().frame_bytes;
      unapplied_.pop_front();
    }
  }

 private:
  bool known_ = false;
  uint64_t newest_ = 0;
  std::deque<store::UnappliedWagons::Wagon> unapplied_;
  uint64_t bytes_ = 0;
};

}  // namespace srdf::shipper
