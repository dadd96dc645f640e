#include "support/relay_connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace srdf::test {

namespace {

using std::chrono::milliseconds;

// Of a socket: what a held-back sender can have sent; doubled by the kernel.
constexpr int kBufferBytes = 64 << 10;

sockaddr_in LocalAddress(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int NewSocket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return fd;
}

// The peer gets a reset.
void Abort(int fd) {
  if (fd < 0) return;
  const linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
}

}  // namespace

int ListenForRelay(uint16_t port) {
  const int fd = NewSocket();
  const sockaddr_in address = LocalAddress(port);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
  if (fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      listen(fd, 64) == 0) {
    return fd;
  }
  if (fd >= 0) close(fd);
  return -1;
}

void RelayConnection::Reset() {
  if (over_) return;
  for (int& fd : fds_) {
    Abort(fd);
    fd = -1;
  }
  over_ = true;
  ++counters_->resets;
}

void RelayConnection::CloseHole() {
  for (const size_t way : {0, 1}) {
    if (!HasHole(way) && (pipes_[way].lost || dead_[way])) Reset();
  }
}

void RelayConnection::Connect(uint16_t server_port) {
  const int fd = NewSocket();
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fds_[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
  const sockaddr_in address = LocalAddress(server_port);
  fds_[1] = fd;
  connecting_ = true;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno != EINPROGRESS)
    Reset();
}

void RelayConnection::Broken(size_t end) {
  // What comes from this end travels on the line of the same number.
  if (!HasHole(end)) return Reset();
  dead_[end] = true;
}

void RelayConnection::Read(size_t way, RelayTime now) {
  RelayPipe& pipe = pipes_[way];
  const size_t room = (*lines_)[way].Room(pipe, now);
  if (room == 0 || pipe.ended || dead_[way]) return;
  std::string bytes(room, '\0');
  const ssize_t n = read(fds_[way], bytes.data(), bytes.size());
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) Broken(way);
    return;
  }
  if (n == 0) {
    pipe.ended = true;
    return;
  }
  bytes.resize(static_cast<size_t>(n));
  if (!(*lines_)[way].Take(&pipe, std::move(bytes), now)) {
    // What came before the byte is still to arrive.
    while (!pipe.empty() && Write(way, RelayTime::max())) {
    }
    Reset();
  }
}

bool RelayConnection::Write(size_t way, RelayTime now) {
  RelayPipe& pipe = pipes_[way];
  const std::string_view bytes = pipe.Arrived(now);
  if (bytes.empty() || dead_[1 - way]) return false;
  const ssize_t n = send(fds_[1 - way], bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) Broken(1 - way);
    return false;
  }
  counters_->bytes[way] += static_cast<uint64_t>(n);
  pipe.HandedOn(static_cast<size_t>(n));
  return n > 0;
}

void RelayConnection::Work(const std::array<short, 2>& seen, RelayTime now) {
  if (connecting_ && (seen[1] & (POLLOUT | POLLERR | POLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fds_[1], SOL_SOCKET, SO_ERROR, &error, &size);
    connecting_ = false;
    if (error != 0) return Reset();
  }
  for (const size_t way : {0, 1}) {
    if (over_ || connecting_) return;
    if ((seen[way] & (POLLIN | POLLHUP)) != 0) Read(way, now);
    if (over_) return;
    if ((seen[way] & POLLERR) != 0) Broken(way);
    if (over_) return;
    while (!over_ && Write(way, now)) {
    }
    RelayPipe& pipe = pipes_[way];
    if (!over_ && pipe.ended && pipe.empty() && !pipe.end_passed && !HasHole(way)) {
      shutdown(fds_[1 - way], SHUT_WR);
      pipe.end_passed = true;
    }
  }
  if (!over_ && pipes_[0].end_passed && pipes_[1].end_passed) {
    for (int& fd : fds_) {
      close(fd);
      fd = -1;
    }
    over_ = true;
  }
}

void RelayConnection::Plan(RelayTime now, std::array<short, 2>* events, RelayTime* until) const {
  for (const size_t way : {0, 1}) {
    const RelayPipe& pipe = pipes_[way];
    if (fds_[1] < 0 || connecting_) continue;
    if (!pipe.ended && !dead_[way]) {
      if ((*lines_)[way].Room(pipe, now) != 0) {
        (*events)[way] |= POLLIN;
      } else if (const auto at = (*lines_)[way].RoomAt()) {
        *until = std::min(*until, std::max(*at, now + milliseconds(1)));
      }
    }
    if (const auto next = pipe.next(); next && !dead_[1 - way]) {
      if (*next <= now) {
        (*events)[1 - way] |= POLLOUT;
      } else {
        *until = std::min(*until, *next);
      }
    }
  }
  if (connecting_) (*events)[1] |= POLLOUT;
}

}  // namespace srdf::test
