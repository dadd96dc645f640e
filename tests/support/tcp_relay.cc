#include "support/tcp_relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "support/relay_line.h"

namespace srdf::test {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kBufferBytes =
    64 << 10;  // of a socket: what a held-back sender can have sent; doubled by the kernel
constexpr milliseconds kLookEvery{1000};

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

// -1 when the port cannot be had.
int Listen(uint16_t port) {
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

// The peer gets a reset.
void Abort(int fd) {
  if (fd < 0) return;
  const linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
}

struct Connection {
  std::array<int, 2> fd{-1, -1};  // client, server
  std::array<bool, 2> dead{};     // that end has broken, and a black hole keeps it from the other
  std::array<RelayPipe, 2> pipe;  // by RelayWay
  bool connecting = false;
  bool over = false;
};

}  // namespace

class TcpRelay::Impl {
 public:
  Impl(int listener, uint16_t port, uint16_t server_port)
      : port_(port),
        wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        listener_(listener),
        server_port_(server_port) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
  ~Impl() {
    thread_.request_stop();
    Wake();
    thread_.join();
    for (Connection& connection : connections_) Reset(&connection);
    if (listener_ >= 0) close(listener_);
    close(wake_);
  }

  template <typename Change>
  void Do(Change change) {
    std::lock_guard lock(mu_);
    change();
    Wake();
  }

  void SetFaults(RelayWay way, const LineFaults& faults) {
    line(way).SetFaults(faults);
    if (faults.hole == BlackHole::kNone) CloseHole();
  }
  void SetCut(bool cut) {
    cut_ = cut;
    if (!cut) return;
    if (listener_ >= 0) close(listener_);
    listener_ = -1;
    for (Connection& connection : connections_) Reset(&connection);
  }
  void SetFlap(milliseconds up, milliseconds down) {
    flap_up_ = up;
    flap_down_ = down;
    flap_at_ = up.count() == 0 ? RelayTime::max() : Clock::now() + up;
  }
  // Connections whose end the hole kept back, or that have a gap.
  void CloseHole() {
    for (Connection& connection : connections_) {
      for (const size_t way : {0, 1}) {
        if (!HasHole(way) && (connection.pipe[way].lost || connection.dead[way])) Reset(&connection);
      }
    }
  }

  RelayLine& line(RelayWay way) { return lines_[static_cast<size_t>(way)]; }

  const uint16_t port_;
  const int wake_;
  mutable std::mutex mu_;
  // guarded by mu_
  int listener_;
  uint16_t server_port_;
  std::array<RelayLine, 2> lines_;
  std::array<uint64_t, 2> bytes_{};
  uint64_t accepted_ = 0;
  uint64_t resets_ = 0;
  bool cut_ = false;

 private:
  void Wake() const {
    const uint64_t one = 1;
    (void)!write(wake_, &one, sizeof(one));
  }
  bool HasHole(size_t way) const { return lines_[way].faults().hole != BlackHole::kNone; }

