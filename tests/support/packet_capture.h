// PacketCapture: what passes over the loopback interface, searched for texts that must not be there.
//
// A raw socket on `lo` (needs CAP_NET_RAW), read on a thread of its own. Of TCP over IPv4 the payloads to or
// from the given ports are searched, each direction of each connection as one stream, so that a text which is
// cut by packets is found too. Nothing is kept but counts and a stream's last bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/status.h"

namespace srdf::test {

class PacketCapture {
 public:
  // kPermissionDenied where this user may not capture.
  static Result<std::unique_ptr<PacketCapture>> Start(const std::vector<uint16_t>& ports,
                                                      const std::vector<std::string>& needles);
  ~PacketCapture();
  PacketCapture(const PacketCapture&) = delete;
  PacketCapture& operator=(const PacketCapture&) = delete;

  // Reads what has come by now, and ends.
  void Stop();

  // How often each text was seen; after Stop.
  const std::map<std::string, uint64_t>& seen() const { return seen_; }
  // Payload bytes to or from a port; after Stop.
  uint64_t bytes(uint16_t port) const;
  // Packets that the kernel had to drop, because this did not keep up; after Stop.
  uint64_t dropped() const { return dropped_; }

 private:
  PacketCapture(int fd, const std::vector<uint16_t>& ports, const std::vector<std::string>& needles);
  void Run();
  void TakePacket(std::string_view packet);

  const int fd_;
  const std::set<uint16_t> ports_;
  size_t needle_bytes_max_ = 0;
  // the thread's, until Stop
  std::map<std::string, uint64_t> seen_;
  std::map<uint16_t, uint64_t> bytes_;
  std::map<uint32_t, std::string> tails_;  // by source and destination port
  uint64_t dropped_ = 0;

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace srdf::test
