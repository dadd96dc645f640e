#include "rpc/caller.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <string_view>

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

}  // namespace

std::string CallerName(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find(kUserKey);
  if (found == context.client_metadata().end() || found->second.empty()) return "unknown";
  return Printable({found->second.data(), found->second.size()});
}

void TellCaller(grpc::ClientContext* context) {
  static const std::string login = LoginName();
  context->AddMetadata(kUserKey, login);
}

}  // namespace srdf::rpc
