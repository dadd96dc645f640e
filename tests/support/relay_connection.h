// RelayConnection: one connection through the relay: its two sockets and what is on its way between them.
//
// Driven by the relay's thread, under the relay's lock: Plan says what to wait for, Work does what has become
// possible. No call blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "support/relay_line.h"

namespace srdf::test {

struct RelayCounters {
  std::array<uint64_t, 2> bytes{};  // by RelayWay: handed on
  uint64_t accepted = 0;
  uint64_t resets = 0;
};

// A listener on 127.0.0.1 that does not block; -1 when the port cannot be had.
int ListenForRelay(uint16_t port);

class RelayConnection {
 public:
  // Takes the client's socket. `lines` and `counters` outlive it.
  RelayConnection(int client, std::array<RelayLine, 2>* lines, RelayCounters* counters)
      : fds_{client, -1}, lines_(lines), counters_(counters) {}

  int fd(size_t end) const { return fds_[end]; }  // 0: client, 1: server
  bool over() const { return over_; }
  bool reached() const { return fds_[1] >= 0; }  // the server, or it is being tried
  // That end has broken, and a black hole keeps it from the other one.
  bool dead(size_t end) const { return dead_[end]; }

  void Connect(uint16_t server_port);
  // Both peers get a reset.
  void Reset();
  // A hole may have been closed: resets a connection whose end it kept back, or that has a gap.
  void CloseHole();
  // The events of poll(2) to wait for at both ends, and until when at most.
  void Plan(RelayTime now, std::array<short, 2>* events, RelayTime* until) const;
  void Work(const std::array<short, 2>& seen, RelayTime now);

 private:
  bool HasHole(size_t way) const { return (*lines_)[way].faults().hole != BlackHole::kNone; }
  // That end has broken.
  void Broken(size_t end);
  void Read(size_t way, RelayTime now);
  // True when something was handed on.
  bool Write(size_t way, RelayTime now);

  std::array<int, 2> fds_;
  std::array<RelayLine, 2>* const lines_;
  RelayCounters* const counters_;
  std::array<bool, 2> dead_{};
  std::array<RelayPipe, 2> pipes_;  // by RelayWay
  bool connecting_ = false;
  bool over_ = false;
};

}  // namespace srdf::test
