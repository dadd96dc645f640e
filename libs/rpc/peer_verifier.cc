#include "rpc/peer_verifier.h"

#include <string>
#include <vector>

namespace srdf::rpc {

namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

class PeerVerifier : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit PeerVerifier(pki::Identity expected) : expected_(std::move(expected)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    std::vector<std::string> uris;
    for (const grpc::string_ref& uri : request->uri_names()) uris.emplace_back(uri.data(), uri.size());
    const auto identity = pki::IdentityAmong(uris);
    if (!identity || *identity != expected_) {
      *sync_status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                  "the server's certificate is " +
                                      (identity ? "that of " + identity->ToUri() : "of no identity") +
                                      ", expected is " + expected_.ToUri());
    }
    return true;
  }
  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  const pki::Identity expected_;
};

}  // namespace

std::shared_ptr<grpc::experimental::CertificateVerifier> NewPeerVerifier(const pki::Identity& expected) {
  return grpc::experimental::ExternalCertificateVerifier::Create<PeerVerifier>(expected);
}

}  // namespace srdf::rpc
