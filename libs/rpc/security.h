// Security: what this process is in the mesh, as gRPC credentials for its server and its channels.
//
// Mode mtls: TLS 1.2 or later with certificates at both ends, verified against ca.crt. gRPC reads the files
// again every second, and what is renewed counts for connections made from then on; connections that exist go
// on. A client goes by the server's identity (srdf://MESH/service/NAME) and not by its host name: addresses
// may be forwarded, and a certificate that was stolen from one service cannot play another one.
// Mode insecure: plaintext, nobody is known, everything is allowed.
//
// Open checks the process's own files, so that a mistake there ends the start with its name and not with
// handshakes that fail. Watch goes on looking: what becomes unusable, changes, or nears its end is logged
// once, and shows in the status of calls that fail (see OwnCertificateTrouble).
//
// Durability: none. Thread rules: Open and Watch from one thread; the rest from any. Must outlive the
// channels and the server that use its credentials.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/backoff.h"
#include "base/status.h"
#include "config/config.h"
#include "pki/certificate_check.h"
#include "rpc/authoriser.h"
#include "rpc/certificate_source.h"

namespace srdf::rpc {

class Security {
 public:
  // `name`: one of the services, "operator" or "viewer". kFailedPrecondition when its files cannot be used.
  static Result<std::unique_ptr<Security>> Open(const config::Config& config, const std::string& name);
  ~Security();
  Security(const Security&) = delete;
  Security& operator=(const Security&) = delete;

  bool insecure() const { return certificates_ == nullptr; }
  const std::string& name() const { return name_; }

  // For channels to `service`. Whoever else answers at its address is not talked to.
  std::shared_ptr<grpc::ChannelCredentials> ChannelTo(const std::string& service) const;
  // For this process's server: callers need a certificate, and the policy decides about every call.
  std::shared_ptr<grpc::ServerCredentials> ForServer(std::function<void(Refusal)> on_refusal) const;
  // Has the call say which flow it is for, with the flow's token; before the call is started. The token never
  // travels in plaintext: without mutual TLS it is not sent.
  void ClaimFlow(grpc::ClientContext* context, const std::string& flow) const;

  // Starts to look after the process's certificate. `set_expiry_seconds` is told, every second, how long it
  // is good for still (negative: expired).
  void Watch(std::function<void(double)> set_expiry_seconds);

 private:
  Security(const config::Config& config, std::string name);
  void Look(std::function<void(double)>* set_expiry_seconds);

  const std::string mesh_;
  const std::string name_;
  const pki::SecurityDir dir_;
  Authoriser::Tokens tokens_;
  std::unique_ptr<CertificateSource> certificates_;  // none: insecure
  WakeableWait wait_;
  std::string seen_fingerprint_;  // of the watching thread
  std::string seen_problem_;      // of the watching thread
  bool expiry_was_told_ = false;  // of the watching thread
  std::jthread watcher_;
};

}  // namespace srdf::rpc
