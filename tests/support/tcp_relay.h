// TcpRelay: a line between two sites that misbehaves on demand.
//
// It listens on a port of 127.0.0.1, connects each connection on to a server, and carries bytes both ways as
// a line would that has the faults it is told of. Faults are per direction, hold for all connections together
// (one line), and may be changed at any moment:
//
//   delay, jitter      every byte arrives so much later; order is kept
//   bandwidth          bytes per second; the sender is held back by TCP's own window (at most 128 KiB wait)
//   black hole         kSwallow: bytes are taken and go nowhere, as behind a firewall that forgot the
//   connection;
//                      kStall: nothing is taken. The connection stays; neither end is told of the other's
//                      end; a new connection is accepted and gets no answer. When the hole is closed, a
//                      connection that lost bytes is reset (TCP never delivers a stream with a gap), the
//                      others go on.
//   cut                the port is closed and every connection reset, until Restore
//   flap               cut and restored again and again
//   flipped byte       one bit of the n-th byte from now
//   reset              the connection that carries the n-th byte from now is reset just before that byte
//
// Bytes() counts what was handed on to the other end. All methods may be called from any thread; what they
// say holds for bytes that are read from then on. One thread of its own does the work.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace srdf::test {

enum class RelayWay { kToServer, kToClient };

enum class BlackHole { kNone, kSwallow, kStall };

struct LineFaults {
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds jitter{0};  // up to so much is added
  uint64_t bytes_per_second = 0;        // 0: no limit
  BlackHole hole = BlackHole::kNone;
};

class TcpRelay {
 public:
  // Listens at once, on a port outside the range of outgoing connections so that it can be had again after a
  // cut. The server may be named later: connections wait for it.
  static Result<std::unique_ptr<TcpRelay>> Start(uint16_t server_port = 0, uint16_t listen_port = 0);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  uint16_t port() const;
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  void SetServer(uint16_t port);

  void SetFaults(RelayWay way, const LineFaults& faults);
  void SetFaults(const LineFaults& faults) {
    SetFaults(RelayWay::kToServer, faults);
    SetFaults(RelayWay::kToClient, faults);
  }
  void Cut();
  // Ends a cut and a flapping.
  void Restore();
  void Flap(std::chrono::milliseconds up, std::chrono::milliseconds down);
  void FlipByteAfter(RelayWay way, uint64_t bytes);
  void ResetAfter(RelayWay way, uint64_t bytes);
  // No fault any more.
  void Heal();

  uint64_t Bytes(RelayWay way) const;
  uint64_t Connections() const;  // accepted, ever
  uint64_t Resets() const;       // of connections, by the relay

 private:
  class Impl;
  explicit TcpRelay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace srdf::test
