#include "support/tcp_relay.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "support/relay_connection.h"

namespace srdf::test {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLookEvery{1000};

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
    for (RelayConnection& connection : connections_) connection.Reset();
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
    if (listener_ >= 0) {
      // The relay's thread may be waiting for it, and the kernel keeps what is waited for open.
      shutdown(listener_, SHUT_RDWR);
      close(listener_);
    }
    listener_ = -1;
    for (RelayConnection& connection : connections_) connection.Reset();
  }
  void SetFlap(milliseconds up, milliseconds down) {
    flap_up_ = up;
    flap_down_ = down;
    flap_at_ = up.count() == 0 ? RelayTime::max() : Clock::now() + up;
  }
  void CloseHole() {
    for (RelayConnection& connection : connections_) connection.CloseHole();
  }

  RelayLine& line(RelayWay way) { return lines_[static_cast<size_t>(way)]; }

  const uint16_t port_;
  const int wake_;
  mutable std::mutex mu_;
  // guarded by mu_
  int listener_;
  uint16_t server_port_;
  std::array<RelayLine, 2> lines_;
  RelayCounters counters_;
  bool cut_ = false;

 private:
  void Wake() const {
    const uint64_t one = 1;
    (void)!write(wake_, &one, sizeof(one));
  }
  bool HasHole(size_t way) const { return lines_[way].faults().hole != BlackHole::kNone; }

  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      connections_.emplace_back(fd, &lines_, &counters_);
      ++counters_.accepted;
    }
  }

  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mu_);
    while (!stop.stop_requested()) {
      RelayTime now = Clock::now();
      if (now >= flap_at_) {
        SetCut(!cut_);
        flap_at_ = now + (cut_ ? flap_down_ : flap_up_);
      }
      if (!cut_ && listener_ < 0) listener_ = ListenForRelay(port_);
      connections_.remove_if([](const RelayConnection& connection) { return connection.over(); });

      RelayTime until = std::min(now + kLookEvery, flap_at_);
      std::vector<pollfd> fds = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (RelayConnection& connection : connections_) {
        // Behind a hole no answer comes back, not even that of the handshake.
        const bool held = server_port_ == 0 || HasHole(0);
        if (!connection.reached() && !held) connection.Connect(server_port_);
        std::array<short, 2> events{};
        connection.Plan(now, &events, &until);
        for (const size_t end : {0, 1}) {
          // A descriptor that is waited for in vain would report its end for ever.
          const bool wanted = events[end] != 0 && !connection.dead(end);
          fds.push_back({wanted ? connection.fd(end) : -1, events[end], 0});
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
      for (RelayConnection& connection : connections_) {
        const std::array<short, 2> seen = {fds[at].revents, fds[at + 1].revents};
        at += 2;
        if (!connection.over()) connection.Work(seen, now);
      }
      if (listener_ >= 0 && (fds[1].revents & POLLIN) != 0) Accept();
    }
  }

  std::list<RelayConnection> connections_;  // guarded by mu_; only Run adds and removes
  milliseconds flap_up_{0};
  milliseconds flap_down_{0};
  RelayTime flap_at_ = RelayTime::max();
  std::jthread thread_;
};

Result<std::unique_ptr<TcpRelay>> TcpRelay::Start(uint16_t server_port, uint16_t listen_port) {
  static std::atomic<unsigned> next{static_cast<unsigned>(getpid()) * 53u};
  for (int i = 0; i < 2000; ++i) {
    const auto port = listen_port != 0 ? listen_port : static_cast<uint16_t>(30000 + next++ % 2500);
    if (const int listener = ListenForRelay(port); listener >= 0) {
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
  return impl_->counters_.bytes[static_cast<size_t>(way)];
}
uint64_t TcpRelay::Connections() const {
  std::lock_guard lock(impl_->mu_);
  return impl_->counters_.accepted;
}
uint64_t TcpRelay::Resets() const {
  std::lock_guard lock(impl_->mu_);
  return impl_->counters_.resets;
}

}  // namespace srdf::test
