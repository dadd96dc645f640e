// srdf-tcp-relay: the fault-injecting relay of the tests, for trying things by hand.
//
//   srdf-tcp-relay SERVER_PORT [LISTEN_PORT]
//
// prints the port it listens at and reads commands from standard input, one per line:
//
//   delay MS | rate BYTES_PER_SECOND | hole to-server|to-client|both | cut | flap UP_MS DOWN_MS |
//   flip to-server|to-client BYTES | reset to-server|to-client BYTES | heal | stats
//
// delay and rate hold for both directions. It ends with the end of its input.
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "support/tcp_relay.h"

namespace srdf::test {
namespace {

class Shell {
 public:
  explicit Shell(TcpRelay* relay) : relay_(relay) {}

  // False for a line that is no command.
  bool Run(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "delay")
      return Number(&words, [&](uint64_t n) { faults_.delay = std::chrono::milliseconds(n); });
    if (verb == "rate") return Number(&words, [&](uint64_t n) { faults_.bytes_per_second = n; });
    if (verb == "hole") return Hole(&words);
    if (verb == "flip" || verb == "reset") return Byte(verb, &words);
    if (verb == "flap") {
      uint64_t up = 0, down = 0;
      if (!(words >> up >> down)) return false;
      relay_->Flap(std::chrono::milliseconds(up), std::chrono::milliseconds(down));
    } else if (verb == "cut") {
      relay_->Cut();
    } else if (verb == "heal") {
      faults_ = {};
      relay_->Heal();
    } else if (verb == "stats") {
      std::cout << "to server " << relay_->Bytes(RelayWay::kToServer) << " bytes, to client "
                << relay_->Bytes(RelayWay::kToClient) << " bytes, " << relay_->Connections()
                << " connections, " << relay_->Resets() << " reset" << std::endl;
    } else {
      return false;
    }
    return true;
  }

 private:
  template <typename Set>
  bool Number(std::istringstream* words, Set set) {
    uint64_t number = 0;
    if (!(*words >> number)) return false;
    set(number);
    relay_->SetFaults(faults_);
    return true;
  }
  bool Hole(std::istringstream* words) {
    std::string way;
    *words >> way;
    if (way != "to-server" && way != "to-client" && way != "both") return false;
    LineFaults with_hole = faults_;
    with_hole.hole = BlackHole::kSwallow;
    if (way != "to-client") relay_->SetFaults(RelayWay::kToServer, with_hole);
    if (way != "to-server") relay_->SetFaults(RelayWay::kToClient, with_hole);
    return true;
  }
  bool Byte(const std::string& verb, std::istringstream* words) {
    std::string text;
    uint64_t bytes = 0;
    if (!(*words >> text >> bytes) || (text != "to-server" && text != "to-client")) return false;
    const RelayWay way = text == "to-server" ? RelayWay::kToServer : RelayWay::kToClient;
    verb == "flip" ? relay_->FlipByteAfter(way, bytes) : relay_->ResetAfter(way, bytes);
    return true;
  }

  TcpRelay* const relay_;
  LineFaults faults_;
};

int Main(int argc, char** argv) {
  const auto port = [&](int at) { return at < argc ? std::strtoul(argv[at], nullptr, 10) : 0; };
  if (argc < 2 || argc > 3 || port(1) == 0 || port(1) > 65535 || port(2) > 65535) {
    std::cerr << "usage: srdf-tcp-relay SERVER_PORT [LISTEN_PORT], both on 127.0.0.1" << std::endl;
    return 2;
  }
  const auto relay = TcpRelay::Start(static_cast<uint16_t>(port(1)), static_cast<uint16_t>(port(2)));
  if (!relay.ok()) {
    std::cerr << relay.status().ToString() << std::endl;
    return 1;
  }
  std::cout << (*relay)->port() << std::endl;
  Shell shell(relay->get());
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty() && !shell.Run(line)) {
      std::cerr << "no command: " << line << " (delay, rate, hole, cut, flap, flip, reset, heal, stats)"
                << std::endl;
    }
  }
  return 0;
}

}  // namespace
}  // namespace srdf::test

int main(int argc, char** argv) { return srdf::test::Main(argc, argv); }
