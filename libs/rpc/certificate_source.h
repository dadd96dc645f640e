// CertificateSource: the process's key, certificate and authorities, for all its channels and its server.
//
// gRPC reads the files again every second; what is renewed counts for connections made from then on.
//
// Why it is more than gRPC's provider: gRPC's distributor fills itself when its first watcher comes and is
// emptied when its last one goes (a watcher is one connection's security connector), and it does both in two
// steps, between which it holds no lock (gRPC 1.51,
// src/core/lib/security/credentials/tls/grpc_tls_certificate_distributor.cc, WatchTlsCertificates and
// CancelTlsCertificatesWatch). So
// - of connections that begin together, those that overtake the first one find no certificate: "Failed to
//   create security handshaker", and calls that do not wait fail;
// - a connection that begins while the last one ends can be told "nothing new" and then be forgotten. It and
//   all that follow it stay without a certificate for good.
// Hence one watcher of our own, which comes before all others and goes after them: that of a channel that
// leads nowhere. Between Open and the destructor there is neither a first nor a last one any more.
//
// Durability: none. Thread rules: any thread, once it is open. Must outlive the channels and the server.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/tls_certificate_provider.h>

#include <memory>

#include "base/status.h"
#include "pki/security_dir.h"

namespace srdf::rpc {

class CertificateSource {
 public:
  using Provider = std::shared_ptr<grpc::experimental::CertificateProviderInterface>;

  // Of the process called `name`. When it returns gRPC has read the files; what they hold has to be checked
  // before (pki::CheckPair). kUnavailable when gRPC does not get to it in time.
  static Result<std::unique_ptr<CertificateSource>> Open(const pki::SecurityDir& dir,
                                                         const std::string& name);
  CertificateSource(const CertificateSource&) = delete;
  CertificateSource& operator=(const CertificateSource&) = delete;

  const Provider& provider() const { return provider_; }

 private:
  CertificateSource(Provider provider, std::shared_ptr<grpc::Channel> watcher)
      : provider_(std::move(provider)), watcher_(std::move(watcher)) {}

  const Provider provider_;
  const std::shared_ptr<grpc::Channel> watcher_;
};

}  // namespace srdf::rpc
