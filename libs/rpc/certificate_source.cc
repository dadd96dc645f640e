#include "rpc/certificate_source.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <chrono>
#include <climits>
#include <string>

namespace srdf::rpc {

namespace {

namespace tls = grpc::experimental;

constexpr unsigned kRefreshSeconds = 1;
constexpr std::chrono::seconds kPatience{10};

// No socket can ever be there: to connect fails at once, on this host, without a packet.
constexpr char kNowhere[] = "unix:/dev/null/srdf";
// gRPC keeps what belongs to the channel until its next attempt would be due, also when the channel has gone.
constexpr int kReconnectMs = 1000;

std::shared_ptr<grpc::Channel> ChannelToNowhere(const CertificateSource::Provider& provider) {
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  grpc::ChannelArguments args;
  // Nobody else's connection, and never given up for being idle: with it the watcher would go.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, INT_MAX);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(kNowhere, tls::TlsCredentials(options), args);
}

}  // namespace

Result<std::unique_ptr<CertificateSource>> CertificateSource::Open(const pki::SecurityDir& dir,
                                                                   const std::string& name) {
  const Provider provider = std::make_shared<tls::FileWatcherCertificateProvider>(
      dir.key(name), dir.certificate(name), dir.authority(), kRefreshSeconds);
  const std::shared_ptr<grpc::Channel> watcher = ChannelToNowhere(provider);
  // Only once the attempt to connect has failed is the watcher sure to be there.
  const auto deadline = std::chrono::system_clock::now() + kPatience;
  for (auto state = watcher->GetState(true); state != GRPC_CHANNEL_TRANSIENT_FAILURE;
       state = watcher->GetState(true)) {
    if (!watcher->WaitForStateChange(state, deadline)) {
      return Status(StatusCode::kUnavailable,
                    "gRPC did not take in the certificate " + dir.certificate(name) + " within " +
                        std::to_string(kPatience.count()) + " s",
                    "try again when this host is less busy");
    }
  }
  return std::unique_ptr<CertificateSource>(new CertificateSource(provider, watcher));
}

}  // namespace srdf::rpc
