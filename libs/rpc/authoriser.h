// Authoriser: the one place where a server decides whether a call may be made.
//
// gRPC hands it every call before a handler sees it, with the verified identity of the connection's
// certificate and the call's metadata. It checks, in this order: the certificate names one identity of this
// mesh; the method is in the policy and lists the identity; a flow's method brings the flow's name and one of
// its tokens. What is refused is logged (`call_refused`), counted, and answered with PERMISSION_DENIED or
// UNAUTHENTICATED and a remedy. The token is taken out of the metadata and is part of no message.
//
// That a stream speaks of the flow it has the token of is checked where the stream's first message is read:
// CheckFlowClaim in rpc/flow_claim.h.
//
// Durability: none. Thread rules: called by gRPC on its own threads, several at a time.
#pragma once

#include <grpcpp/security/auth_metadata_processor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "pki/identity.h"
#include "pki/token.h"

namespace srdf::rpc {

enum class Refusal {
  kNoIdentity,
  kOtherMesh,
  kUnknownMethod,
  kNotAllowed,
  kNoToken,
  kWrongToken,
  kTokenFile
};
std::string_view RefusalName(Refusal refusal);  // "no_identity", … : label of the metric

struct CallToJudge {
  std::string_view method;
  std::vector<std::string> uris;  // of the peer's certificate
  std::string_view flow;          // srdf-flow
  std::string_view authorization;
};

class Authoriser : public grpc::AuthMetadataProcessor {
 public:
  using Tokens = std::map<std::string, std::shared_ptr<pki::TokenSource>>;  // by flow
  // `on_refusal` is told the reason of every refusal, from any thread; may be empty.
  Authoriser(std::string mesh, Tokens tokens, std::function<void(Refusal)> on_refusal)
      : mesh_(std::move(mesh)), tokens_(std::move(tokens)), on_refusal_(std::move(on_refusal)) {}

  struct Verdict {
    grpc::Status status;
    std::optional<Refusal> refusal;  // nothing: the call may be made
    std::optional<pki::Identity> caller;
  };
  // The decision alone.
  Verdict Judge(const CallToJudge& call) const;

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata* consumed,
                       OutputMetadata* response) override;

 private:
  const std::string mesh_;
  const Tokens tokens_;
  const std::function<void(Refusal)> on_refusal_;
};

}  // namespace srdf::rpc
