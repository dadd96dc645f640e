// PeerVerifier: whether the server at the other end is the service that is meant.
//
// TLS has verified already that its certificate chains to an authority of ca.crt and is valid today. Here the
// identity is compared; host names are not.
//
// Thread rules: called by gRPC on its own threads.
#pragma once

#include <grpcpp/security/tls_certificate_verifier.h>

#include <memory>

#include "pki/identity.h"

namespace srdf::rpc {

std::shared_ptr<grpc::experimental::CertificateVerifier> NewPeerVerifier(const pki::Identity& expected);

}  // namespace srdf::rpc
