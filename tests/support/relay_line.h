// RelayLine: one direction of a relay's line: when a byte that was read may be handed on, and what happens to
// it. RelayPipe: the bytes of one connection that are on this line. No sockets; time is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>

#include "support/tcp_relay.h"

namespace srdf::test {

using RelayTime = std::chrono::steady_clock::time_point;

class RelayPipe {
 public:
  // The bytes that have arrived; empty while the first ones are on the line.
  std::string_view Arrived(RelayTime now) const {
    if (pieces_.empty() || pieces_.front().at > now) return {};
    return std::string_view(pieces_.front().bytes).substr(written_);
  }
  void HandedOn(size_t bytes) {
    written_ += bytes;
    held_ -= bytes;
    if (written_ < pieces_.front().bytes.size()) return;
    pieces_.pop_front();
    written_ = 0;
  }
  bool empty() const { return pieces_.empty(); }
  size_t held() const { return held_; }
  std::optional<RelayTime> next() const {
    return pieces_.empty() ? std::nullopt : std::optional(pieces_.front().at);
  }

  bool ended = false;       // the sender will send no more
  bool end_passed = false;  // and the other end knows
  bool lost = false;        // bytes were swallowed

 private:
  friend class RelayLine;
  struct Piece {
    RelayTime at;
    std::string bytes;
  };
  std::deque<Piece> pieces_;
  size_t written_ = 0;  // of the first piece
  size_t held_ = 0;
};

class RelayLine {
 public:
  void SetFaults(const LineFaults& faults) { faults_ = faults; }
  const LineFaults& faults() const { return faults_; }
  void FlipByteAfter(uint64_t bytes) { flip_at_ = taken_ + bytes; }
  void ResetAfter(uint64_t bytes) { reset_at_ = taken_ + bytes; }
  void Heal();

  // How many bytes may be read for this pipe now; 0: none.
  size_t Room(const RelayPipe& pipe, RelayTime now) const;
  // When Room may be more than now, for a line whose bandwidth is used up.
  std::optional<RelayTime> RoomAt() const;
  // Takes what was read. False: the connection is to be reset here.
  bool Take(RelayPipe* pipe, std::string bytes, RelayTime now);

 private:
  LineFaults faults_;
  RelayTime busy_until_{};  // the bytes taken so far are sent by then
  uint64_t taken_ = 0;
  std::optional<uint64_t> flip_at_;
  std::optional<uint64_t> reset_at_;
  std::minstd_rand random_{1};
};

}  // namespace srdf::test
