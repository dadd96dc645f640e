#include "rpc/security.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>

#include "base/clock.h"
#include "obs/log.h"
#include "rpc/flow_claim.h"
#include "rpc/own_certificate.h"
#include "rpc/peer_verifier.h"
#include "rpc/status_map.h"

namespace srdf::rpc {

namespace {

namespace tls = grpc::experimental;

constexpr std::chrono::milliseconds kLookEvery{1000};

// Gives a call its flow's token, as the file has it then.
class TokenPlugin : public grpc::MetadataCredentialsPlugin {
 public:
  TokenPlugin(std::string flow, std::shared_ptr<pki::TokenSource> source)
      : flow_(std::move(flow)), source_(std::move(source)) {}

  // Reads a file.
  bool IsBlocking() const override { return true; }
  const char* GetType() const override { return "srdf-flow-token"; }
  grpc::string DebugString() override { return "token of flow " + flow_; }
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<grpc::string, grpc::string>* metadata) override {
    const auto tokens = source_->Read();
    if (!tokens.ok()) {
      return {grpc::StatusCode::UNAUTHENTICATED,
              WithRemedy("flow " + flow_ + ": " + tokens.status().message(), tokens.status().remedy())};
    }
    metadata->emplace("authorization", "Bearer " + tokens->front());
    return grpc::Status::OK;
  }

 private:
  const std::string flow_;
  const std::shared_ptr<pki::TokenSource> source_;
};

}  // namespace

Security::Security(const config::Config& config, std::string name)
    : mesh_(config.mesh), name_(std::move(name)), dir_(config.security_dir) {
  for (const config::FlowConfig& flow : config.flows)
    tokens_[flow.name] = std::make_shared<pki::TokenSource>(flow.token_file, flow.token_env);
}

Security::~Security() {
  if (!watcher_.joinable()) return;
  watcher_.request_stop();
  watcher_.join();
}

Result<std::unique_ptr<Security>> Security::Open(const config::Config& config, const std::string& name) {
  std::unique_ptr<Security> security(new Security(config, name));
  if (config.security_mode == "insecure") return security;
  const pki::PairCheck check = pki::CheckPair(security->dir_, config.mesh, name, WallClockMs());
  if (!check.problem.ok()) return check.problem;
  security->seen_fingerprint_ = check.certificate.fingerprint;
  auto certificates = CertificateSource::Open(security->dir_, name);
  if (!certificates.ok()) return certificates.status();
  security->certificates_ = std::move(*certificates);
  return security;
}

std::shared_ptr<grpc::ChannelCredentials> Security::ChannelTo(const std::string& service) const {
  if (insecure()) return grpc::InsecureChannelCredentials();
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(certificates_->provider());
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(NewPeerVerifier(pki::IdentityNamed(mesh_, service)));
  options.set_check_call_host(false);
  return tls::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> Security::ForServer(std::function<void(Refusal)> on_refusal) const {
  if (insecure()) return grpc::InsecureServerCredentials();
  tls::TlsServerCredentialsOptions options(certificates_->provider());
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  const auto credentials = tls::TlsServerCredentials(options);
  credentials->SetAuthMetadataProcessor(std::make_shared<Authoriser>(mesh_, tokens_, std::move(on_refusal)));
  return credentials;
}

void Security::ClaimFlow(grpc::ClientContext* context, const std::string& flow) const {
  context->AddMetadata(kFlowKey, flow);
  const auto source = tokens_.find(flow);
  if (insecure() || source == tokens_.end()) return;
  context->set_credentials(
      grpc::MetadataCredentialsFromPlugin(std::make_unique<TokenPlugin>(flow, source->second)));
}

void Security::Watch(std::function<void(double)> set_expiry_seconds) {
  if (insecure()) return;
  watcher_ = std::jthread([this, set = std::move(set_expiry_seconds)](const std::stop_token& stop) mutable {
    while (!stop.stop_requested()) {
      Look(&set);
      wait_.WaitFor(stop, kLookEvery);
    }
  });
}

void Security::Look(std::function<void(double)>* set_expiry_seconds) {
  const int64_t now_ms = WallClockMs();
  const pki::PairCheck check = pki::CheckPair(dir_, mesh_, name_, now_ms);
  const int64_t left_ms = check.certificate.not_after_ms - now_ms;
  if (*set_expiry_seconds && check.certificate.not_after_ms != 0)
    (*set_expiry_seconds)(static_cast<double>(left_ms) / 1000);
  SetOwnCertificateTrouble(check.problem);
  if (!check.problem.ok()) {
    if (seen_problem_ != check.problem.message())
      obs::Error("certificate_unusable", {{"file", check.file}, {"error", check.problem}});
    seen_problem_ = check.problem.message();
    return;
  }
  if (!seen_problem_.empty() || seen_fingerprint_ != check.certificate.fingerprint) {
    expiry_was_told_ = false;
    obs::Info("certificate_loaded", {{"file", check.file},
                                     {"not_after", pki::TimeText(check.certificate.not_after_ms)},
                                     {"fingerprint", check.certificate.fingerprint}});
  }
  seen_problem_.clear();
  seen_fingerprint_ = check.certificate.fingerprint;
  if (left_ms < pki::kExpiryWarningMs && !expiry_was_told_) {
    expiry_was_told_ = true;
    obs::Warn("certificate_ends_soon",
              {{"file", check.file}, {"not_after", pki::TimeText(check.certificate.not_after_ms)}});
  }
}

}  // namespace srdf::rpc
