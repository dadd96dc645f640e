#include "pki/identity.h"

#include <algorithm>

namespace srdf::pki {

namespace {

constexpr std::string_view kScheme = "srdf://";

// Cuts the text up to the next '/', and the slash, off `rest`.
std::string_view TakePart(std::string_view* rest) {
  const size_t slash = rest->find('/');
  const std::string_view part = rest->substr(0, slash);
  *rest = slash == std::string_view::npos ? std::string_view() : rest->substr(slash + 1);
  return part;
}

bool IsPart(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

std::string Identity::ToUri() const {
  return std::string(kScheme) + mesh + (kind == IdentityKind::kService ? "/service/" : "/role/") + name;
}

std::optional<Identity> ParseIdentity(std::string_view uri) {
  if (uri.substr(0, kScheme.size()) != kScheme || uri.back() == '/') return std::nullopt;
  std::string_view rest = uri.substr(kScheme.size());
  const std::string_view mesh = TakePart(&rest);
  const std::string_view kind = TakePart(&rest);
  if (!IsPart(mesh) || !IsPart(rest) || (kind != "service" && kind != "role")) return std::nullopt;
  return Identity{std::string(mesh), kind == "service" ? IdentityKind::kService : IdentityKind::kRole,
                  std::string(rest)};
}

std::optional<Identity> IdentityAmong(const std::vector<std::string>& uris) {
  std::optional<Identity> found;
  for (const std::string& uri : uris) {
    std::optional<Identity> identity = ParseIdentity(uri);
    if (!identity) continue;
    if (found) return std::nullopt;
    found = std::move(identity);
  }
  return found;
}

Identity IdentityNamed(const std::string& mesh, const std::string& name) {
  const bool is_role = name == kOperator || name == kViewer;
  return {mesh, is_role ? IdentityKind::kRole : IdentityKind::kService, name};
}

}  // namespace srdf::pki