  void Reset(Connection* connection) {
    if (connection->over) return;
    for (int& fd : connection->fd) {
      Abort(fd);
      fd = -1;
    }
    connection->over = true;
    ++resets_;
  }

  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      connections_.emplace_back().fd[0] = fd;
      ++accepted_;
    }
  }

  void Connect(Connection* connection) {
    const int fd = NewSocket();
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(connection->fd[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
    const sockaddr_in address = LocalAddress(server_port_);
    connection->fd[1] = fd;
    connection->connecting = true;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
        errno != EINPROGRESS)
      Reset(connection);
  }

  // One end of a connection has broken.
  void Broken(Connection* connection, size_t end) {
    // What comes from this end travels on the line of the same number.
    if (!HasHole(end)) return Reset(connection);
    connection->dead[end] = true;
  }

  void Read(Connection* connection, size_t way, RelayTime now) {
    RelayPipe& pipe = connection->pipe[way];
    const size_t room = lines_[way].Room(pipe, now);
    if (room == 0 || pipe.ended || connection->dead[way]) return;
    std::string bytes(room, '\0');
    const ssize_t n = read(connection->fd[way], bytes.data(), bytes.size());
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) Broken(connection, way);
      return;
    }
    if (n == 0) {
      pipe.ended = true;
      return;
    }
    bytes.resize(static_cast<size_t>(n));
    if (!lines_[way].Take(&pipe, std::move(bytes), now)) {
      // What came before the byte is still to arrive.
      while (!pipe.empty() && Write(connection, way, RelayTime::max())) {
      }
      Reset(connection);
    }
  }

  // True when something was handed on.
  bool Write(Connection* connection, size_t way, RelayTime now) {
    RelayPipe& pipe = connection->pipe[way];
    const std::string_view bytes = pipe.Arrived(now);
    if (bytes.empty() || connection->dead[1 - way]) return false;
    const ssize_t n = send(connection->fd[1 - way], bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) Broken(connection, 1 - way);
      return false;
    }
    bytes_[way] += static_cast<uint64_t>(n);
    pipe.HandedOn(static_cast<size_t>(n));
    return n > 0;
  }

  void Work(Connection* connection, const std::array<short, 2>& seen, RelayTime now) {
    if (connection->connecting && (seen[1] & (POLLOUT | POLLERR | POLLHUP)) != 0) {
      int error = 0;
      socklen_t size = sizeof(error);
      getsockopt(connection->fd[1], SOL_SOCKET, SO_ERROR, &error, &size);
      connection->connecting = false;
      if (error != 0) return Reset(connection);
    }
    for (const size_t way : {0, 1}) {
      if (connection->over || connection->connecting) return;
      if ((seen[way] & (POLLIN | POLLHUP)) != 0) Read(connection, way, now);
      if (connection->over) return;
      if ((seen[way] & POLLERR) != 0) Broken(connection, way);
      if (connection->over) return;
      while (!connection->over && Write(connection, way, now)) {
      }
      RelayPipe& pipe = connection->pipe[way];
      if (!connection->over && pipe.ended && pipe.empty() && !pipe.end_passed && !HasHole(way)) {
        shutdown(connection->fd[1 - way], SHUT_WR);
        pipe.end_passed = true;
      }
    }
    if (!connection->over && connection->pipe[0].end_passed && connection->pipe[1].end_passed) {
      for (int& fd : connection->fd) {
        close(fd);
        fd = -1;
      }
      connection->over = true;
    }
  }

  // What to wait for on both ends of a connection, and until when at most.
  void Plan(const Connection& connection, RelayTime now, std::array<short, 2>* events,
            RelayTime* until) const {
    for (const size_t way : {0, 1}) {
      const RelayPipe& pipe = connection.pipe[way];
      if (connection.fd[1] < 0 || connection.connecting) continue;
      if (!pipe.ended && !connection.dead[way]) {
        if (lines_[way].Room(pipe, now) != 0) {
          (*events)[way] |= POLLIN;
        } else if (const auto at = lines_[way].RoomAt()) {
          *until = std::min(*until, std::max(*at, now + milliseconds(1)));
        }
      }
      if (const auto next = pipe.next(); next && !connection.dead[1 - way]) {
        if (*next <= now) {
          (*events)[1 - way] |= POLLOUT;
        } else {
          *until = std::min(*until, *next);
        }
      }
    }
    if (connection.connecting) (*events)[1] |= POLLOUT;
  }

  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mu_);
    while (!stop.stop_requested()) {
      RelayTime now = Clock::now();
      if (now >= flap_at_) {
        SetCut(!cut_);
        flap_at_ = now + (cut_ ? flap_down_ : flap_up_);
      }
      if (!cut_ && listener_ < 0) listener_ = Listen(port_);
      connections_.remove_if([](const Connection& connection) { return connection.over; });

      RelayTime until = std::min(now + kLookEvery, flap_at_);
      std::vector<pollfd> fds = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (Connection& connection : connections_) {
        // Behind a hole no answer comes back, not even that of the handshake.
        const bool held = server_port_ == 0 || HasHole(0);
        if (connection.fd[1] < 0 && !held) Connect(&connection);
        std::array<short, 2> events{};
        Plan(connection, now, &events, &until);
        for (const size_t end : {0, 1}) {
          // A descriptor that is waited for in vain would report its end for ever.
          const bool wanted = events[end] != 0 && !connection.dead[end];
          fds.push_back({wanted ? connection.fd[end] : -1, events[end], 0});
        }
      }
      const auto wait = std::chrono::ceil<milliseconds>(until - now).count();
      lock.unlock();
      poll(fds.data(), fds.size(), static_cast<int>(std::max<int64_t>(0, wait)));
      lock.lock();

      uint64_t woken = 0;
      (void)!read(wake_, &woken, sizeof(woken));
      now = Clock::now();
      size_t at = 2;
      for (Connection& connection : connections_) {
        const std::array<short, 2> seen = {fds[at].revents, fds[at + 1].revents};
        at += 2;
        if (!connection.over) Work(&connection, seen, now);
      }
      if (listener_ >= 0 && (fds[1].revents & POLLIN) != 0) Accept();
    }
  }

  std::list<Connection> connections_;  // guarded by mu_; only Run adds and removes
  milliseconds flap_up_{0};
  milliseconds flap_down_{0};
  RelayTime flap_at_ = RelayTime::max();
  std::jthread thread_;
};

