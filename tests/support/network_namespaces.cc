#include "support/network_namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace srdf::test {

namespace {

constexpr const char* kSelf = "/proc/thread-self/ns/net";

Status Missing(const std::string& what) {
  return {StatusCode::kFailedPrecondition, what, "run as root, with iproute2 and iptables installed"};
}

}  // namespace

Result<std::unique_ptr<NetworkNamespaces>> NetworkNamespaces::Create() {
  if (std::system("command -v ip >/dev/null && command -v iptables >/dev/null") != 0) {
    return Missing("the programs ip and iptables are not installed");
  }
  std::unique_ptr<NetworkNamespaces> hosts(new NetworkNamespaces());
  const int before = open(kSelf, O_RDONLY | O_CLOEXEC);
  for (int& fd : hosts->fds_) {
    if (unshare(CLONE_NEWNET) != 0) {
      const std::string reason = std::strerror(errno);
      if (before >= 0) close(before);
      return Missing("no network namespace of its own: " + reason);
    }
    fd = open(kSelf, O_RDONLY | O_CLOEXEC);
  }
  const bool back = setns(before, CLONE_NEWNET) == 0;
  close(before);
  if (!back) return Missing("no way back from a network namespace");
  SRDF_RETURN_IF_ERROR(hosts->Join());
  return hosts;
}

NetworkNamespaces::~NetworkNamespaces() {
  for (const int fd : fds_) {
    if (fd >= 0) close(fd);
  }
}

Status NetworkNamespaces::Join() {
  const std::string target = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fds_[1]);
  SRDF_RETURN_IF_ERROR(Run(Host::kSource, "ip link add cable type veth peer name cable netns " + target));
  for (const Host host : {Host::kSource, Host::kTarget}) {
    SRDF_RETURN_IF_ERROR(Run(host, "ip link set lo up && ip address add " + AddressOf(host) +
                                       "/24 dev cable && ip link set cable up"));
    // Both chains, so that a kernel without the module is known before a test relies on it.
    SRDF_RETURN_IF_ERROR(Drop(host, 5));
  }
  return Open();
}

Status NetworkNamespaces::Run(Host host, const std::string& command) const {
  const Inside inside(*this, host);
  FILE* pipe = popen(("{ " + command + "; } 2>&1").c_str(), "re");
  if (pipe == nullptr) return Missing("cannot run " + command);
  std::string said;
  std::array<char, 512> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) said += buffer.data();
  if (pclose(pipe) != 0) return Missing(command + " failed: " + said);
  return {};
}

Status NetworkNamespaces::Drop(Host at, unsigned percent) {
  char probability[16];
  std::snprintf(probability, sizeof(probability), "0.%02u", percent);
  return Run(at,
             percent >= 100
                 ? "iptables -w -A INPUT -i cable -j DROP"
                 : std::string("iptables -w -A INPUT -i cable -m statistic --mode random --probability ") +
                       probability + " -j DROP");
}

Status NetworkNamespaces::Open() {
  SRDF_RETURN_IF_ERROR(Run(Host::kSource, "iptables -w -F INPUT"));
  return Run(Host::kTarget, "iptables -w -F INPUT");
}

NetworkNamespaces::Inside::Inside(const NetworkNamespaces& hosts, Host host)
    : before_(open(kSelf, O_RDONLY | O_CLOEXEC)) {
  if (before_ < 0 || setns(hosts.fds_[static_cast<size_t>(host)], CLONE_NEWNET) != 0) std::abort();
}

NetworkNamespaces::Inside::~Inside() {
  if (setns(before_, CLONE_NEWNET) != 0) std::abort();
  close(before_);
}

}  // namespace srdf::test
