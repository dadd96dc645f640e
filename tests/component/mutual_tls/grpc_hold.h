// GrpcHold: stops one of gRPC's threads between the two locks that its certificate distributor takes when a
// connection's watcher comes or goes, for as long as the test likes. The scheduler does that by chance, in
// one of some hundred starts of a busy host.
//
// It stands in front of absl::Mutex::Unlock as gRPC calls it (dynamic symbols; Debian 12's libraries), and
// knows the place by the function that it returns to. A test whose place was never reached has to fail: then
// gRPC has changed, and with it the trap.
//
// Thread rules: one at a time in a process; its methods from one thread.
#pragma once

#include <chrono>
#include <string>

namespace srdf::rpc {

class GrpcHold {
 public:
  static constexpr char kWatcherComes[] = "WatchTlsCertificates";
  static constexpr char kWatcherGoes[] = "CancelTlsCertificatesWatch";

  // The next thread that comes by there is held, the others pass.
  explicit GrpcHold(std::string function);
  // Lets it go.
  ~GrpcHold();
  GrpcHold(const GrpcHold&) = delete;
  GrpcHold& operator=(const GrpcHold&) = delete;

  // Waits until a thread is held; false when none comes by in time.
  static bool WaitUntilHeld(std::chrono::seconds patience);
};

}  // namespace srdf::rpc
