// MeshWatch: asks every service of the mesh for its health, once a second, with the standard health protocol.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"

namespace srdf::rpc {
class Security;
}

namespace srdf::orchestrator {

enum class Health { kUnknown, kServing, kNotServing, kUnreachable };

struct ServiceHealth {
  std::string name;
  Health health = Health::kUnknown;
  int64_t since_ms = 0;
  int64_t last_polled_ms = 0;
  std::string error;
};

class MeshWatch {
 public:
  // name → address
  MeshWatch(const std::map<std::string, std::string>& services, const rpc::Security& security);
  ~MeshWatch() { Stop(); }
  void Start();
  void Stop();
  // Any thread.
  std::vector<ServiceHealth> Get() const;

 private:
  struct Peer {
    std::string name;
    std::shared_ptr<grpc::Channel> channel;
  };
  void PollAll();

  std::vector<Peer> peers_;
  WakeableWait wait_;
  mutable std::mutex mu_;
  std::map<std::string, ServiceHealth> health_;  // guarded by mu_
  std::jthread thread_;
};

}  // namespace srdf::orchestrator
