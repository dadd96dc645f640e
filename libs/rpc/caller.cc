#include "rpc/caller.h"

#include <grpc/grpc_security_constants.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <vector>

#include "pki/identity.h"

namespace srdf::rpc {

namespace {

constexpr char kUserKey[] = "srdf-user";
constexpr size_t kNameBytesMax = 64;

// gRPC ends a call that sends anything else, and a log line must not be forged by a name.
std::string Printable(std::string_view text) {
  std::string out(text.substr(0, kNameBytesMax));
  for (char& c : out) {
    if (c <= ' ' || c > '~') c = '?';
  }
  return out;
}

std::string LoginName() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return Printable(found->pw_name);
  }
  return "uid-" + std::to_string(::getuid());
}

std::string ClaimedName(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find(kUserKey);
  if (found == context.client_metadata().end() || found->second.empty()) return "unknown";
  return Printable({found->second.data(), found->second.size()});
}

// "role operator", as the Authoriser saw it.
std::string ProvenName(const grpc::ServerContext& context) {
  std::vector<std::string> uris;
  if (const auto peer = context.auth_context(); peer != nullptr) {
    for (const grpc::string_ref& uri : peer->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
      uris.emplace_back(uri.data(), uri.size());
  }
  const auto identity = pki::IdentityAmong(uris);
  if (!identity) return "no certificate";
  return (identity->kind == pki::IdentityKind::kRole ? "role " : "service ") + identity->name;
}

}  // namespace

std::string CallerName(const grpc::ServerContext& context) {
  return ClaimedName(context) + " (" + ProvenName(context) + ")";
}

void TellCaller(grpc::ClientContext* context) {
  static const std::string login = LoginName();
  context->AddMetadata(kUserKey, login);
}

}  // namespace srdf::rpc