Result<std::unique_ptr<TcpRelay>> TcpRelay::Start(uint16_t server_port, uint16_t listen_port) {
  static std::atomic<unsigned> next{static_cast<unsigned>(getpid()) * 53u};
  for (int i = 0; i < 2000; ++i) {
    const auto port = listen_port != 0 ? listen_port : static_cast<uint16_t>(30000 + next++ % 2500);
    if (const int listener = Listen(port); listener >= 0) {
      return std::unique_ptr<TcpRelay>(new TcpRelay(std::make_unique<Impl>(listener, port, server_port)));
    }
    if (listen_port != 0) break;
  }
  return Status(StatusCode::kResourceExhausted, "the relay finds no port to listen at");
}

TcpRelay::TcpRelay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpRelay::~TcpRelay() = default;

uint16_t TcpRelay::port() const { return impl_->port_; }
void TcpRelay::SetServer(uint16_t port) {
  impl_->Do([&] { impl_->server_port_ = port; });
}
void TcpRelay::SetFaults(RelayWay way, const LineFaults& faults) {
  impl_->Do([&] { impl_->SetFaults(way, faults); });
}
void TcpRelay::Cut() {
  impl_->Do([&] { impl_->SetCut(true); });
}
void TcpRelay::Restore() {
  impl_->Do([&] {
    impl_->SetFlap({}, {});
    impl_->SetCut(false);
  });
}
void TcpRelay::Flap(milliseconds up, milliseconds down) {
  impl_->Do([&] { impl_->SetFlap(up, down); });
}
void TcpRelay::FlipByteAfter(RelayWay way, uint64_t bytes) {
  impl_->Do([&] { impl_->line(way).FlipByteAfter(bytes); });
}
void TcpRelay::ResetAfter(RelayWay way, uint64_t bytes) {
  impl_->Do([&] { impl_->line(way).ResetAfter(bytes); });
}
void TcpRelay::Heal() {
  impl_->Do([&] {
    for (RelayLine& line : impl_->lines_) line.Heal();
    impl_->SetFlap({}, {});
    impl_->SetCut(false);
    impl_->CloseHole();
  });
}
uint64_t TcpRelay::Bytes(RelayWay way) const {
  std::lock_guard lock(impl_->mu_);
  return impl_->bytes_[static_cast<size_t>(way)];
}
uint64_t TcpRelay::Connections() const {
  std::lock_guard lock(impl_->mu_);
  return impl_->accepted_;
}
uint64_t TcpRelay::Resets() const {
  std::lock_guard lock(impl_->mu_);
  return impl_->resets_;
}

}  // namespace srdf::test
