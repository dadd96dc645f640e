// NetworkNamespaces: two hosts on one machine, joined by a cable whose packets can be dropped.
//
// Each host is a network namespace of its own (loopback and one end of a veth pair), and packets are dropped
// with iptables in the namespace that they arrive in: the kernel's real TCP meets a real loss, and nobody is
// told. The namespaces have no names: they are gone with the last process in them, however that ends.
//
// Needs root (CAP_NET_ADMIN, CAP_SYS_ADMIN), the programs ip and iptables, and veth in the kernel; Create
// says what is missing, for a test that is skipped then. namespaces(7), veth(4), iptables-extensions(8)
// "statistic".
//
// Thread rules: one thread. Inside moves the calling thread alone; what it starts meanwhile, threads and
// processes, is born in that namespace.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace srdf::test {

class NetworkNamespaces {
 public:
  enum class Host { kSource, kTarget };

  // kFailedPrecondition with the reason when this process may not, or a program is missing.
  static Result<std::unique_ptr<NetworkNamespaces>> Create();
  ~NetworkNamespaces();
  NetworkNamespaces(const NetworkNamespaces&) = delete;
  NetworkNamespaces& operator=(const NetworkNamespaces&) = delete;

  // The address of a host on the cable.
  static std::string AddressOf(Host host) { return host == Host::kSource ? "10.231.77.1" : "10.231.77.2"; }

  // The calling thread is on this host as long as the object lives.
  class Inside {
   public:
    Inside(const NetworkNamespaces& hosts, Host host);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    int before_;
  };

  // What arrives at this host from the cable from now on is lost: all of it, or so many per cent.
  Status Drop(Host at, unsigned percent = 100);
  // Nothing is lost any more.
  Status Open();

 private:
  NetworkNamespaces() = default;
  // Runs a command of the shell on a host; the error has what it said.
  Status Run(Host host, const std::string& command) const;
  Status Join();

  int fds_[2] = {-1, -1};  // by Host
};

}  // namespace srdf::test
