#include "orchestrator/mesh_watch.h"

#include <chrono>

#include "base/clock.h"
#include "obs/log.h"
#include "rpc/channel.h"
#include "rpc/health_check.h"
#include "rpc/security.h"

namespace srdf::orchestrator {

namespace {

constexpr std::chrono::milliseconds kPollEvery{1000};
constexpr std::chrono::milliseconds kPollTimeout{2000};

const char* Name(Health health) {
  switch (health) {
    case Health::kUnknown:
      return "unknown";
    case Health::kServing:
      return "serving";
    case Health::kNotServing:
      return "not_serving";
    case Health::kUnreachable:
      return "unreachable";
  }
  return "unknown";
}

}  // namespace

MeshWatch::MeshWatch(const std::map<std::string, std::string>& services, const rpc::Security& security) {
  for (const auto& [name, address] : services) {
    peers_.push_back({name, rpc::NewChannel(address, security.ChannelTo(name))});
    health_[name].name = name;
  }
}

void MeshWatch::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      PollAll();
      wait_.WaitFor(stop, kPollEvery);
    }
  });
}

void MeshWatch::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void MeshWatch::PollAll() {
  for (const Peer& peer : peers_) {
    const auto serving = rpc::CheckHealth(peer.channel, kPollTimeout);
    const Health now = !serving.ok() ? Health::kUnreachable
                       : *serving    ? Health::kServing
                                     : Health::kNotServing;
    std::lock_guard lock(mu_);
    ServiceHealth& entry = health_[peer.name];
    entry.last_polled_ms = WallClockMs();
    entry.error = serving.ok() ? "" : serving.status().message();
    if (entry.health == now) continue;
    obs::Log(now == Health::kServing ? obs::Level::kInfo : obs::Level::kWarn, "service_health",
             {{"name", peer.name}, {"from", Name(entry.health)}, {"to", Name(now)}});
    entry.health = now;
    entry.since_ms = entry.last_polled_ms;
  }
}

std::vector<ServiceHealth> MeshWatch::Get() const {
  std::lock_guard lock(mu_);
  std::vector<ServiceHealth> all;
  for (const auto& [name, entry] : health_) all.push_back(entry);
  return all;
}

}  // namespace srdf::orchestrator
