#include "support/packet_capture.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace srdf::test {

namespace {

constexpr int kBufferBytes = 64 << 20;
constexpr int kLookEveryMs = 50;
constexpr size_t kPacketBytesMax = 256u << 10;

uint16_t Port(std::string_view packet, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(packet[at]) << 8 | static_cast<uint8_t>(packet[at + 1]));
}

}  // namespace

Result<std::unique_ptr<PacketCapture>> PacketCapture::Start(const std::vector<uint16_t>& ports,
                                                            const std::vector<std::string>& needles) {
  // Without the link's header: a packet begins with IP.
  const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
  if (fd < 0) return Status(StatusCode::kPermissionDenied, std::string("cannot capture: ") + strerror(errno));
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof(kBufferBytes)) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  address.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    const Status status(StatusCode::kPermissionDenied,
                        std::string("cannot capture on lo: ") + strerror(errno));
    close(fd);
    return status;
  }
  return std::unique_ptr<PacketCapture>(new PacketCapture(fd, ports, needles));
}

PacketCapture::PacketCapture(int fd, const std::vector<uint16_t>& ports,
                             const std::vector<std::string>& needles)
    : fd_(fd), ports_(ports.begin(), ports.end()) {
  for (const std::string& needle : needles) {
    seen_[needle] = 0;
    needle_bytes_max_ = std::max(needle_bytes_max_, needle.size());
  }
  thread_ = std::thread([this] { Run(); });
}

PacketCapture::~PacketCapture() {
  Stop();
  close(fd_);
}

void PacketCapture::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

uint64_t PacketCapture::bytes(uint16_t port) const {
  const auto it = bytes_.find(port);
  return it == bytes_.end() ? 0 : it->second;
}

void PacketCapture::Run() {
  std::string buffer(kPacketBytesMax, '\0');
  for (;;) {
    const bool stopping = stop_;  // before the look: what came until then is still read
    pollfd look = {fd_, POLLIN, 0};
    if (poll(&look, 1, stopping ? 0 : kLookEveryMs) <= 0) {
      if (stopping) break;
      continue;
    }
    sockaddr_ll from{};
    socklen_t from_bytes = sizeof(from);
    const ssize_t n =
        recvfrom(fd_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &from_bytes);
    // Over loopback each packet is seen twice, going and coming.
    if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING) continue;
    TakePacket(std::string_view(buffer).substr(0, static_cast<size_t>(n)));
  }
  tpacket_stats stats{};
  socklen_t stats_bytes = sizeof(stats);
  if (getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &stats, &stats_bytes) == 0) dropped_ = stats.tp_drops;
}

void PacketCapture::TakePacket(std::string_view packet) {
  if (packet.size() < 20 || (static_cast<uint8_t>(packet[0]) >> 4) != 4 || packet[9] != IPPROTO_TCP) return;
  packet.remove_prefix(std::min<size_t>(packet.size(), (static_cast<uint8_t>(packet[0]) & 15u) * 4u));
  if (packet.size() < 20) return;
  const uint16_t source = Port(packet, 0);
  const uint16_t destination = Port(packet, 2);
  if (ports_.count(source) == 0 && ports_.count(destination) == 0) return;
  packet.remove_prefix(std::min<size_t>(packet.size(), (static_cast<uint8_t>(packet[12]) >> 4) * 4u));
  bytes_[source] += packet.size();
  bytes_[destination] += packet.size();
  std::string& stream = tails_[static_cast<uint32_t>(source) << 16 | destination];
  const size_t tail = stream.size();
  stream.append(packet);
  for (auto& [needle, count] : seen_) {
    // Only what ends in this packet: what ended before was counted then.
    size_t at = tail < needle.size() ? 0 : tail - needle.size() + 1;
    for (; (at = stream.find(needle, at)) != std::string::npos; ++at) ++count;
  }
  if (stream.size() > needle_bytes_max_) stream.erase(0, stream.size() - needle_bytes_max_);
}

}  // namespace srdf::test
