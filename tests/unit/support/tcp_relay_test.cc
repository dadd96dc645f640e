#include "support/tcp_relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <thread>

namespace srdf::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

sockaddr_in Local(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// A socket that closes itself; reads wait for at most a deadline.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  static Socket To(uint16_t port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = Local(port);
    socket.connected = connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    return socket;
  }

  void Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // So many bytes, or fewer when the deadline passes or the connection ends.
  std::string Receive(size_t bytes, milliseconds wait = milliseconds(10000)) {
    const auto deadline = Clock::now() + wait;
    std::string out;
    while (out.size() < bytes) {
      pollfd ready = {fd_, POLLIN, 0};
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
      if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) break;
      std::string buffer(std::min<size_t>(bytes - out.size(), 64 << 10), '\0');
      const ssize_t n = read(fd_, buffer.data(), buffer.size());
      if (n <= 0) {
        ended = true;
        reset = n < 0 && errno == ECONNRESET;
        break;
      }
      out.append(buffer, 0, static_cast<size_t>(n));
    }
    return out;
  }
  void EndSending() const { shutdown(fd_, SHUT_WR); }
  int fd() const { return fd_; }

  bool connected = true;
  bool ended = false;
  bool reset = false;

 private:
  int fd_;
};

class Relay : public ::testing::Test {
 protected:
  Relay() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Local(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_.fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_.fd(), 8), 0);
    EXPECT_EQ(getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    auto relay = TcpRelay::Start(ntohs(address.sin_port));
    EXPECT_TRUE(relay.ok()) << relay.status().ToString();
    relay_ = std::move(relay).value();
  }
  Socket Accept() { return Socket(accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC)); }

  Socket listener_;
  std::unique_ptr<TcpRelay> relay_;
};

std::string Noise(size_t bytes) {
  std::minstd_rand random(7);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

TEST_F(Relay, BytesArriveIntactAndInOrderBothWaysAndSoDoesTheEnd) {
  Socket client = Socket::To(relay_->port());
  Socket server = Accept();
  const std::string up = Noise(3 << 20), down = Noise(2 << 20);
  std::thread sender([&] {
    client.Send(up);
    client.EndSending();
  });
  std::thread answerer([&] { server.Send(down); });
  std::string arrived;
  std::thread reader([&] { arrived = client.Receive(down.size()); });
  EXPECT_TRUE(server.Receive(up.size()) == up);
  EXPECT_EQ(server.Receive(1), "");
  EXPECT_TRUE(server.ended);
  EXPECT_FALSE(server.reset);
  for (std::thread* thread : {&sender, &answerer, &reader}) thread->join();
  EXPECT_TRUE(arrived == down);
  EXPECT_EQ(relay_->Bytes(RelayWay::kToServer), up.size());
  EXPECT_EQ(relay_->Bytes(RelayWay::kToClient), down.size());
}

TEST_F(Relay, TheDelayIsMeasuredOnTheRoundTrip) {
  relay_->SetFaults({.delay = milliseconds(100)});
  Socket client = Socket::To(relay_->port());
  const auto begin = Clock::now();
  client.Send("ping");
  Socket server = Accept();
  ASSERT_EQ(server.Receive(4), "ping");
  server.Send("pong");
  ASSERT_EQ(client.Receive(4), "pong");
  const auto round_trip = Clock::now() - begin;
  EXPECT_GE(round_trip, milliseconds(200));
  EXPECT_LT(round_trip, milliseconds(600));
}

TEST_F(Relay, TheBandwidthIsKept) {
  relay_->SetFaults(RelayWay::kToServer, {.bytes_per_second = 400000});
  Socket client = Socket::To(relay_->port());
  Socket server = Accept();
  const std::string bytes = Noise(400000);
  const auto begin = Clock::now();
  std::thread sender([&] { client.Send(bytes); });
  EXPECT_TRUE(server.Receive(bytes.size()) == bytes);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  sender.join();
  EXPECT_GE(seconds, 0.9);
  EXPECT_LT(seconds, 2);
}

TEST_F(Relay, ACutResetsWhatIsThereAndRefusesWhatComes) {
  Socket client = Socket::To(relay_->port());
  Socket server = Accept();
  client.Send("x");
  ASSERT_EQ(server.Receive(1), "x");
  relay_->Cut();
  EXPECT_EQ(client.Receive(1), "");
  EXPECT_TRUE(client.reset);
  EXPECT_EQ(server.Receive(1), "");
  EXPECT_TRUE(server.reset);
  EXPECT_FALSE(Socket::To(relay_->port()).connected);
  relay_->Restore();
  const auto deadline = Clock::now() + std::chrono::seconds(5);
  while (!Socket::To(relay_->port()).connected) ASSERT_LT(Clock::now(), deadline);
  EXPECT_EQ(relay_->Resets(), 1u);
}

TEST_F(Relay, ABlackHoleIsSilentAndAConnectionWithAGapIsResetWhenItCloses) {
  Socket client = Socket::To(relay_->port());
  Socket server = Accept();
  client.Send("x");
  ASSERT_EQ(server.Receive(1), "x");
  relay_->SetFaults(RelayWay::kToServer, {.hole = BlackHole::kSwallow});
  client.Send("gone");
  server.Send("y");
  EXPECT_EQ(client.Receive(1), "y");  // the other way is open
  EXPECT_EQ(server.Receive(1, milliseconds(200)), "");
  EXPECT_FALSE(server.ended);
  Socket late = Socket::To(relay_->port());
  EXPECT_TRUE(late.connected);
  late.Send("z");
  EXPECT_EQ(late.Receive(1, milliseconds(100)), "");
  EXPECT_FALSE(late.ended);
  relay_->Heal();
  EXPECT_EQ(server.Receive(1), "");
  EXPECT_TRUE(server.reset);
  EXPECT_EQ(Accept().Receive(1), "z");  // what had lost nothing goes on
}

TEST_F(Relay, AStalledConnectionGoesOnWithoutALoss) {
  Socket client = Socket::To(relay_->port());
  Socket server = Accept();
  relay_->SetFaults(RelayWay::kToServer, {.hole = BlackHole::kStall});
  client.Send("late");
  EXPECT_EQ(server.Receive(1, milliseconds(150)), "");
  relay_->Heal();
  EXPECT_EQ(server.Receive(4), "late");
}

TEST_F(Relay, AFlappingLineComesAndGoes) {
  relay_->Flap(milliseconds(30), milliseconds(30));
  int refused = 0, connected = 0;
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while ((refused < 20 || connected < 20) && Clock::now() < deadline) {
    (Socket::To(relay_->port()).connected ? connected : refused)++;
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_GE(refused, 20);
  EXPECT_GE(connected, 20);
}

TEST_F(Relay, ABitIsFlippedAndAConnectionCutAtTheByteThatWasAskedFor) {
  Socket client = Socket::To(relay_->port());
  Socket server = Accept();
  relay_->FlipByteAfter(RelayWay::kToServer, 1);
  relay_->ResetAfter(RelayWay::kToServer, 3);
  client.Send("abcdef");
  const std::string arrived = server.Receive(6);
  // A reset may overtake what the other end has not read yet; what was read is the beginning.
  EXPECT_EQ(arrived, (std::string("a") + static_cast<char>('b' ^ 0x10) + "c").substr(0, arrived.size()));
  EXPECT_TRUE(server.ended);
  EXPECT_EQ(relay_->Bytes(RelayWay::kToServer), 3u);
}

}  // namespace
}  // namespace srdf::test
