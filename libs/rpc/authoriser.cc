#include "rpc/authoriser.h"

#include <grpc/grpc_security_constants.h>

#include <algorithm>

#include "obs/log.h"
#include "rpc/flow_claim.h"
#include "rpc/policy.h"
#include "rpc/status_map.h"

namespace srdf::rpc {

namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr size_t kLoggedBytesMax = 200;

std::string_view ToView(grpc::string_ref text) { return {text.data(), text.size()}; }

std::string_view Find(const grpc::AuthMetadataProcessor::InputMetadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string_view() : ToView(found->second);
}

// What a stranger sent, for a log line.
std::string Loggable(std::string_view text) {
  std::string out(text.substr(0, kLoggedBytesMax));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

Authoriser::Verdict Refuse(grpc::StatusCode code, Refusal refusal, const std::string& what,
                           const std::string& remedy) {
  return {grpc::Status(code, WithRemedy(what, remedy)), refusal, std::nullopt};
}

}  // namespace

std::string_view RefusalName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoIdentity:
      return "no_identity";
    case Refusal::kOtherMesh:
      return "other_mesh";
    case Refusal::kUnknownMethod:
      return "unknown_method";
    case Refusal::kNotAllowed:
      return "not_allowed";
    case Refusal::kNoToken:
      return "no_token";
    case Refusal::kWrongToken:
      return "wrong_token";
    case Refusal::kTokenFile:
      return "token_file";
  }
  return "unknown";
}

Authoriser::Verdict Authoriser::Judge(const CallToJudge& call) const {
  constexpr auto kUnauthenticated = grpc::StatusCode::UNAUTHENTICATED;
  constexpr auto kDenied = grpc::StatusCode::PERMISSION_DENIED;
  const auto caller = pki::IdentityAmong(call.uris);
  if (!caller) {
    return Refuse(kUnauthenticated, Refusal::kNoIdentity,
                  "the caller's certificate does not name exactly one identity of a mesh",
                  "issue it with the URI srdf://" + mesh_ + "/service/NAME or …/role/NAME among its names");
  }
  const auto refuse = [&](grpc::StatusCode code, Refusal refusal, const std::string& what,
                          const std::string& remedy) {
    Verdict verdict = Refuse(code, refusal, what, remedy);
    verdict.caller = caller;
    return verdict;
  };
  if (caller->mesh != mesh_) {
    return refuse(kDenied, Refusal::kOtherMesh,
                  caller->ToUri() + " belongs to another mesh, this one is " + mesh_,
                  "use certificates of the mesh " + mesh_);
  }
  const std::string method(Loggable(call.method));
  const MethodRule* rule = FindRule(call.method);
  if (rule == nullptr) {
    return refuse(kDenied, Refusal::kUnknownMethod, "nobody may call " + method,
                  "use programs of one version on both ends");
  }
  if ((rule->callers & BitOf(*caller)) == 0) {
    return refuse(kDenied, Refusal::kNotAllowed, caller->ToUri() + " may not call " + method,
                  "it is for: " + CallersText(rule->callers));
  }
  if (!rule->needs_flow_token) return {grpc::Status::OK, std::nullopt, caller};

  const auto source = tokens_.find(std::string(call.flow));
  if (call.flow.empty() || call.authorization.substr(0, kBearer.size()) != kBearer) {
    return refuse(kUnauthenticated, Refusal::kNoToken, method + " needs the flow's name and token",
                  "set token_file of the flow at the caller's site");
  }
  const std::string flow = Loggable(call.flow);
  if (source == tokens_.end()) {
    return refuse(kUnauthenticated, Refusal::kWrongToken, "there is no flow " + flow + " here",
                  "configure the flow at both sites");
  }
  const auto good = source->second->Read();
  if (!good.ok()) {
    return refuse(kUnauthenticated, Refusal::kTokenFile, "at the server: " + good.status().message(),
                  good.status().remedy());
  }
  const std::string_view presented = call.authorization.substr(kBearer.size());
  bool matches = false;
  for (const std::string& token : *good) matches = pki::TokensMatch(presented, token) || matches;
  if (!matches) {
    return refuse(kUnauthenticated, Refusal::kWrongToken, "the token is not one of the flow " + flow,
                  "give both sites the same token_file for this flow");
  }
  return {grpc::Status::OK, std::nullopt, caller};
}

grpc::Status Authoriser::Process(const InputMetadata& metadata, grpc::AuthContext* context,
                                 OutputMetadata* consumed, OutputMetadata*) {
  CallToJudge call;
  call.method = Find(metadata, ":path");
  call.flow = Find(metadata, kFlowKey);
  call.authorization = Find(metadata, "authorization");
  for (const grpc::string_ref& uri : context->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
    call.uris.emplace_back(uri.data(), uri.size());
  const auto range = metadata.equal_range("authorization");
  for (auto it = range.first; it != range.second; ++it)
    consumed->emplace(std::string(it->first.data(), it->first.size()),
                      std::string(it->second.data(), it->second.size()));
  const Verdict verdict = Judge(call);
  if (!verdict.refusal) return verdict.status;
  obs::Warn("call_refused", {{"reason", RefusalName(*verdict.refusal)},
                             {"method", Loggable(call.method)},
                             {"caller", verdict.caller ? verdict.caller->ToUri() : "none"},
                             {"user", Loggable(Find(metadata, "srdf-user"))},
                             {"flow", Loggable(call.flow)},
                             {"error", verdict.status.error_message()}});
  if (on_refusal_) on_refusal_(*verdict.refusal);
  return verdict.status;
}

}  // namespace srdf::rpc
